"""Damaged data files and forged sizes: an error that names frame and file, never a crash."""

import os
import random

import h5py
import hdf5plugin
import numpy as np
import pytest

from id3c_data.errors import DamagedChunk, Hdf5Error, Id3cDataError
from id3c_data.images import decode_frames, open_stack
from id3c_data.sim import FrameModel, LegacyWriter, PluginWriter, Series

MODEL = FrameModel(32, 47, 16)
assert hdf5plugin.FILTERS  # registers the filter that h5py decodes with


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


@pytest.mark.parametrize("damaged", range(3))
def test_the_other_frames_are_what_h5py_reads_of_them_on_every_path(master, damaged):
    offset, size = chunk_place(master.data[0], damaged)
    overwrite(master.data[0], offset, bytes(size))
    others = [n for n in range(3) if n != damaged]
    with h5py.File(master.data[0]) as file:
        expected = np.stack([file["entry/data/data"][n] for n in others])
    stack = open_stack(master.master)
    out = np.empty_like(expected)
    decode_frames(stack[others].compressed(), out)
    came = []
    with pytest.raises(DamagedChunk):
        came.extend(stack)
    np.testing.assert_array_equal(came, [MODEL.frame(1, n + 1) for n in range(damaged)])
    for pixels in (
        stack[others].read(),
        [stack[n].read() for n in others],
        list(stack[others]),
        [stack.to_dask()[n].compute(scheduler="synchronous") for n in others],
        out,
    ):
        np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(stack[others].sum(axis=0), expected.sum(axis=0))


@pytest.mark.parametrize("chunks", [None, (1, *MODEL.shape), (2, *MODEL.shape)])
def test_a_frame_that_is_not_compressed_and_cut_off_is_a_damaged_chunk(tmp_path, chunks):
    images = np.arange(4 * 32 * 47, dtype="u2").reshape(4, *MODEL.shape)
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("entry/data/data", data=images, chunks=chunks)
        file.swmr_mode = True
        stack = open_stack(path)
        np.testing.assert_array_equal(stack.read(), images)
        os.truncate(path, path.read_bytes().index(images[3].tobytes()) + 100)
        for read in (stack[3].read, stack[3, 5].read):
            with pytest.raises(DamagedChunk, match="frame 3 is cut off"):
                read()


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


@pytest.mark.fault("forged sizes in a file", injected="a dataset claims a million million frames or pixels")
@pytest.mark.parametrize("shape", [(2**40, 8, 8), (2, 2**20, 2**20)])
def test_a_forged_shape_reserves_no_memory(tmp_path, shape, fault_report):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", shape, "u2", chunks=(1, 8, 8))
    with pytest.raises(Hdf5Error, match="beyond reason") as error:
        open_stack(tmp_path / "p.h5")
    fault_report(error.value)


def test_forged_chunks_without_number_reserve_no_memory(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", (1_000_000, 1000, 1000), "u2", chunks=(1, 1, 1))
    with pytest.raises(Hdf5Error, match="chunks without number"):
        open_stack(tmp_path / "p.h5")


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
