"""What every decoder has to do: pixels from whole chunks, an error from damaged ones, and never a crash.

A test class inherits `DecoderContract` and says which decoder it is about::

    class TestMyDecoder(DecoderContract):
        def make_decoder(self):
            return MyDecoder()
"""

# ruff: noqa: D102, S101 - asserting is what a test suite is for, and the names of its tests say all

from __future__ import annotations

import random
import struct
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from id3c_data.h5api import Codec, Decoder, Inconsistent, decode_chunk, encode_chunk

__all__ = ["DecoderContract"]

_CASES = [
    pytest.param(Codec[codec], shape, np.dtype(dtype), id=f"{codec}-{dtype}-{shape[0]}x{shape[1]}")
    for codec in ("BSLZ4", "LZ4")
    for dtype in ("u1", "u2", "u4")
    for shape in ((32, 47), (33, 47), (1, 3), (120, 130))  # of the second, the last 7 pixels are stored raw
]


def _pixels(shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    generator = np.random.default_rng(shape[0])
    pixels = generator.poisson(3, shape).astype(dtype)
    pixels[:, ::17] = np.iinfo(dtype).max
    pixels[shape[0] // 2 :, : shape[1] // 2] = generator.integers(
        0, 255, (shape[0] - shape[0] // 2, shape[1] // 2)
    )
    return pixels


class DecoderContract(ABC):
    """The tests."""

    @abstractmethod
    def make_decoder(self) -> Decoder:
        """Return the decoder."""

    @pytest.fixture
    def decoder(self) -> Decoder:
        """The decoder."""
        return self.make_decoder()

    def test_it_has_a_name_and_a_version(self, decoder: Decoder) -> None:
        assert decoder.name
        assert decoder.version[0].isdigit()

    @pytest.mark.parametrize(("codec", "shape", "dtype"), _CASES)
    @pytest.mark.parametrize("block", [8192, 640, 1 << 20])
    def test_pixels_come_back(
        self, decoder: Decoder, codec: Codec, shape: tuple[int, int], dtype: np.dtype[Any], block: int
    ) -> None:
        pixels = _pixels(shape, dtype)
        chunk = encode_chunk(pixels, codec, block)
        decoded = decode_chunk(chunk, codec, dtype.itemsize, pixels.nbytes, decoder)
        np.testing.assert_array_equal(decoded.view(dtype).reshape(shape), pixels)

    @pytest.mark.parametrize(("codec", "shape", "dtype"), _CASES)
    def test_pixels_go_where_they_are_wanted(
        self, decoder: Decoder, codec: Codec, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> None:
        pixels = _pixels(shape, dtype)
        room = np.full(pixels.nbytes + 32, 0xA5, np.uint8)
        out = room[16:-16]
        chunk = encode_chunk(pixels, codec)
        assert decode_chunk(chunk, codec, dtype.itemsize, pixels.nbytes, decoder, out=out) is out
        assert out.tobytes() == pixels.tobytes()
        assert (room[:16] == 0xA5).all()
        assert (room[-16:] == 0xA5).all()

    @pytest.mark.parametrize(("codec", "shape", "dtype"), _CASES)
    def test_some_of_the_bytes(
        self, decoder: Decoder, codec: Codec, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> None:
        pixels = _pixels(shape, dtype)
        chunk, whole = encode_chunk(pixels, codec, 640), pixels.tobytes()
        randomly = random.Random(3)  # noqa: S311
        for _ in range(30):
            start, stop = sorted(randomly.sample(range(len(whole) + 1), 2))
            some = decode_chunk(chunk, codec, dtype.itemsize, len(whole), decoder, start=start, stop=stop)
            assert some.tobytes() == whole[start:stop]

    @pytest.mark.parametrize("codec", [Codec.BSLZ4, Codec.LZ4])
    def test_a_chunk_cut_off_anywhere_is_inconsistent(self, decoder: Decoder, codec: Codec) -> None:
        pixels = _pixels((33, 47), np.dtype("u2"))
        chunk = encode_chunk(pixels, codec, 640)
        for length in range(len(chunk)):
            with pytest.raises(Inconsistent):
                decode_chunk(chunk[:length], codec, 2, pixels.nbytes, decoder)

    @pytest.mark.parametrize("codec", [Codec.BSLZ4, Codec.LZ4])
    @pytest.mark.parametrize(
        ("at", "layout", "values"),
        [
            (0, ">Q", (0, 1, 2**31, 2**63, 2**64 - 1)),
            (8, ">I", (0, 1, 2**31, 2**32 - 1)),
            (12, ">I", (0, 1, 2**31 - 1, 2**31, 2**32 - 1)),
        ],
        ids=["size", "block size", "block length"],
    )
    def test_a_forged_header_is_inconsistent(
        self, decoder: Decoder, codec: Codec, at: int, layout: str, values: tuple[int, ...]
    ) -> None:
        pixels = _pixels((120, 130), np.dtype("u4"))
        chunk = encode_chunk(pixels, codec)
        for value in values:
            forged = bytearray(chunk)
            struct.pack_into(layout, forged, at, value)
            with pytest.raises(Inconsistent):
                decode_chunk(bytes(forged), codec, 4, pixels.nbytes, decoder)

    @pytest.mark.parametrize("codec", [Codec.BSLZ4, Codec.LZ4])
    def test_flipped_bits_raise_or_give_as_many_pixels(self, decoder: Decoder, codec: Codec) -> None:
        pixels = _pixels((33, 47), np.dtype("u2"))
        chunk = encode_chunk(pixels, codec, 640)
        randomly = random.Random(1)  # noqa: S311
        inconsistent = 0
        for _ in range(2000):
            damaged = bytearray(chunk)
            for _ in range(randomly.choice([1, 1, 3, 20])):
                damaged[randomly.randrange(len(chunk))] ^= 1 << randomly.randrange(8)
            try:
                decoded = decode_chunk(bytes(damaged), codec, 2, pixels.nbytes, decoder)
                assert decoded.size == pixels.nbytes
            except Inconsistent:
                inconsistent += 1
        assert inconsistent > 100

    def test_a_block_that_happens_to_be_as_long_as_its_decoded_self_is_no_raw_one(
        self, decoder: Decoder
    ) -> None:
        """HDF5's LZ4 filter takes such a block for raw bytes; bitshuffle-LZ4 compresses it all the same."""
        for seed in range(3000):
            pixels = np.random.default_rng(seed).integers(0, 256, 72, "u1")
            pixels[: seed % 40] = 0
            chunk = encode_chunk(pixels, Codec.BSLZ4, 72)
            if len(chunk) == 16 + 72:
                break
        else:
            pytest.fail("no such block was found")
        np.testing.assert_array_equal(decode_chunk(chunk, Codec.BSLZ4, 1, 72, decoder), pixels)

    def test_several_threads_at_once(self, decoder: Decoder) -> None:
        frames = [_pixels((height, 130), np.dtype("u4")) for height in range(100, 116)]
        chunks = [encode_chunk(pixels, Codec.BSLZ4) for pixels in frames]

        def decode(n: int) -> bool:
            size = frames[n].nbytes
            return decode_chunk(chunks[n], Codec.BSLZ4, 4, size, decoder).tobytes() == frames[n].tobytes()

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(decode, list(range(16)) * 10))
