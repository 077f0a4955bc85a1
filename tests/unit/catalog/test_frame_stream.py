from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from itertools import count
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.catalog._frame_stream import BrokenStream, Expected, encoded, frames_of
from id3c_data.errors import CatalogError, FrameNotWritten, Id3cDataError
from id3c_data.images import Codec, CompressedFrame, decode_frames, open_stack

SHAPE = (12, 17)
STACK = np.random.default_rng(3).poisson(2, (6, *SHAPE)).astype(np.uint16)
EXPECTED = Expected(SHAPE, np.dtype(np.uint16), len(STACK))
ALL = b"".join
HEADER = 16
"""Bytes before the first record."""


def written(path: Path, *, chunks: tuple[int, int, int] = (1, *SHAPE), **filters: object) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("/entry/data/data", data=STACK, chunks=chunks, **filters)
    return path


def stored(path: Path) -> Iterator[CompressedFrame]:
    with open_stack(path) as stack:
        yield from stack.compressed()


def read(stream: bytes, piece: int = 1 << 16, expected: Expected = EXPECTED) -> np.ndarray:
    out = np.empty((expected.count, *expected.shape), expected.dtype)
    pieces = (stream[at : at + piece] for at in range(0, len(stream), piece))
    decode_frames(frames_of(pieces, expected, "here"), out)
    return out


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = written(tmp_path_factory.mktemp("stream") / "data.h5", **hdf5plugin.Bitshuffle(cname="lz4"))
    return ALL(encoded(stored(path), len(STACK)))


@pytest.mark.parametrize(
    "filters",
    [{}, hdf5plugin.LZ4(), hdf5plugin.Bitshuffle(cname="lz4"), {"compression": "gzip"}],
    ids=["none", "lz4", "bitshuffle", "gzip"],
)
@pytest.mark.parametrize("chunks", [(1, *SHAPE), (1, 5, 6), (3, *SHAPE), (6, *SHAPE)])
def test_pixels_come_out_as_they_went_in(
    tmp_path: Path, filters: object, chunks: tuple[int, int, int]
) -> None:
    path = written(tmp_path / "data.h5", chunks=chunks, **filters)  # type: ignore[arg-type]
    assert np.array_equal(read(ALL(encoded(stored(path), len(STACK)))), STACK)


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_pieces_may_have_any_size(stream: bytes, piece: int) -> None:
    assert np.array_equal(read(stream, piece), STACK)


def test_frames_travel_as_they_stand_in_their_file(tmp_path: Path) -> None:
    path = written(tmp_path / "data.h5", **hdf5plugin.Bitshuffle(cname="lz4"))
    sent = list(stored(path))
    came = list(frames_of([ALL(encoded(sent, len(STACK)))], EXPECTED, "here"))
    assert came == sent
    assert {frame.codec for frame in came} == {Codec.BSLZ4}
    assert came[3].where.startswith(str(path))


def test_a_stream_begins_with_little_and_goes_on_in_messages_of_two_megabytes() -> None:
    frame = CompressedFrame.plain(bytes(300_000), np.dtype(np.uint8), (300, 1000), 0, "file")
    sizes = [len(message) for message in encoded([frame] * 40, 40)]
    assert sizes[0] < 2 * 300_000 < sizes[1] < sizes[2]
    assert max(sizes) < 2 * 2**20 + 2 * 300_000
    assert max(sizes) > 2 * 2**20
    assert sum(sizes) > 40 * 300_000


def test_a_stream_of_2000_frames_takes_no_frame_before_it_is_to_be_sent() -> None:
    frame = CompressedFrame.plain(bytes(300_000), np.dtype(np.uint8), (300, 1000), 0, "file")
    taken = count()
    stream, sent = encoded((frame for _ in range(2000) if next(taken) >= 0), 2000), 0
    for message in stream:
        sent += len(message)
        assert next(copy(taken)) - sent // 300_000 <= 1
    assert sent > 2000 * 300_000


@pytest.mark.parametrize("end", [0, 5, HEADER, HEADER + 1, HEADER + 30, 200, -1])
def test_a_stream_that_is_cut_off_is_broken(stream: bytes, end: int) -> None:
    with pytest.raises(BrokenStream):
        read(stream[:end])


def test_a_stream_that_goes_on_behind_its_end_is_refused(stream: bytes) -> None:
    with pytest.raises(CatalogError, match="goes on behind its end"):
        read(stream + b"F", piece=len(stream))


def test_frames_before_the_break_are_given(stream: bytes) -> None:
    frames = frames_of([stream[: len(stream) // 2]], EXPECTED, "here")
    assert [next(frames).number, next(frames).number] == [0, 1]
    with pytest.raises(BrokenStream):
        list(frames)


def test_an_error_comes_behind_the_frames_before_it() -> None:
    def frames() -> Iterator[CompressedFrame]:
        yield CompressedFrame.plain(STACK[0].tobytes(), EXPECTED.dtype, SHAPE, 0, "file")
        raise FrameNotWritten(1, 1, Path("a_master.h5"))

    came = frames_of([ALL(encoded(frames(), 6))], EXPECTED, "here")
    assert np.array_equal(next(came).pixels(), STACK[0])
    with pytest.raises(FrameNotWritten, match="frame 1 is not there, the first is"):
        next(came)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (Expected(SHAPE, np.dtype(np.uint16), 5), "brings 6 frames, not 5"),
        (Expected((12, 18), np.dtype(np.uint16), 6), r"brings frames of \(12, 17\)"),
        (Expected(SHAPE, np.dtype(np.uint32), 6), "brings frames of .* not .* uint32"),
    ],
)
def test_frames_that_were_not_asked_for_are_refused(stream: bytes, expected: Expected, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        read(stream, expected=expected)


def test_another_version_is_refused(stream: bytes) -> None:
    with pytest.raises(CatalogError, match="no stream of frames of this version"):
        read(stream[:10] + struct.pack("<H", 2) + stream[12:])


LAYOUT_TILE = HEADER + 1 + struct.calcsize("<B4s2I")
FRAME_SIZE = HEADER + 1 + struct.calcsize("<B4s5IH")


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (LAYOUT_TILE, 1 << 31, "has chunks of"),  # height of a chunk
        (LAYOUT_TILE, 0, "has chunks of"),
        (LAYOUT_TILE + 8, 5, "has chunks of 5 times"),  # frames in a chunk
    ],
)
def test_no_forged_size_reserves_memory(stream: bytes, at: int, value: int, message: str) -> None:
    forged = stream[:at] + struct.pack("<I", value) + stream[at + 4 :]
    tracemalloc.start()
    try:
        with pytest.raises(CatalogError, match=message):
            read(forged)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_frame_of_more_bytes_than_its_pixels_is_refused(stream: bytes) -> None:
    (length,) = struct.unpack_from("<H", stream, FRAME_SIZE - 2)
    at = FRAME_SIZE + length + 1 + struct.calcsize("<QI")
    with pytest.raises(CatalogError, match="has a frame of 4000000000 bytes, whose pixels have 408"):
        read(stream[:at] + struct.pack("<I", 4_000_000_000) + stream[at + 4 :])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_bytes_change_nothing_but_our_errors_come(stream: bytes, data: st.DataObject) -> None:
    changed = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BrokenStream, Id3cDataError):
        assert read(bytes(changed)).shape == STACK.shape
