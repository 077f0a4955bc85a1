"""Points 10 to 12 of how the real IOC behaves: stopping early."""

from __future__ import annotations

import time

import h5py
import pytest


def _begin_long(eiger, images=100, period=0.1, per_file=1000):
    eiger.put("cam1:NumImages", images)
    eiger.put("cam1:AcquireTime", period)
    eiger.put("cam1:AcquirePeriod", period)
    eiger.put("cam1:FWNImagesPerFile", per_file)
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:Armed", 1)
    return done


def test_10_stop_is_a_success_at_once(eiger):
    done = _begin_long(eiger)
    stopped = time.monotonic()
    eiger.write("cam1:Acquire", 0)
    assert done.wait() - stopped < 0.5
    assert eiger.text("cam1:DetectorState_RBV") == "Aborted"
    assert eiger.get("cam1:Acquire_RBV") == eiger.get("cam1:AcquireBusy") == 0


def test_10_stop_while_arming_ends_without_an_image(eiger):
    eiger.put("cam1:DataSource", "Stream")
    seen = eiger.watch("cam1:StatusMessage_RBV")
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait(lambda: "Arming" in [value for *_, value in seen])
    eiger.write("cam1:Acquire", 0)
    done.wait()
    eiger.wait_for("cam1:StatusMessage_RBV", "Acquisition aborted")
    assert eiger.get("cam1:NumImagesCounter_RBV") == 0


def test_10_all_files_of_a_stopped_series_come_soon_after(eiger, tmp_path):
    eiger.put("cam1:SaveFiles", 1)
    _begin_long(eiger)
    time.sleep(0.35)  # for some images
    stopped = time.monotonic()
    eiger.write("cam1:Acquire", 0)
    eiger.wait_for("cam1:StatusMessage_RBV", "Acquisition aborted")
    assert 0.5 < time.monotonic() - stopped < 2.5
    number = eiger.get("cam1:SequenceId")
    with h5py.File(tmp_path / f"t_{number}_data_000001.h5") as file:
        assert 2 <= len(file["entry/data/data"]) < 100


def test_10_expected_files_that_never_come_are_waited_for(eiger, tmp_path):
    eiger.put("cam1:SaveFiles", 1)
    _begin_long(eiger, per_file=2)
    eiger.wait(lambda: len(list(tmp_path.iterdir())) > 1)
    stopped = time.monotonic()
    eiger.write("cam1:Acquire", 0)
    eiger.wait_for("cam1:StatusMessage_RBV", "Processing files")
    eiger.wait_for("cam1:StatusMessage_RBV", "Acquisition aborted")
    assert 2.5 < time.monotonic() - stopped < 4.5


def test_10_master_can_be_left_without_data(eiger, tmp_path):
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:ManualTrigger", 1)
    eiger.start("cam1:Acquire", 1)
    eiger.wait(lambda: list(tmp_path.iterdir()))
    eiger.write("cam1:Acquire", 0)
    eiger.wait_for("cam1:StatusMessage_RBV", "Acquisition aborted")
    number = eiger.get("cam1:SequenceId")
    assert [path.name for path in tmp_path.iterdir()] == [f"t_{number}_master.h5"]


def test_11_acquire_while_old_files_are_processed_starts_a_ghost(eiger):
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:DataSource", "Stream")
    _begin_long(eiger)
    eiger.wait_for("cam1:NumImagesCounter_RBV", 1)
    eiger.write("cam1:Acquire", 0)
    eiger.wait_for("cam1:StatusMessage_RBV", "Processing files")
    before = eiger.get("cam1:SequenceId")
    eiger.put("cam1:NumImages", 20)
    began = time.monotonic()
    eiger.put("cam1:Acquire", 1)
    assert time.monotonic() - began < 2  # when the old cycle ends, although 2 s are asked for
    assert eiger.get("cam1:SequenceId") == before
    eiger.wait_for("cam1:SequenceId", before + 1)
    assert eiger.get("cam1:Acquire") == 0  # nobody waits for this one
    assert eiger.text("cam1:DetectorState_RBV") == "Acquire"
    eiger.wait_for("cam1:StatusMessage_RBV", "Ready")


def test_12_put_callback_of_zero_stops_nothing_and_blocks_the_circuit(eiger):
    eiger.put("cam1:DataSource", "Stream")
    done = _begin_long(eiger, images=25)
    began = time.monotonic()
    stopped = eiger.start("cam1:Acquire", 0)
    other = eiger.pv("cam1:NumImages")
    with pytest.warns(UserWarning, match="timed out"):
        assert other.get(use_monitor=False, timeout=0.5) is None
    done.wait()
    assert time.monotonic() - began > 1.5
    stopped.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == 25


def test_12_the_same_holds_for_capture(eiger, tmp_path):
    for name, value in {
        "EnableCallbacks": 1,
        "FileWriteMode": "Stream",
        "LazyOpen": 1,
        "FilePath": str(tmp_path),
        "FileTemplate": "%s%s.h5",
        "NumCapture": 10,
    }.items():
        eiger.put(f"HDF1:{name}", value)
    eiger.put("cam1:DataSource", "Stream")
    _begin_long(eiger, images=20)
    captured = eiger.start("HDF1:Capture", 1)
    stopped = eiger.start("HDF1:Capture", 0)
    with pytest.warns(UserWarning, match="timed out"):
        assert eiger.pv("HDF1:NumCapture").get(use_monitor=False, timeout=0.3) is None
    captured.wait()
    stopped.wait()
    assert eiger.get("HDF1:NumCaptured_RBV") == 10


@pytest.mark.parametrize("put", ["cam1:Acquire", "HDF1:Capture"])
def test_stop_while_idle_does_nothing(eiger, put):
    before = eiger.text("cam1:DetectorState_RBV")
    eiger.put(put, 0)
    assert eiger.text("cam1:DetectorState_RBV") == before
