"""Every layout, type and compression, pixel by pixel against what the simulated detector made."""

import itertools
import shutil

import h5py
import hdf5plugin
import numpy as np
import pytest

from id3c_data.errors import BrokenLink, FileMissing, FrameNotWritten, Hdf5Error, LayoutUnknown
from id3c_data.images import open_stack
from id3c_data.sim import CHANNELS, FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series

SIZES = [(32, 48), (33, 47), (2, 3)]
BIT_DEPTHS = [8, 16, 32]
COMPRESSIONS = ["bslz4", "lz4", "none"]
WRITERS = [LegacyWriter, NexusWriter]


def frames_of(model, images, series=1, channel="threshold_1"):
    return np.stack([model.frame(series, image, channel) for image in images])


def assert_same(stack, expected):
    pixels = stack.read()
    assert stack.shape == expected.shape
    assert pixels.dtype == stack.dtype == expected.dtype
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("images_per_file", [1, 2, 5, 100, 0])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_series_is_one_stack_however_many_files_it_has(tmp_path, writer, images_per_file):
    model = FrameModel(32, 48, 16)
    files = writer(tmp_path, Series("x_1", 1, 5, images_per_file), model).write_series()
    assert_same(open_stack(files.master), frames_of(model, range(1, 6)))


@pytest.mark.parametrize(
    ("writer", "size", "bit_depth", "compression"),
    list(itertools.product(WRITERS, SIZES, BIT_DEPTHS, COMPRESSIONS)),
)
def test_every_size_type_and_compression_of_the_detector(tmp_path, writer, size, bit_depth, compression):
    model = FrameModel(*size, bit_depth)
    files = writer(tmp_path, Series("x_1", 1, 3, 2), model, compression=compression).write_series()
    stack = open_stack(files.master)
    assert_same(stack, frames_of(model, [1, 2, 3]))
    with h5py.File(files.data[0]) as file:
        np.testing.assert_array_equal(stack[:2].read(), file["entry/data/data"][...].reshape(2, *size))


def test_full_size_frames(tmp_path):
    model = FrameModel()
    files = LegacyWriter(tmp_path, Series("x_1", 1, 3, 2), model).write_series()
    assert_same(open_stack(files.master), frames_of(model, [1, 2, 3]))


def test_links_of_very_old_firmware(tmp_path):
    model = FrameModel(32, 48, 16)
    files = LegacyWriter(tmp_path, Series("x_1", 1, 5, 2), model, links_in_entry=True).write_series()
    assert_same(open_stack(files.master), frames_of(model, range(1, 6)))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("images_per_file", [2, 0])
def test_each_channel_is_a_stack(tmp_path, channel, images_per_file):
    model, series = FrameModel(32, 48, 16), Series("x_1", 1, 5, images_per_file)
    files = NexusWriter(tmp_path, series, model, channels=CHANNELS).write_series()
    assert_same(open_stack(files.master, channel=channel), frames_of(model, range(1, 6), channel=channel))


@pytest.mark.parametrize("images_per_file", [2, 0])
def test_a_lone_second_threshold_is_found_by_its_name(tmp_path, images_per_file):
    model, series = FrameModel(32, 48, 16), Series("x_1", 1, 3, images_per_file)
    files = NexusWriter(tmp_path, series, model, channels=("threshold_2",)).write_series()
    expected = frames_of(model, [1, 2, 3], channel="threshold_2")
    assert_same(open_stack(files.master, channel="threshold_2"), expected)
    with pytest.raises(LayoutUnknown, match="there is threshold_2"):
        open_stack(files.master)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_channel_that_is_not_there_is_refused(tmp_path, writer):
    files = writer(tmp_path, Series("x_1", 1, 1), FrameModel(8, 9)).write_series()
    with pytest.raises(Hdf5Error, match="channel"):
        open_stack(files.master, channel="difference")
    with pytest.raises(LayoutUnknown, match="no channel 'nonsense'"):
        open_stack(files.master, channel="nonsense")


@pytest.mark.parametrize("compression", [*COMPRESSIONS, "zlib"])
@pytest.mark.parametrize("swmr", [False, True])
def test_a_file_of_the_hdf5_plugin(tmp_path, compression, swmr):
    model = FrameModel(32, 48, 16)
    with PluginWriter(
        tmp_path / "p.h5", model.shape, model.dtype, compression=compression, swmr=swmr
    ) as file:
        for image in (1, 2, 3):
            file.append(model.frame(1, image), image, 1.7e9)
    assert_same(open_stack(file.path), frames_of(model, [1, 2, 3]))


@pytest.mark.parametrize("compression", ["none", "bslz4", "zlib"])
def test_a_single_mode_file_of_the_hdf5_plugin_has_one_frame(tmp_path, compression):
    model = FrameModel(32, 48, 16)
    with PluginWriter(
        tmp_path / "p.h5", model.shape, model.dtype, compression=compression, single=True
    ) as file:
        file.append(model.frame(1, 1), 1, 1.7e9)
    assert_same(open_stack(file.path), frames_of(model, [1]))


def test_a_plugin_file_without_frames_is_an_empty_stack(tmp_path):
    PluginWriter(tmp_path / "p.h5", (32, 48), np.dtype("<u2")).close()
    stack = open_stack(tmp_path / "p.h5")
    assert stack.shape == (0, 32, 48)
    assert stack.read().shape == (0, 32, 48)


def test_a_file_that_a_swmr_writer_has_open(tmp_path):
    model = FrameModel(32, 48, 16)
    with PluginWriter(tmp_path / "p.h5", model.shape, model.dtype, swmr=True) as file:
        for image in (1, 2):
            file.append(model.frame(1, image), image, 1.7e9)
        file.flush()
        stack = open_stack(file.path)
        file.append(model.frame(1, 3), 3, 1.7e9)
        file.flush()
        assert_same(stack, frames_of(model, [1, 2]))
        assert_same(open_stack(file.path), frames_of(model, [1, 2, 3]))


def test_a_data_file_alone_is_a_stack(tmp_path):
    model = FrameModel(32, 48, 16)
    files = LegacyWriter(tmp_path, Series("x_1", 1, 4, 2), model).write_series()
    assert_same(open_stack(files.data[1]), frames_of(model, [3, 4]))


def test_several_masters_are_one_stack(tmp_path):
    model = FrameModel(32, 48, 16)
    masters = [
        LegacyWriter(tmp_path, Series(f"x_{n}", n, n, 2), model).write_series().master for n in (1, 2, 3)
    ]
    stack = open_stack(*masters)
    expected = np.concatenate([frames_of(model, range(1, n + 1), series=n) for n in (1, 2, 3)])
    assert_same(stack, expected)
    assert stack.masters == tuple(masters)
    assert len(stack.files) == 4


def test_frames_of_external_gates_without_a_frame_axis(tmp_path):
    model = FrameModel(32, 48, 16)
    with h5py.File(tmp_path / "m.h5", "w") as master:
        for k in (1, 2):
            with h5py.File(tmp_path / f"d_{k}.h5", "w") as file:
                file.create_dataset("entry/data/data", data=model.frame(1, k), chunks=model.shape)
            master[f"entry/data/data_{k:06d}"] = h5py.ExternalLink(f"d_{k}.h5", "/entry/data/data")
    assert_same(open_stack(tmp_path / "m.h5"), frames_of(model, [1, 2]))


@pytest.mark.parametrize("dtype", ["<i4", ">u2", ">i4", "<f4", "<u8", "|i1", "|u1"])
@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (1, 7, 9)}, {"chunks": (1, 7, 9), **hdf5plugin.Bitshuffle()}],
    ids=["contiguous", "chunked", "bslz4"],
)
def test_signed_and_big_endian_types(tmp_path, dtype, options):
    values = (np.arange(3 * 7 * 9).reshape(3, 7, 9) - (50 if np.dtype(dtype).kind == "i" else 0)).astype(
        dtype
    )
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", data=values, **options)
    assert_same(open_stack(tmp_path / "p.h5"), values)


@pytest.mark.parametrize("chunks", [(2, 8, 12), (1, 3, 5), (3, 3, 12), (5, 8, 5), (7, 8, 12)])
@pytest.mark.parametrize(
    "filters", [{}, dict(hdf5plugin.Bitshuffle()), dict(hdf5plugin.LZ4()), {"compression": 1}]
)
def test_chunks_that_are_not_one_frame(tmp_path, chunks, filters):
    values = np.random.default_rng(1).integers(0, 99, (7, 8, 12), "u2")
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", data=values, chunks=chunks, maxshape=(None,) * 3, **filters)
    assert_same(open_stack(tmp_path / "p.h5"), values)


@pytest.mark.parametrize("chunks", [(1, 2, 8, 12), (2, 1, 8, 12), (2, 2, 3, 12)])
def test_chunks_that_hold_several_channels(tmp_path, chunks):
    values = np.random.default_rng(1).integers(0, 99, (5, 3, 8, 12), "u4")
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("entry/data/data", data=values, chunks=chunks, **hdf5plugin.Bitshuffle())
    for c, channel in enumerate(CHANNELS):
        assert_same(open_stack(tmp_path / "p.h5", channel=channel), values[:, c])


def test_a_contiguous_dataset_with_channels(tmp_path):
    values = np.random.default_rng(1).integers(0, 99, (5, 3, 8, 12), "u4")
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["entry/data/data"] = values
    assert_same(open_stack(tmp_path / "p.h5", channel="threshold_2"), values[:, 1])


def test_a_compact_dataset(tmp_path):
    values = np.arange(24, dtype="u2").reshape(2, 3, 4)
    with h5py.File(tmp_path / "p.h5", "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        group = file.create_group("entry/data")
        space = h5py.h5s.create_simple(values.shape)
        h5py.h5d.create(group.id, b"data", h5py.h5t.STD_U16LE, space, plist)
        group["data"][...] = values
    assert_same(open_stack(tmp_path / "p.h5"), values)


def test_a_file_with_a_user_block(tmp_path):
    model = FrameModel(32, 48, 16)
    with h5py.File(tmp_path / "p.h5", "w", userblock_size=1024) as file:
        file.create_dataset(
            "entry/data/data", data=frames_of(model, [1, 2]), chunks=(1, 32, 48), **hdf5plugin.Bitshuffle()
        )
        file.create_dataset("other/data", data=frames_of(model, [3]))
        file["entry/instrument/detector/data"] = file["other/data"]
    assert_same(open_stack(tmp_path / "p.h5"), frames_of(model, [1, 2]))


def test_a_chunk_that_was_stored_without_its_filter(tmp_path):
    model = FrameModel(32, 48, 16)
    with h5py.File(tmp_path / "p.h5", "w") as file:
        dataset = file.create_dataset(
            "entry/data/data", (2, 32, 48), "u2", chunks=(1, 32, 48), **hdf5plugin.Bitshuffle()
        )
        dataset[0] = model.frame(1, 1)
        dataset.id.write_direct_chunk((1, 0, 0), model.frame(1, 2).tobytes(), filter_mask=1)
    assert_same(open_stack(tmp_path / "p.h5"), frames_of(model, [1, 2]))


def test_a_virtual_dataset_over_virtual_datasets(tmp_path):
    model = FrameModel(32, 48, 16)
    files = [NexusWriter(tmp_path, Series(f"x_{n}", n, 3, 2), model).write_series() for n in (1, 2)]
    layout = h5py.VirtualLayout((4, 1, 32, 48), "u2")
    for n, file in enumerate(files):
        source = h5py.VirtualSource(file.master.name, "/entry/data/data", (3, 1, 32, 48))
        layout[2 * n : 2 * n + 2] = source[1:3]
    with h5py.File(tmp_path / "all.h5", "w", libver="latest") as file:
        file.create_group("entry/data").create_virtual_dataset("data", layout)
    expected = np.concatenate([frames_of(model, [2, 3], series=n) for n in (1, 2)])
    assert_same(open_stack(tmp_path / "all.h5"), expected)


def test_a_virtual_dataset_that_joins_data_files_of_another_rank(tmp_path):
    model = FrameModel(32, 48, 16)
    layout = h5py.VirtualLayout((2, 32, 48), "u2")
    for n in (0, 1):
        with h5py.File(tmp_path / f"d_{n}.h5", "w") as file:
            file["image"] = model.frame(1, n + 1)
        layout[n] = h5py.VirtualSource(f"d_{n}.h5", "image", (32, 48))
    with h5py.File(tmp_path / "all.h5", "w", libver="latest") as file:
        file.create_group("entry/data").create_virtual_dataset("data", layout)
    assert_same(open_stack(tmp_path / "all.h5"), frames_of(model, [1, 2]))


def test_the_working_folder_does_not_matter(tmp_path, monkeypatch):
    model = FrameModel(32, 48, 16)
    (tmp_path / "data").mkdir()
    files = LegacyWriter(tmp_path / "data", Series("x_1", 1, 2), model).write_series()
    monkeypatch.chdir(tmp_path)
    stack = open_stack("data/" + files.master.name)
    monkeypatch.chdir("/")
    assert_same(stack, frames_of(model, [1, 2]))


def test_a_link_with_the_path_of_the_detector_is_mapped(tmp_path):
    model = FrameModel(32, 48, 16)
    files = LegacyWriter(tmp_path, Series("x_1", 1, 2, 2), model).write_series()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(files.data[0], elsewhere)
    with h5py.File(files.master, "a") as file:
        del file["entry/data/data_000001"]
        file["entry/data/data_000001"] = h5py.ExternalLink(
            "/detector/data/" + files.data[0].name, "/entry/data/data"
        )
    with pytest.raises(FrameNotWritten, match=r"/detector/data/x_1_data_000001.h5"):
        open_stack(files.master)[0].read()
    assert_same(
        open_stack(files.master, path_map={"/detector/data": str(elsewhere)}), frames_of(model, [1, 2])
    )


@pytest.mark.parametrize("shape", [(4,), (2, 2, 2, 2, 2), (3, 0, 5)])
def test_datasets_of_no_images_are_refused(tmp_path, shape):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["entry/data/data"] = np.zeros(shape, "u2")
    with pytest.raises(Hdf5Error, match="no images"):
        open_stack(tmp_path / "p.h5")


def test_texts_are_no_images(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["entry/data/data"] = np.full((2, 2), "x", "S1")
    with pytest.raises(Hdf5Error, match="no images"):
        open_stack(tmp_path / "p.h5")


def test_a_file_without_images_is_refused(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["measurement/data"] = 1
    with pytest.raises(LayoutUnknown, match="neither /entry/data/data nor"):
        open_stack(tmp_path / "p.h5")


def test_a_group_where_a_dataset_should_be_is_refused(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_group("entry/data/data")
    with pytest.raises(LayoutUnknown, match="group and no dataset"):
        open_stack(tmp_path / "p.h5")


def test_a_master_that_is_not_there(tmp_path):
    with pytest.raises(FileMissing, match="x_1_master"):
        open_stack(tmp_path / "x_1_master.h5")


def test_no_master_at_all():
    with pytest.raises(TypeError, match="needs a master"):
        open_stack()


@pytest.mark.parametrize("other", [FrameModel(32, 48, 32), FrameModel(31, 48, 16)])
def test_data_files_of_different_kinds_are_refused(tmp_path, other):
    LegacyWriter(tmp_path, Series("x_1", 1, 4, 2), FrameModel(32, 48, 16)).write_series()
    LegacyWriter(tmp_path, Series("x_1", 1, 4, 2), other).write_data(2)
    with pytest.raises(Hdf5Error, match=r"different kinds.*x_1_data_000002"):
        open_stack(tmp_path / "x_1_master.h5")


def test_masters_of_different_kinds_are_refused(tmp_path):
    masters = [
        LegacyWriter(tmp_path, Series(f"x_{depth}", 1, 1), FrameModel(32, 48, depth)).write_series().master
        for depth in (16, 32)
    ]
    with pytest.raises(Hdf5Error, match=r"different kinds.*x_32_master"):
        open_stack(*masters)


def test_a_combination_of_filters_with_bitshuffle_is_refused(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset(
            "entry/data/data", (2, 8, 8), "u2", chunks=(1, 8, 8), shuffle=True, **hdf5plugin.Bitshuffle()
        )
    with pytest.raises(LayoutUnknown, match="cannot be decoded safely"):
        open_stack(tmp_path / "p.h5")


def test_bitshuffle_with_another_compressor_is_refused(tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset(
            "entry/data/data", (2, 8, 8), "u2", chunks=(1, 8, 8), **hdf5plugin.Bitshuffle(cname="zstd")
        )
    with pytest.raises(LayoutUnknown, match="cannot be decoded safely"):
        open_stack(tmp_path / "p.h5")


def test_a_master_that_says_no_size_and_has_no_data_file_cannot_be_opened(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["entry/data/data_000001"] = h5py.ExternalLink("gone.h5", "/entry/data/data")
    with pytest.raises(BrokenLink, match=r"gone.h5"):
        open_stack(tmp_path / "m.h5")
