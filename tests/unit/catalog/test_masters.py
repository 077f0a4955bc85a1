from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from id3c_data.catalog._kept import KeptStacks
from id3c_data.catalog._masters import open_master
from id3c_data.catalog._masters_elsewhere import FramesElsewhere, Master
from id3c_data.catalog._open_run import OpenRun
from id3c_data.errors import FrameNotWritten, LinkOutsideRoots, RetryTimeoutException
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series

MODEL = FrameModel(height=20, width=30)
LONG_AGO_NS = time.time_ns() - 3_600_000_000_000
Write = Callable[..., Path]


def write(folder: Path, number: int, images: int = 2, taken: int | None = None) -> Path:
    """Write a series that has been there for long, and return its master."""
    files = LegacyWriter(folder, Series("s", number, images, 2), MODEL).write_series(taken)
    for path in (files.master, *files.data):
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return files.master


def opened(path: Path, **more: Any) -> Any:
    return open_master(Master(path, (str(path.parent),), "threshold_1", **more))


def pixels(path: Path, n: int, **more: Any) -> np.ndarray:
    (frame,) = opened(path, **more)[n : n + 1].compressed()
    return frame.pixels()


def test_a_master_stays_open_while_its_files_stay(tmp_path: Path) -> None:
    master = write(tmp_path, 1)
    assert opened(master) is opened(master)


def test_a_replaced_master_is_read_anew(tmp_path: Path) -> None:
    assert np.array_equal(pixels(write(tmp_path, 1), 0), MODEL.frame(1, 1))
    assert np.array_equal(pixels(write(tmp_path, 2), 0), MODEL.frame(2, 1))


def test_a_data_file_that_is_put_in_the_place_of_another_is_read_anew(tmp_path: Path) -> None:
    master = write(tmp_path, 1)
    assert np.array_equal(pixels(master, 0), MODEL.frame(1, 1))
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other", 2).with_name("s_data_000001.h5")
    other.replace(master.with_name("s_data_000001.h5"))
    assert np.array_equal(pixels(master, 0), MODEL.frame(2, 1))


def test_a_file_that_came_later_is_found(tmp_path: Path) -> None:
    master = write(tmp_path, 1, images=4, taken=2)
    with pytest.raises(FrameNotWritten):
        pixels(master, 3)
    write(tmp_path, 1, images=4)
    assert np.array_equal(pixels(master, 3), MODEL.frame(1, 4))


def test_what_one_root_allows_another_does_not(tmp_path: Path) -> None:
    master = write(tmp_path, 1)
    opened(master)
    with pytest.raises(LinkOutsideRoots):
        open_master(Master(master, (str(tmp_path / "elsewhere"),), "threshold_1"))


def test_a_run_that_is_over_is_not_waited_for(tmp_path: Path) -> None:
    master = write(tmp_path, 1, images=4, taken=2)
    with pytest.raises(RetryTimeoutException):
        pixels(master, 3, run=OpenRun(), wait_s=0.01)
    with pytest.raises(FrameNotWritten):
        pixels(master, 3)


def test_what_was_not_used_for_the_longest_time_is_forgotten(tmp_path: Path) -> None:
    with open_stack(write(tmp_path, 1)) as stack:
        masters = KeptStacks(most=2, most_frames=100)
        for name in "abac":
            if masters.get(name) is None:
                masters.keep(name, stack, 2)
        assert [masters.get(name) is not None for name in "abc"] == [True, False, True]
        masters.keep("d", stack, 99)
        assert len(masters) == 1


def test_frames_that_hdf5_decodes_are_read_in_another_process(tmp_path: Path) -> None:
    path, frames = tmp_path / "gzip.h5", np.arange(40 * 600, dtype=np.uint16).reshape(40, 20, 30)
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/data/data", data=frames, chunks=(1, 20, 30), compression="gzip")
    master = opened(path)
    assert isinstance(master, FramesElsewhere)
    assert len(master) == 40
    for index in (slice(3, 40, 2), [5, 1, *range(30)]):
        read = [frame.pixels() for frame in master[index].compressed()]
        assert np.array_equal(read, frames[index])
