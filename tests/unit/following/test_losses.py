"""Frames that were promised and cannot be given: counted, passed over, and told at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import pytest

from id3c_data import follow
from id3c_data.errors import DamagedChunk, FrameNotWritten, Id3cDataError
from id3c_data.following import Following
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.documents import Documents, image_run

MODEL = FrameModel(height=24, width=32)
SETTLE_S = 0.1


@pytest.fixture
def master(tmp_path: Path) -> Path:
    return LegacyWriter(tmp_path, Series("run_7", 7, 6, 2), MODEL).write_series().master


def run_of(master: Path, **more: Any) -> Documents:
    return image_run(master, slots=range(6), shape=MODEL.shape, **more)


def data_file(master: Path, number: int) -> Path:
    return master.with_name(f"run_7_data_{number:06d}.h5")


def damage(path: Path, frame: int) -> None:
    """Overwrite the first bytes of a frame's chunk, which say how long it is."""
    with h5py.File(path) as file:
        offset = file["entry/data/data"].id.get_chunk_info(frame).byte_offset
    with path.open("r+b") as raw:
        raw.seek(offset)
        raw.write(b"\xff" * 12)


def follow_to_the_end(following: Following) -> tuple[list[int], Id3cDataError]:
    """Return the numbers of the frames that came, and the error at the end."""
    seen: list[int] = []
    with pytest.raises(Id3cDataError) as caught:  # noqa: PT012
        for frame in following:
            seen.append(frame.number)  # noqa: PERF401 - the iterator raises
    return seen, caught.value


def test_a_damaged_frame_is_passed_over_and_told_at_the_end(master: Path) -> None:
    damage(data_file(master, 2), 1)
    following = follow(run_of(master), settle_timeout=SETTLE_S)
    seen, error = follow_to_the_end(following)
    assert seen == [0, 1, 2, 4, 5]
    assert isinstance(error, DamagedChunk)
    assert "(in all 1 of 6 damaged)" in error.what
    assert "data_000002" in str(error)
    assert (following.missing, following.damaged, following.lost) == (0, 1, "1 of 6 damaged")


def test_the_first_of_several_losses_is_raised_with_how_many_there_are(master: Path) -> None:
    data_file(master, 1).unlink()
    damage(data_file(master, 3), 0)
    documents = run_of(master)
    del documents[-2]  # the last event
    seen, error = follow_to_the_end(follow(documents, settle_timeout=SETTLE_S))
    assert seen == [2, 3]
    assert isinstance(error, FrameNotWritten)
    assert error.frame == 0
    assert error.reason.endswith("in all 2 of 5 missing, 1 of 5 damaged, 1 events never came")


def test_a_data_file_that_is_something_else_is_as_good_as_none(master: Path) -> None:
    data_file(master, 2).write_bytes(b"no HDF5, but long enough to be some" * 100)
    seen, error = follow_to_the_end(follow(run_of(master), settle_timeout=SETTLE_S))
    assert seen == [0, 1, 4, 5]
    assert isinstance(error, FrameNotWritten)
    assert "the file is not HDF5; in all 2 of 6 missing" in error.reason


def test_what_keeps_from_reading_anything_ends_it_at_once(master: Path) -> None:
    following = follow(run_of(master), allowed_roots=[str(master.parent / "elsewhere")])
    with pytest.raises(Id3cDataError, match="outside"):
        next(following)


def test_what_is_written_is_said_where_the_run_says_nothing_of_a_frame(master: Path) -> None:
    documents = image_run(master, slots=range(8), shape=MODEL.shape)
    seen, error = follow_to_the_end(follow(documents, settle_timeout=SETTLE_S))
    assert seen == list(range(6))
    assert isinstance(error, FrameNotWritten)
    assert (error.frame, error.written) == (6, 6)
