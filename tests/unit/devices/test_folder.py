"""Whether files are there and whole, seen without HDF5."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from id3c_data.devices._folder import ReadFolder, missing_bytes
from id3c_data.errors import DeviceError, FramesMissing


@pytest.fixture(params=["earliest", "v108", "v110", "latest"])
def whole_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "whole.h5"
    with h5py.File(file, "w", libver=request.param) as h5:
        h5["entry/data/data"] = np.arange(10_000)
    return file


def test_whole_file_has_nothing_missing(whole_file: Path) -> None:
    assert missing_bytes(whole_file) == ""


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 40, 51, 52, 100, 1000, -1])
def test_shorter_file_is_told(whole_file: Path, kept: int) -> None:
    content = whole_file.read_bytes()
    whole_file.write_bytes(content[:kept])
    assert missing_bytes(whole_file) != ""
    with pytest.raises(OSError, match="Unable to synchronously open file"), h5py.File(whole_file):
        pass


def test_shorter_file_is_told_with_its_sizes(whole_file: Path) -> None:
    content = whole_file.read_bytes()
    whole_file.write_bytes(content[:-5])
    assert missing_bytes(whole_file) == f"has {len(content) - 5} of its {len(content)} bytes"


def test_file_that_is_no_hdf5_is_told(tmp_path: Path) -> None:
    file = tmp_path / "text.h5"
    file.write_text("no frames here " * 10)
    assert missing_bytes(file) == "does not start like an HDF5 file"


def test_file_that_comes_late_is_waited_for(whole_file: Path) -> None:
    late = whole_file.with_name("late.h5")
    threading.Timer(0.1, lambda: whole_file.rename(late)).start()
    ReadFolder(whole_file.parent, whole_file.parent).wait_until_there(["late.h5"], 5.0, whole=True)
    assert late.exists()


def test_file_that_never_comes_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FramesMissing) as missing:
        ReadFolder(tmp_path, tmp_path).wait_until_there(["a.h5", "b.h5"], 0.05, whole=True)
    assert missing.value.where == str(tmp_path / "a.h5")
    assert missing.value.what == "is not there (and 1 more of 2 files)"


def test_patience_begins_again_with_each_file_that_comes(whole_file: Path) -> None:
    names = [f"{i}.h5" for i in range(4)]
    content, clock = whole_file.read_bytes(), [0.0]

    def sleep(_seconds: float) -> None:
        clock[0] += 1
        if names and clock[0] % 3 == 0:
            (whole_file.parent / names.pop()).write_bytes(content)

    ReadFolder(whole_file.parent, whole_file.parent).wait_until_there(
        list(names), 0.5, whole=True, sleep=sleep
    )
    assert not names


def test_file_that_is_still_open_counts_as_there_but_not_as_whole(tmp_path: Path) -> None:
    (tmp_path / "open.h5").write_bytes(b"")
    folder = ReadFolder(tmp_path, tmp_path)
    folder.wait_until_there(["open.h5"], 0.05, whole=False)
    with pytest.raises(FramesMissing, match="is empty"):
        folder.wait_until_there(["open.h5"], 0.05, whole=True)


def test_folder_is_mounted_when_its_base_is_there(tmp_path: Path) -> None:
    assert ReadFolder(tmp_path / "2026/11", tmp_path).mounted
    assert not ReadFolder(tmp_path / "2026/11", tmp_path / "2026").mounted


def test_folder_that_is_not_there_yet_holds_no_names(tmp_path: Path) -> None:
    assert ReadFolder(tmp_path / "later", tmp_path).names() == set()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which folders are listed and which files opened, in order: what an NFS client would be asked."""
    made: list[tuple[str, str]] = []
    listdir, open_path = os.listdir, Path.open

    def listing(path: Any) -> list[str]:
        made.append(("list", str(path)))
        return listdir(path)

    def opening(path: Path, *args: Any, **kwargs: Any) -> Any:
        made.append(("open", path.name))
        return open_path(path, *args, **kwargs)

    monkeypatch.setattr(os, "listdir", listing)
    monkeypatch.setattr(Path, "open", opening)
    return made


def test_folder_is_listed_anew_before_each_look_for_a_file(
    whole_file: Path, looks: list[tuple[str, str]]
) -> None:
    folder, late = whole_file.parent, whole_file.with_name("late.h5")

    def arrive_at_the_second(_pause_s: float) -> None:
        looks.append(("sleep", ""))
        if len(looks) > 3:
            whole_file.rename(late)

    ReadFolder(folder, folder).wait_until_there(["late.h5"], 5.0, whole=True, sleep=arrive_at_the_second)
    listed, slept = ("list", str(folder)), ("sleep", "")
    assert looks == [listed, slept, listed, slept, listed, ("open", "late.h5")]


def test_parent_is_listed_before_the_mount_is_looked_for(
    tmp_path: Path, looks: list[tuple[str, str]]
) -> None:
    assert not ReadFolder(tmp_path / "base" / "2026", tmp_path / "base").mounted
    assert looks == [("list", str(tmp_path))]


def test_folder_that_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr("id3c_data.devices._folder._ANSWER_S", 0.05)
    monkeypatch.setattr(os, "listdir", lambda _: [str(released.wait())])
    folder = ReadFolder(tmp_path, tmp_path)
    looks = (lambda: folder.mounted, folder.names, lambda: folder.wait_until_there(["a"], 1.0, whole=True))
    for look in looks:
        with pytest.raises(DeviceError, match=r"does not answer within 0.05 s"):
            look()
    released.set()
