from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles
from id3c_data.testing.h5api import SteppedState

MODEL = FrameModel(height=20, width=30)
LONG_AGO_NS = time.time_ns() - 3_600_000_000_000


@pytest.fixture
def files(tmp_path: Path) -> SeriesFiles:
    written = LegacyWriter(tmp_path, Series("s", 1, 4, 2), MODEL).write_series()
    for path in (written.master, *written.data):
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return written


def test_a_stack_of_files_that_stay_is_unchanged(files: SeriesFiles) -> None:
    with open_stack(files.master) as stack:
        stack.read()
        assert stack.unchanged


@pytest.mark.parametrize("which", ["master", "data"])
def test_a_file_that_was_replaced_is_a_change(files: SeriesFiles, which: str, tmp_path: Path) -> None:
    path = files.master if which == "master" else files.data[1]
    with open_stack(files.master) as stack:
        copy = tmp_path / "copy"
        copy.write_bytes(path.read_bytes())
        os.utime(copy, ns=(LONG_AGO_NS, LONG_AGO_NS))
        copy.replace(path)
        assert not stack.unchanged


def test_a_file_that_was_written_again_is_a_change(files: SeriesFiles) -> None:
    with open_stack(files.master) as stack:
        os.utime(files.data[0])
        assert not stack.unchanged


def test_a_file_that_is_gone_is_a_change(files: SeriesFiles) -> None:
    with open_stack(files.master) as stack:
        files.data[0].unlink()
        assert not stack.unchanged


def test_a_file_just_written_counts_as_changed(files: SeriesFiles) -> None:
    os.utime(files.data[1])
    with open_stack(files.master) as stack:
        assert not stack.unchanged


def test_a_stack_that_grows_looks_itself(files: SeriesFiles) -> None:
    state = SteppedState()
    with open_stack(files.master, scan_state=state, retry_timeout=10) as stack:
        os.utime(files.data[0])
        assert stack.unchanged
