from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from id3c_data.catalog._masters import Masters, open_master
from id3c_data.catalog._open_run import OpenRun
from id3c_data.errors import FrameNotWritten, LinkOutsideRoots
from id3c_data.images import FrameStack, open_stack
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


def opened(master: Path, **more: object) -> FrameStack:
    return open_master(master, roots=(str(master.parent),), **more)  # type: ignore[arg-type]


def test_a_master_stays_open_while_its_files_stay(tmp_path: Path) -> None:
    master = write(tmp_path, 1)
    assert opened(master) is opened(master)


def test_a_replaced_master_is_read_anew(tmp_path: Path) -> None:
    first = opened(write(tmp_path, 1))
    assert np.array_equal(first[0].read(), MODEL.frame(1, 1))
    assert np.array_equal(opened(write(tmp_path, 2))[0].read(), MODEL.frame(2, 1))


def test_a_data_file_that_is_put_in_the_place_of_another_is_read_anew(tmp_path: Path) -> None:
    master = write(tmp_path, 1)
    assert np.array_equal(opened(master)[0].read(), MODEL.frame(1, 1))
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other", 2).with_name("s_data_000001.h5")
    other.replace(master.with_name("s_data_000001.h5"))
    assert np.array_equal(opened(master)[0].read(), MODEL.frame(2, 1))


def test_a_file_that_came_later_is_found(tmp_path: Path) -> None:
    master = write(tmp_path, 1, images=4, taken=2)
    with pytest.raises(FrameNotWritten):
        opened(master)[3].read()
    write(tmp_path, 1, images=4)
    assert np.array_equal(opened(master)[3].read(), MODEL.frame(1, 4))


def test_what_one_root_allows_another_does_not(tmp_path: Path) -> None:
    master = write(tmp_path, 1)
    opened(master)
    with pytest.raises(LinkOutsideRoots):
        open_master(master, roots=(str(tmp_path / "elsewhere"),))


def test_a_run_that_is_over_is_not_waited_for(tmp_path: Path) -> None:
    master = write(tmp_path, 1, images=4, taken=2)
    growing = opened(master, run=OpenRun(), wait_s=0.01)
    assert opened(master, run=OpenRun(), wait_s=0.01) is growing
    with pytest.raises(FrameNotWritten):
        opened(master)[3].read()


def test_what_was_not_used_for_the_longest_time_is_forgotten(tmp_path: Path) -> None:
    with open_stack(write(tmp_path, 1)) as stack:
        masters = Masters(most=2, most_frames=100)
        for name in "abac":
            if masters.get(name) is None:  # type: ignore[arg-type]  # any key does
                masters.keep(name, stack, 2)  # type: ignore[arg-type]
        assert [masters.get(name) is not None for name in "abc"] == [True, False, True]  # type: ignore[arg-type]
        masters.keep("d", stack, 99)  # type: ignore[arg-type]
        assert len(masters) == 1
