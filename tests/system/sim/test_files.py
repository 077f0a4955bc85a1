"""Points 13 to 21 of how the real IOC behaves: the file writer and the file mover."""

from __future__ import annotations

import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from id3c_data.sim import FrameModel

MODEL = FrameModel(32, 48)


@pytest.fixture
def saving(eiger):
    eiger.put("cam1:SaveFiles", 1)
    return eiger


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_13_files_come_in_order_the_master_first(saving, tmp_path):
    saving.put("cam1:NumImages", 3)
    saving.put("cam1:FWNImagesPerFile", 1)
    seen = saving.watch("cam1:FullFileName_RBV")
    saving.put("cam1:Acquire", 1)
    n = saving.get("cam1:SequenceId")
    data = [f"{tmp_path}/t_{n}_data_00000{k}.h5" for k in (1, 2, 3)]
    saving.wait(lambda: len(seen) == 4)
    assert [value for *_, value in seen] == [f"{tmp_path}/t_{n}_master.h5", *data]


def test_13_nothing_is_downloaded_before_a_late_master(saving, tmp_path):
    saving.put("Sim:MasterDelay", 1.0)
    done = saving.start("cam1:Acquire", 1)
    saving.wait_for("cam1:StatusMessage_RBV", "Processing files")
    time.sleep(0.3)  # the data file is ready on the DCU all the time
    assert _names(tmp_path) == []
    done.wait()
    assert len(_names(tmp_path)) == 2


def test_14_half_written_files_are_visible(saving):
    saving.put("Sim:MoverDelay", 60)  # half before the file is opened, half when half of it is written
    saving.start("cam1:Acquire", 1)
    saving.wait(lambda: "_master" in saving.get("cam1:FullFileName_RBV"))
    path = Path(saving.get("cam1:FullFileName_RBV"))
    assert not path.exists()  # the name comes before the file
    saving.put("Sim:MoverDelay", 1)
    saving.wait(path.exists)
    saving.put("Sim:MoverDelay", 60)
    saving.wait(lambda: path.stat().st_size > 0)
    half, inode = path.stat().st_size, path.stat().st_ino
    saving.put("Sim:MoverDelay", 0)
    saving.wait(lambda: path.stat().st_size > half)
    assert path.stat().st_size - half <= half + 1
    assert path.stat().st_ino == inode  # not renamed into place
    saving.wait_until_idle()


def test_14_older_and_longer_file_keeps_its_tail(saving, tmp_path):
    number = saving.get("cam1:SequenceId") + 1
    old = tmp_path / f"t_{number}_master.h5"
    old.write_bytes(b"old" * 1_000_000)
    saving.put("cam1:Acquire", 1)
    content = old.read_bytes()
    assert len(content) == 3_000_000
    assert content.startswith(b"\x89HDF")
    assert content.endswith(b"oldold")


def test_15_driver_overwrites_file_name_and_template(saving, tmp_path):
    saving.put("cam1:FileName", "mine")
    saving.put("cam1:FileTemplate", "%s%s_%3.3d")
    saving.put("cam1:Acquire", 1)
    n = saving.get("cam1:SequenceId")
    assert saving.get("cam1:FileName_RBV") == f"t_{n}_data_000001.h5"
    assert saving.get("cam1:FileTemplate_RBV") == "%s%s"
    assert saving.get("cam1:FullFileName_RBV") == f"{tmp_path}/t_{n}_data_000001.h5"


def test_16_only_the_first_id_is_replaced_without_zeros(saving, tmp_path):
    saving.put("cam1:FWNamePattern", "a$id_$id")
    saving.put("cam1:Acquire", 1)
    n = saving.get("cam1:SequenceId")
    assert _names(tmp_path) == [f"a{n}_$id_data_000001.h5", f"a{n}_$id_master.h5"]


def test_16_pattern_may_name_an_existing_folder(saving, tmp_path):
    (tmp_path / "sub").mkdir()
    saving.put("cam1:FWNamePattern", "sub/x_$id")
    saving.put("cam1:Acquire", 1)
    n = saving.get("cam1:SequenceId")
    with h5py.File(tmp_path / "sub" / f"x_{n}_master.h5") as master:
        assert master["entry/data/data_000001"].shape == (1, 32, 48)


def test_17_without_id_the_previous_files_are_downloaded_at_once(saving, tmp_path):
    saving.put("cam1:FWNamePattern", "same")
    saving.put("cam1:FWAutoRemove", 0)
    saving.put("cam1:Acquire", 1)
    previous = saving.get("cam1:SequenceId")
    for path in tmp_path.iterdir():
        path.unlink()
    saving.put("cam1:AcquireTime", 1.0)
    done = saving.start("cam1:Acquire", 1)
    saving.wait(lambda: len(_names(tmp_path)) == 2)
    assert not done.done
    done.wait()
    with h5py.File(tmp_path / "same_data_000001.h5") as file:
        assert np.array_equal(file["entry/data/data"][0], MODEL.frame(previous, 1))


def test_18_missing_folder_of_the_pattern_fails_silently(saving, tmp_path):
    saving.put("cam1:FWNamePattern", "missing/x_$id")
    saving.put("cam1:Acquire", 1)
    saving.wait_for("cam1:StatusMessage_RBV", "Ready")
    assert saving.text("cam1:DetectorState_RBV") == "Idle"
    assert _names(tmp_path) == []


def test_18_missing_data_file_fails_silently_after_three_seconds(saving, tmp_path):
    saving.put("cam1:NumImages", 2)
    saving.put("cam1:FWNImagesPerFile", 1)
    saving.put("Sim:DropFile", 2)
    began = time.monotonic()
    saving.put("cam1:Acquire", 1)
    assert 2.5 < time.monotonic() - began < 5
    saving.wait_for("cam1:StatusMessage_RBV", "Ready")
    n = saving.get("cam1:SequenceId")
    assert _names(tmp_path) == [f"t_{n}_data_000001.h5", f"t_{n}_master.h5"]


def test_19_bad_path_fails_at_once_without_arming(saving, tmp_path):
    before = saving.get("cam1:SequenceId")
    saving.put("cam1:FilePath", str(tmp_path / "missing"))
    began = time.monotonic()
    saving.put("cam1:Acquire", 1)
    assert time.monotonic() - began < 0.5
    saving.wait_for("cam1:StatusMessage_RBV", "Invalid file path")
    assert saving.text("cam1:DetectorState_RBV") == "Error"
    assert saving.get("cam1:SequenceId") == before


def test_19_bad_path_does_not_matter_where_no_files_are_saved(eiger, tmp_path):
    eiger.put("cam1:FilePath", str(tmp_path / "missing"))
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Ready")


def test_20_path_ends_with_a_slash(eiger, tmp_path):
    for path in (str(tmp_path), f"{tmp_path}/"):
        eiger.put("cam1:FilePath", path)
        eiger.wait_for("cam1:FilePath_RBV", f"{tmp_path}/")


def test_20_existence_is_looked_at_only_when_the_path_is_written(eiger, tmp_path):
    folder = tmp_path / "later"
    eiger.put("cam1:FilePath", str(folder))
    eiger.wait_for("cam1:FilePathExists_RBV", 0)
    assert eiger.pv("cam1:FilePath").get_ctrlvars()["severity"] == 0
    folder.mkdir()
    time.sleep(0.2)  # nothing may happen in this time
    assert eiger.get("cam1:FilePathExists_RBV") == 0
    eiger.put("cam1:FilePath", str(folder))
    eiger.wait_for("cam1:FilePathExists_RBV", 1)


def test_20_existence_is_looked_at_when_a_file_is_made(saving, tmp_path):
    folder = tmp_path / "later"
    saving.put("cam1:FilePath", str(folder))
    saving.wait_for("cam1:FilePathExists_RBV", 0)
    folder.mkdir()
    saving.put("cam1:Acquire", 1)
    assert saving.get("cam1:FilePathExists_RBV") == 1


@pytest.mark.parametrize(("levels", "made"), [(5, True), (6, False)])
def test_20_create_directory_makes_so_many_levels(eiger, tmp_path, levels, made):
    folder = tmp_path.joinpath(*"abcdef"[:levels])
    eiger.put("cam1:CreateDirectory", -5)
    eiger.put("cam1:FilePath", str(folder))
    eiger.wait_for("cam1:FilePath_RBV", f"{folder}/")
    eiger.wait_for("cam1:FilePathExists_RBV", int(made))
    assert folder.exists() is made


def test_21_long_path_is_cut_silently(eiger):
    eiger.put("cam1:FilePath", "/" + 300 * "x")
    eiger.wait(lambda: eiger.get("cam1:FilePath_RBV").startswith("/xxx"))
    assert len(eiger.get("cam1:FilePath_RBV")) == 255
    assert eiger.pv("cam1:FilePath").get_ctrlvars()["severity"] == 0


def test_21_long_name_pattern_is_refused_with_an_alarm(eiger):
    eiger.put("cam1:FWNamePattern", 242 * "x")
    eiger.wait_for("cam1:FWNamePattern_RBV", 242 * "x")
    eiger.put("cam1:FWNamePattern", 243 * "y")
    eiger.wait(lambda: eiger.pv("cam1:FWNamePattern").get_ctrlvars()["severity"] > 0)
    assert eiger.get("cam1:FWNamePattern") == eiger.get("cam1:FWNamePattern_RBV") == 242 * "x"
    eiger.put("cam1:FWNamePattern", "good")
    eiger.wait_for("cam1:FWNamePattern_RBV", "good")
    assert eiger.pv("cam1:FWNamePattern").get_ctrlvars()["severity"] == 0


def test_21_room_of_the_long_strings(eiger):
    rooms = {"FilePath": 256, "FWNamePattern": 256, "FullFileName_RBV": 512}
    assert {name: eiger.pv(f"cam1:{name}").nelm for name in rooms} == rooms


@pytest.mark.parametrize(("file_format", "ndim"), [("Legacy", 3), ("v2024.2", 4)])
def test_saved_pixels_are_those_that_the_detector_made(saving, tmp_path, file_format, ndim):
    saving.put("cam1:FWHDF5Format", file_format)
    saving.put("cam1:NumImages", 3)
    saving.put("cam1:FWNImagesPerFile", 2)
    saving.put("cam1:Acquire", 1)
    saving.put("cam1:FWHDF5Format", "Legacy")
    n = saving.get("cam1:SequenceId")
    with h5py.File(tmp_path / f"t_{n}_data_000002.h5") as file:
        data = file["entry/data/data"]
        assert data.ndim == ndim
        assert np.array_equal(data[0].reshape(32, 48), MODEL.frame(n, 3))


def test_auto_remove_empties_the_detectors_memory(saving, tmp_path):
    saving.put("cam1:FWNamePattern", "removed")
    for _ in range(2):
        saving.put("cam1:Acquire", 1)
    with h5py.File(tmp_path / "removed_data_000001.h5") as file:
        n = saving.get("cam1:SequenceId")
        assert np.array_equal(file["entry/data/data"][0], MODEL.frame(n, 1))
