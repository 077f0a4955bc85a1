"""Faults that are set at run time: what the driver says, and what it leaves behind."""

from __future__ import annotations

import time

import h5py
import pytest


def test_refused_arm_is_an_error_state(eiger):
    before = eiger.get("cam1:SequenceId")
    eiger.put("Sim:FailArm", 1)
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Failed to arm the detector")
    assert eiger.text("cam1:DetectorState_RBV") == "Error"
    assert eiger.text("cam1:Error_RBV") == "the detector refused to arm"
    assert eiger.get("cam1:SequenceId") == before
    eiger.put("Sim:FailArm", 0)
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Ready")
    assert eiger.text("cam1:Error_RBV") == ""


def test_driver_that_hangs_goes_on_when_it_is_let(eiger):
    eiger.put("Sim:Hang", 1)
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Processing files")
    time.sleep(0.5)  # nothing may happen in this time
    assert not done.done
    eiger.put("Sim:Hang", 0)
    done.wait()


def test_half_a_file_is_left(eiger, tmp_path):
    eiger.put("Sim:HalfFile", 2)
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:NumImages", 2)
    eiger.put("cam1:FWNImagesPerFile", 1)
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Ready")
    n = eiger.get("cam1:SequenceId")
    whole, half = (tmp_path / f"t_{n}_data_00000{k}.h5" for k in (1, 2))
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    with pytest.raises(OSError, match="truncated"):
        h5py.File(half)


def test_refused_path_does_not_exist(eiger, tmp_path):
    eiger.put("Sim:RefusePath", 1)
    eiger.put("cam1:FilePath", str(tmp_path))
    eiger.wait_for("cam1:FilePathExists_RBV", 0)
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Invalid file path")


def test_dropped_arrays_are_counted(eiger):
    eiger.put("Stats1:EnableCallbacks", 1)
    eiger.put("Sim:DropArrays", 2)
    dropped, counted = eiger.get("Stats1:DroppedArrays_RBV"), eiger.get("Stats1:ArrayCounter_RBV")
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:NumImages", 3)
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("Stats1:ArrayCounter_RBV", counted + 1)
    assert eiger.get("Stats1:DroppedArrays_RBV") == dropped + 2
    assert eiger.get("Sim:DropArrays") == 0


def test_18_failed_download_only_loses_the_file_with_another_source(eiger, tmp_path):
    eiger.put("Sim:FailDownload", 1)
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Ready")
    assert [path.name for path in tmp_path.iterdir()] == [f"t_{eiger.get('cam1:SequenceId')}_master.h5"]


def test_18_failed_download_hangs_for_ever_with_the_file_writer(eiger):
    # The last test of this module: the driver does not come back.
    eiger.put("Sim:FailDownload", 1)
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:DataSource", "FileWriter")
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Processing files")
    time.sleep(4)  # longer than any wait of the driver
    assert not done.done
    eiger.write("cam1:Acquire", 0)
    done.wait()
    assert eiger.get("cam1:StatusMessage_RBV") == "Processing files"
