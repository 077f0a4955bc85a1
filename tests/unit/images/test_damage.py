"""Damaged chunks and forged sizes: an error of ours, never a crash, never much memory."""

import random
import struct

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.errors import DamagedChunk, Hdf5Error, Id3cDataError
from id3c_data.h5api import Codec, ImagecodecsDecoder, Inconsistent, decode_chunk
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, PluginWriter, Series

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


@pytest.fixture
def master(tmp_path):
    return LegacyWriter(tmp_path, Series("x_1", 1, 3), MODEL).write_series()


def chunk_place(path, n):
    with h5py.File(path) as file:
        info = file["entry/data/data"].id.get_chunk_info(n)
        return info.byte_offset, info.size


def overwrite(path, offset, data):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_a_damaged_chunk_is_named_by_frame_and_file(master):
    offset, size = chunk_place(master.data[0], 1)
    overwrite(master.data[0], offset, bytes(size))
    stack = open_stack(master.master)
    with pytest.raises(DamagedChunk, match=r"x_1_data_000001.h5.*frame 1 is damaged.*header says 0 bytes"):
        stack[1].read()
    np.testing.assert_array_equal(stack[2].read(), MODEL.frame(1, 3))


@pytest.mark.parametrize("compression", ["zlib"])
def test_a_chunk_that_hdf5_itself_cannot_decode_is_a_damaged_chunk(tmp_path, compression):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype, compression=compression) as file:
        for image in (1, 2):
            file.append(MODEL.frame(1, image), image, 1.7e9)
    offset, size = chunk_place(file.path, 1)
    overwrite(file.path, offset, bytes(size))
    stack = open_stack(file.path)
    np.testing.assert_array_equal(stack[0].read(), MODEL.frame(1, 1))
    with pytest.raises(DamagedChunk, match="frame 1 cannot be decoded"):
        stack[1].read()


@pytest.mark.parametrize("shape", [(2**40, 8, 8), (2, 2**20, 2**20)])
def test_a_forged_shape_reserves_no_memory(tmp_path, shape):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", shape, "u2", chunks=(1, 8, 8))
    with pytest.raises(Hdf5Error, match="beyond reason"):
        open_stack(tmp_path / "p.h5")


def test_forged_chunks_without_number_reserve_no_memory(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", (1_000_000, 1000, 1000), "u2", chunks=(1, 1, 1))
    with pytest.raises(Hdf5Error, match="chunks without number"):
        open_stack(tmp_path / "p.h5")


def test_a_frame_that_its_few_bytes_cannot_hold_reserves_no_memory():
    data = struct.pack(">QII", 1 << 30, 8192, 5) + b"hello"
    with pytest.raises(Inconsistent, match="cannot decode"):
        decode_chunk(data, Codec.LZ4, 2, np.empty(1 << 30, np.uint8), DECODER)


def test_truncated_data_files_raise_or_are_whole(master):
    content = master.data[0].read_bytes()
    randomly = random.Random(2)  # noqa: S311
    for length in [0, 1, 7, 8, 11, 12, 48, *randomly.sample(range(len(content)), 60)]:
        master.data[0].write_bytes(content[:length])
        with pytest.raises(Id3cDataError):
            open_stack(master.master).read()


@pytest.mark.parametrize("place", range(20))
def test_flips_in_chunks_of_a_file_raise_or_give_the_right_shape(master, place):
    offset, size = chunk_place(master.data[0], place % 3)
    content = bytearray(master.data[0].read_bytes())
    content[offset + place * size // 20] ^= 1 << (place % 8)
    master.data[0].write_bytes(content)
    stack = open_stack(master.master)
    try:
        assert stack.read().shape == (3, 32, 47)
    except DamagedChunk as error:
        assert "x_1_data_000001.h5" in str(error)  # noqa: PT017 (both ways are right)
