"""Chunks: decoded when they are whole; an error of ours, never a crash, never much memory, when not."""

import random
import struct

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.h5api import Codec, ImagecodecsDecoder, Inconsistent, decode_chunk
from id3c_data.sim import FrameModel, LegacyWriter, Series

MODEL = FrameModel(32, 47, 16)  # 1504 pixels, a multiple of 8, so that none stands raw at the end
TAILED = FrameModel(33, 47, 32)  # 1551 pixels, of which the last 7 are raw
DECODER = ImagecodecsDecoder()
CODECS = {"bslz4": Codec.BSLZ4, "lz4": Codec.LZ4}


def chunk_of(folder, model, compression):
    path = LegacyWriter(folder, Series("x_1", 1, 1), model, compression=compression).write_data(1)
    with h5py.File(path) as file:
        return file["entry/data/data"].id.read_direct_chunk((0, 0, 0))[1]


@pytest.fixture(scope="module", params=[(m, c) for m in (MODEL, TAILED) for c in CODECS], ids=str)
def chunk(request, tmp_path_factory):
    model, compression = request.param
    return chunk_of(tmp_path_factory.mktemp("chunk"), model, compression), model, CODECS[compression]


def decode(chunk, model, codec):
    out = np.zeros(model.height * model.width, model.dtype)
    decode_chunk(chunk, codec, model.dtype.itemsize, out.view(np.uint8), DECODER)
    return out.reshape(model.shape)


def test_the_chunk_itself_decodes(chunk):
    data, model, codec = chunk
    np.testing.assert_array_equal(decode(data, model, codec), model.frame(1, 1))


def test_a_chunk_cut_off_anywhere_is_inconsistent(chunk):
    data, model, codec = chunk
    for length in range(len(data)):
        with pytest.raises(Inconsistent):
            decode(data[:length], model, codec)


def test_a_chunk_with_bytes_behind_its_end_is_inconsistent(chunk):
    data, model, codec = chunk
    with pytest.raises(Inconsistent):
        decode(data + b"\0", model, codec)


@pytest.mark.parametrize("size", [0, 1, 2**31, 2**63, 2**64 - 1])
def test_a_forged_size_is_inconsistent(chunk, size):
    data, model, codec = chunk
    with pytest.raises(Inconsistent, match="header says"):
        decode(struct.pack(">Q", size) + data[8:], model, codec)


@pytest.mark.parametrize("block", [0, 1, 2**31, 2**32 - 1])
def test_a_forged_block_size_is_inconsistent(chunk, block):
    data, model, codec = chunk
    try:
        pixels = decode(data[:8] + struct.pack(">I", block) + data[12:], model, codec)
    except Inconsistent:
        return
    # A chunk of one block decodes the same, however large the block could be.
    assert codec is Codec.LZ4
    np.testing.assert_array_equal(pixels, model.frame(1, 1))


@pytest.mark.parametrize("length", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_a_forged_block_length_is_inconsistent(chunk, length):
    data, model, codec = chunk
    with pytest.raises(Inconsistent):
        decode(data[:12] + struct.pack(">I", length) + data[16:], model, codec)


def test_flipped_bits_raise_or_give_pixels_of_the_right_shape(chunk):
    data, model, codec = chunk
    randomly = random.Random(1)  # noqa: S311
    inconsistent = 0
    for _ in range(2000):
        damaged = bytearray(data)
        for _ in range(randomly.choice([1, 1, 3, 20])):
            damaged[randomly.randrange(len(data))] ^= 1 << randomly.randrange(8)
        try:
            assert decode(bytes(damaged), model, codec).shape == model.shape
        except Inconsistent:
            inconsistent += 1
    assert inconsistent > 100


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(list(CODECS.values())), st.sampled_from([1, 2, 4]))
def test_any_bytes_behind_a_true_header_raise_or_decode(body, codec, itemsize):
    out = np.empty(1551 * itemsize, np.uint8)
    header = struct.pack(">QI", out.size, 8 * itemsize * 16)
    try:
        decode_chunk(header + body, codec, itemsize, out, DECODER)
    except Inconsistent as error:
        assert str(error)  # noqa: PT017 (both ways are right)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64), st.sampled_from([Codec.NONE, Codec.LZ4, Codec.BSLZ4]))
def test_any_bytes_at_all_raise(data, codec):
    with pytest.raises(Inconsistent):
        decode_chunk(data, codec, 2, np.empty(100, np.uint8), DECODER)


def test_a_block_that_happens_to_be_as_long_as_its_decoded_self_is_no_raw_one():
    """HDF5's LZ4 filter takes such a block for raw bytes; bitshuffle-LZ4 compresses it all the same."""
    import imagecodecs

    pixels = None
    for seed in range(3000):
        values = np.random.default_rng(seed).integers(0, 256, 72, "u1")
        values[: seed % 40] = 0
        shuffled = imagecodecs.bitshuffle_encode(values.tobytes(), itemsize=1, blocksize=72)
        block = imagecodecs.lz4_encode(shuffled)
        if len(block) == 72:
            pixels = values
            break
    assert pixels is not None
    chunk = struct.pack(">QII", 72, 72, 72) + bytes(block)
    out = np.zeros(72, np.uint8)
    decode_chunk(chunk, Codec.BSLZ4, 1, out, DECODER)
    np.testing.assert_array_equal(out, pixels)


def test_a_frame_that_its_few_bytes_cannot_hold_reserves_no_memory():
    data = struct.pack(">QII", 1 << 30, 8192, 5) + b"hello"
    with pytest.raises(Inconsistent, match="cannot decode"):
        decode_chunk(data, Codec.LZ4, 2, np.empty(1 << 30, np.uint8), DECODER)
