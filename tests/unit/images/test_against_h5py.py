"""A stack gives what h5py gives: all layouts, pixel types and filters, by any slice and on every path."""

from itertools import product

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from id3c_data.h5api import decoders_here
from id3c_data.images import decode_frames, open_stack
from id3c_data.sim import CHANNELS, FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series

assert hdf5plugin.FILTERS  # registers the filters that h5py decodes with

FRAMES, HEIGHT, WIDTH = 7, 33, 47


def legacy(folder, model, compression):
    files = LegacyWriter(folder, Series("x_1", 1, FRAMES, 3), model, compression=compression).write_series()
    return files.master, [(path, "entry/data/data", ...) for path in files.data]


def in_master(folder, model, compression):
    series = Series("x_1", 1, FRAMES, images_per_file=0)
    master = LegacyWriter(folder, series, model, compression=compression).write_series().master
    return master, [(master, "entry/data/data_000001", ...)]


def nexus(folder, model, compression):
    writer = NexusWriter(
        folder, Series("x_1", 1, FRAMES, 3), model, channels=CHANNELS, compression=compression
    )
    files = writer.write_series()
    return files.master, [(path, "entry/data/data", np.s_[:, 0]) for path in files.data]


def plugin(folder, model, compression):
    with PluginWriter(folder / "p.h5", model.shape, model.dtype, compression=compression) as file:
        for n in range(1, FRAMES + 1):
            file.append(model.frame(1, n), n, 1.7e9)
    return file.path, [(file.path, "entry/data/data", ...)]


CASES = [
    pytest.param(*case, id="-".join((case[0].__name__, str(case[1]), case[2])))
    for case in product((legacy, in_master, nexus, plugin), (8, 16, 32), ("bslz4", "lz4", "none"))
] + [pytest.param(plugin, 16, "zlib", id="plugin-16-zlib")]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Stacks and what h5py reads of the same files, made when they are first asked for."""
    made = {}

    def pair(write, bits, compression):
        key = write, bits, compression
        if key not in made:
            master, sources = write(
                tmp_path_factory.mktemp("x"), FrameModel(HEIGHT, WIDTH, bits), compression
            )
            parts = []
            for path, dataset, key_in_it in sources:
                with h5py.File(path) as file:
                    parts.append(file[dataset][key_in_it])
            made[key] = open_stack(master), np.concatenate(parts)
        return made[key]

    return pair


def indices(length):
    numbers = st.integers(-length, length - 1)
    return st.one_of(st.slices(length), numbers, st.lists(numbers, max_size=4))


@pytest.mark.parametrize("decoder", decoders_here(), ids=lambda decoder: decoder.name)
@pytest.mark.parametrize(("write", "bits", "compression"), CASES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_path(pairs, monkeypatch, decoder, write, bits, compression, data):
    monkeypatch.setattr("id3c_data.images._compressed.decoder_in_use", lambda: decoder)
    stack, array = pairs(write, bits, compression)
    for axis in range(3):  # one after the other: NumPy matches lists on several axes with each other
        if axis >= stack.ndim:
            break
        key = (slice(None),) * axis + (data.draw(indices(array.shape[axis])),)
        stack, array = stack[key], array[key]
        if isinstance(key[-1], int):
            break
    np.testing.assert_array_equal(stack.read(), array)
    out = np.full_like(array, 1)
    np.testing.assert_array_equal(stack.read(out=out), array)
    if array.ndim:
        for item, expected in zip(stack, array, strict=True):
            np.testing.assert_array_equal(item, expected)
            assert not item.flags.writeable
    np.testing.assert_array_equal(stack.sum(), array.sum(dtype="u8"))


@pytest.mark.parametrize(("write", "bits", "compression"), CASES)
def test_compressed_frames(pairs, write, bits, compression):
    stack, array = pairs(write, bits, compression)
    out = np.empty_like(array)
    decode_frames(stack.compressed(), out)
    np.testing.assert_array_equal(out, array)


@pytest.mark.parametrize(("dtype", "room"), [("u2", "u4"), ("u2", "f4"), ("u1", "i2")])
def test_pixels_go_into_an_array_of_a_larger_type(tmp_path, dtype, room):
    images = np.arange(3 * 8 * 9, dtype=dtype).reshape(3, 8, 9)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("entry/data/data", data=images, chunks=(1, 8, 9), **hdf5plugin.Bitshuffle())
    out = np.empty((8, 3, 9), room).swapaxes(0, 1)  # and with strides of its own
    np.testing.assert_array_equal(open_stack(tmp_path / "x.h5").read(out=out), images)


@pytest.mark.parametrize("dtype", ["u2", ">u4"])
@pytest.mark.parametrize("chunks", [None, (1, 8, 9), (2, 8, 9), (1, 16, 9), (1, 4, 9), (2, 5, 4), (1, 1, 9)])
def test_pixels_that_are_not_compressed_go_into_any_array(tmp_path, dtype, chunks):
    images = np.arange(5 * 8 * 9, dtype=dtype).reshape(5, 8, 9)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        most = None if chunks is None else (None, None, None)
        file.create_dataset("entry/data/data", data=images, chunks=chunks, maxshape=most)
    stack = open_stack(tmp_path / "x.h5")
    as_stored, strided = np.zeros_like(images), np.zeros((8, 5, 9), dtype).swapaxes(0, 1)
    for out in (as_stored, strided, np.zeros(images.shape, "=u4"), np.zeros(images.shape, "f8")):
        assert stack.read(out) is out
        np.testing.assert_array_equal(out, images)
    np.testing.assert_array_equal(stack[1::2, 3:, ::-1].read(), images[1::2, 3:, ::-1])
    as_stored.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        stack.read(as_stored)


@pytest.mark.parametrize(("frames", "dtype"), [(2, "u2"), (3, "u1"), (3, "i2")])
def test_an_array_that_cannot_hold_them_is_refused(tmp_path, frames, dtype):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("entry/data/data", data=np.ones((3, 8, 9), "u2"), chunks=(1, 8, 9))
    with pytest.raises(ValueError, match="does not go into"):
        open_stack(tmp_path / "x.h5").read(out=np.empty((frames, 8, 9), dtype))


def test_a_dataset_of_one_image(tmp_path):
    image = np.arange(72, dtype="u4").reshape(8, 9)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("entry/data/data", data=image, chunks=(4, 9), **hdf5plugin.Bitshuffle())
    stack = open_stack(tmp_path / "x.h5")
    np.testing.assert_array_equal(stack.read(), image[np.newaxis])
    np.testing.assert_array_equal(stack[0, 5:7, ::2].read(), image[5:7, ::2])
