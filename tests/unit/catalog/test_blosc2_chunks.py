"""Frames as Blosc2 chunks: decoded by the library itself, and the detector's bytes where they can be."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import blosc2
import h5py
import hdf5plugin
import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.catalog._blosc2_chunks import blosc2_chunk
from id3c_data.errors import DamagedChunk
from id3c_data.h5api import encode_chunk
from id3c_data.images import Codec, CompressedFrame, open_stack
from id3c_data.sim import FrameModel

REAL = Path(__file__).parents[3] / ".." / "shared" / "data" / "dectris_eiger2"
RANDOM = np.random.default_rng(7)


def frame_of(pixels: np.ndarray, codec: Codec = Codec.BSLZ4, block: int = 8192) -> CompressedFrame:
    """Return pixels as a frame that is one chunk."""
    height, width = pixels.shape
    chunk = pixels.tobytes() if codec is Codec.NONE else encode_chunk(pixels, codec, block)
    return CompressedFrame(
        codec=codec,
        dtype=pixels.dtype,
        shape=(height, width),
        tile=(height, width),
        chunks=(chunk,),
        skipped=(False,),
        where="data.h5",
    )


def blocks_of(frame: CompressedFrame) -> bytes:
    """Return what stands in the first block of a chunk behind its length."""
    length = int.from_bytes(frame.chunks[0][12:16], "big")
    return frame.chunks[0][16 : 16 + length]


def decoded(frame: CompressedFrame) -> bytes:
    return blosc2.decompress(blosc2_chunk(frame))


@pytest.mark.parametrize("bit_depth", [8, 16, 32])
def test_a_frame_of_the_detector_keeps_its_compressed_bytes(bit_depth: int) -> None:
    pixels = FrameModel(bit_depth=bit_depth).frame(1, 1)
    frame = frame_of(pixels)
    assert blocks_of(frame) in blosc2_chunk(frame).tobytes()
    assert decoded(frame) == pixels.tobytes()


@given(
    st.sampled_from(["u1", "u2", "u4", "i4", "f4", "f8", ">u2", ">u4"]),
    st.tuples(st.integers(1, 70), st.integers(1, 300)),
    st.sampled_from([64, 512, 4096, 8192]),
    st.sampled_from([1, 3, 200, 2**31]),
)
@settings(deadline=None, max_examples=150)
def test_any_frame_is_decoded_to_its_pixels(
    dtype: str, shape: tuple[int, int], block: int, most: int
) -> None:
    pixels = RANDOM.integers(0, most, shape).astype(dtype)
    assert decoded(frame_of(pixels, block=block)) == pixels.tobytes()


def test_a_chunk_says_how_long_it_is() -> None:
    chunk = blosc2_chunk(frame_of(FrameModel().frame(1, 1)))
    assert blosc2.get_cbuffer_sizes(chunk)[1] == len(chunk)


def test_noise_that_does_not_become_smaller_is_decoded_to_its_pixels() -> None:
    pixels = RANDOM.integers(0, 2**32, (64, 100), np.uint32)
    assert decoded(frame_of(pixels)) == pixels.tobytes()


def test_a_raw_tail_behind_full_blocks_is_decoded_to_its_pixels() -> None:
    pixels = np.ones((1, 2048 + 3), np.uint32)
    assert decoded(frame_of(pixels)) == pixels.tobytes()


@pytest.mark.parametrize("codec", [Codec.NONE, Codec.LZ4])
def test_frames_that_are_stored_otherwise_are_compressed(codec: Codec) -> None:
    pixels = FrameModel().frame(1, 1)
    chunk = blosc2_chunk(frame_of(pixels, codec))
    assert blosc2.decompress(chunk) == pixels.tobytes()
    assert len(chunk) < pixels.nbytes / 5


def test_frames_in_several_chunks_and_several_in_one_are_decoded(tmp_path: Path) -> None:
    stack = RANDOM.poisson(1, (6, 60, 70)).astype(np.uint16)
    for chunks in ((1, 30, 40), (4, 60, 70)):
        with h5py.File(tmp_path / "data.h5", "w") as file:
            options = hdf5plugin.Bitshuffle(cname="lz4")
            file.create_dataset("entry/data/data", data=stack, chunks=chunks, **options)
        with open_stack(tmp_path / "data.h5") as opened:
            assert list(map(decoded, opened.compressed())) == [frame.tobytes() for frame in stack]


def test_damage_inside_a_block_is_told_with_its_place() -> None:
    frame = frame_of(FrameModel().frame(1, 1))
    damaged = bytearray(frame.chunks[0])
    damaged[16:40] = b"\xff" * 24
    with pytest.raises(DamagedChunk, match=r"data\.h5: frame 0 is damaged"):
        blosc2_chunk(dataclasses.replace(frame, chunks=(bytes(damaged),)))


def test_frames_of_several_sizes_one_after_the_other_are_kept_apart() -> None:
    for shape, dtype in (((9, 9), "u1"), ((9, 9), "u4"), ((300, 9), "u4"), ((9, 9), "u1")):
        pixels = RANDOM.integers(0, 9, shape).astype(dtype)
        assert decoded(frame_of(pixels)) == pixels.tobytes()


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the detector files are not in {REAL.resolve()}")
def test_frames_of_a_real_detector_keep_their_compressed_bytes() -> None:
    paths = sorted(REAL.resolve().glob("*_data_*.h5"))
    assert paths
    for path in paths:
        with open_stack(path) as stack:
            for pixels, frame in zip(stack, stack.compressed(), strict=True):
                assert blocks_of(frame) in blosc2_chunk(frame).tobytes()
                assert decoded(frame) == pixels.tobytes()


@pytest.mark.parametrize("place", [0, 1], ids=["first", "last"])
def test_a_block_as_long_as_what_it_decodes_to_is_not_taken_for_a_raw_one(place: int) -> None:
    literals, end = RANDOM.bytes(494), RANDOM.bytes(12)
    token, length = bytes([15 << 4 | 2]), bytes([255, len(literals) - 15 - 255])
    match, last_token = (6).to_bytes(2, "little"), bytes([len(end) << 4])  # the last 6 bytes once more
    block = token + length + literals + match + last_token + end
    assert len(block) == 512 == len(literals + literals[-6:] + end)
    other = bytes(imagecodecs.lz4_encode(bytes(512)))
    blocks = [block, other] if place == 0 else [other, block]
    chunk = struct.pack(">QI", 1024, 512) + b"".join(struct.pack(">I", len(b)) + b for b in blocks)
    frame = dataclasses.replace(frame_of(np.zeros((2, 256), "u2")), chunks=(chunk,))
    assert decoded(frame) == frame.pixels().tobytes()


def test_a_frame_of_less_than_a_byte_of_each_bit_is_decoded() -> None:
    for block in (0, 64):
        chunk = struct.pack(">QI", 6, block) + b"abcdef"
        frame = dataclasses.replace(frame_of(np.zeros((1, 6), "u1")), chunks=(chunk,))
        assert decoded(frame) == b"abcdef"


def test_numbers_of_two_parts_are_decoded() -> None:
    for codec in (Codec.BSLZ4, Codec.NONE):
        pixels = RANDOM.integers(0, 9, (40, 50)).astype("c16")
        assert decoded(frame_of(pixels, codec)) == pixels.tobytes()
