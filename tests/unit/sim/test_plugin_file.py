import h5py
import numpy as np
import pytest

from id3c_data.sim import FrameModel, PluginWriter

MODEL = FrameModel(32, 48, 16)


def fill(writer, count):
    for image in range(1, count + 1):
        writer.append(MODEL.frame(1, image), unique_id=image + 100, timestamp=1.7e9 + image)


@pytest.mark.parametrize("compression", ["none", "bslz4", "lz4", "zlib"])
def test_frames_stand_one_to_a_chunk_under_both_names(tmp_path, compression):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype, compression=compression) as writer:
        fill(writer, 3)
    with h5py.File(writer.path) as file:
        dataset = file["entry/data/data"]
        assert dataset.chunks == (1, 32, 48)
        assert dataset == file["entry/instrument/detector/data"]
        np.testing.assert_array_equal(dataset[...], np.stack([MODEL.frame(1, i) for i in (1, 2, 3)]))


def test_each_frame_has_its_attributes(tmp_path):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype) as writer:
        fill(writer, 2)
    with h5py.File(writer.path) as file:
        attributes = file["entry/instrument/NDAttributes"]
        assert attributes["NDArrayUniqueId"][...].tolist() == [101, 102]
        assert attributes["NDArrayTimeStamp"][1] - attributes["NDArrayTimeStamp"][0] == 1
        assert file["entry/instrument/performance/timestamp"].shape == (2, 5)


def test_single_mode_has_no_frame_axis(tmp_path):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype, single=True) as writer:
        fill(writer, 1)
        with pytest.raises(ValueError, match="room for one"):
            fill(writer, 1)
    with h5py.File(writer.path) as file:
        np.testing.assert_array_equal(file["entry/data/data"][...], MODEL.frame(1, 1))


def test_a_swmr_reader_follows_the_file_while_it_grows(tmp_path):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype, swmr=True) as writer:
        fill(writer, 1)
        writer.flush()
        with h5py.File(writer.path, swmr=True) as reader:
            dataset = reader["entry/data/data"]
            assert len(dataset) == 1
            fill(writer, 2)
            writer.flush()
            dataset.refresh()
            assert len(dataset) == 3


def test_closing_twice_is_harmless(tmp_path):
    writer = PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype)
    writer.close()
    writer.close()
    with h5py.File(writer.path) as file:
        assert file["entry/data/data"].shape == (0, 32, 48)
