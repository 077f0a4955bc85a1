import h5py
import numpy as np
import pytest

from id3c_data.sim import CHANNELS, DetectorSettings, FrameModel, LegacyWriter, NexusWriter, Series

MODEL = FrameModel(32, 48, 16)
SERIES = Series("x_7", number=7, images=5, images_per_file=2)


def frames(images, channel="threshold_1"):
    return np.stack([MODEL.frame(7, image, channel) for image in images])


def test_a_series_names_its_files_as_the_detector_does():
    assert SERIES.master_name == "x_7_master.h5"
    assert SERIES.data_names == ("x_7_data_000001.h5", "x_7_data_000002.h5", "x_7_data_000003.h5")


def test_the_last_data_file_of_a_series_is_shorter():
    assert [list(SERIES.images_in(k)) for k in (1, 2, 3)] == [[1, 2], [3, 4], [5]]


def test_a_master_alone_holds_relative_links_that_dangle(tmp_path):
    path = LegacyWriter(tmp_path, SERIES, MODEL).write_master()
    with h5py.File(path) as file:
        links = [file["entry/data"].get(name, getlink=True) for name in file["entry/data"]]
    assert [(link.filename, link.path) for link in links] == [
        (name, "/entry/data/data") for name in SERIES.data_names
    ]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("compression", ["bslz4", "lz4", "none"])
def test_a_legacy_series_reads_back_through_its_links(tmp_path, compression):
    files = LegacyWriter(tmp_path, SERIES, MODEL, compression=compression).write_series()
    with h5py.File(files.master) as file:
        parts = [file["entry/data"][name][...] for name in file["entry/data"]]
    np.testing.assert_array_equal(np.concatenate(parts), frames(range(1, 6)))


def test_very_old_firmware_put_the_links_into_entry(tmp_path):
    files = LegacyWriter(tmp_path, SERIES, MODEL, links_in_entry=True).write_series()
    with h5py.File(files.master) as file:
        np.testing.assert_array_equal(file["entry/data_000003"][...], frames([5]))
        assert list(file["entry/data"]) == []


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_without_images_per_file_the_master_holds_the_images(tmp_path, writer):
    files = writer(tmp_path, Series("x_7", 7, 3, images_per_file=0), MODEL).write_series()
    name = "data_000001" if writer is LegacyWriter else "data"
    with h5py.File(files.master) as file:
        np.testing.assert_array_equal(file["entry/data"][name][...].reshape(3, 32, 48), frames([1, 2, 3]))
    assert list(tmp_path.iterdir()) == [files.master]


def test_data_files_say_which_images_they_hold(tmp_path):
    path = LegacyWriter(tmp_path, SERIES, MODEL).write_data(2)
    with h5py.File(path) as file:
        attributes = dict(file["entry/data/data"].attrs)
    assert attributes == {"image_nr_low": 3, "image_nr_high": 4}


def test_a_series_cut_short_has_shorter_and_missing_data_files(tmp_path):
    files = LegacyWriter(tmp_path, SERIES, MODEL).write_series(taken=3)
    assert [path.name for path in files.data] == list(SERIES.data_names[:2])
    with h5py.File(files.data[1]) as file:
        assert file["entry/data/data"].shape == (1, 32, 48)
        assert file["entry/data/data"].attrs["image_nr_high"] == 3


def test_a_data_file_grows_image_by_image(tmp_path):
    with LegacyWriter(tmp_path, SERIES, MODEL).open_data(2) as file:
        assert (file.append(), file.full, file.append(), file.full) == (3, False, 4, True)
    with h5py.File(file.path) as written:
        np.testing.assert_array_equal(written["entry/data/data"][...], frames([3, 4]))


@pytest.mark.parametrize("channels", [("threshold_1",), ("threshold_1", "threshold_2"), CHANNELS])
def test_the_nexus_layout_is_one_virtual_dataset_with_a_channel_axis(tmp_path, channels):
    files = NexusWriter(tmp_path, SERIES, MODEL, channels=channels).write_series()
    with h5py.File(files.master) as file:
        dataset = file["entry/data/data"]
        assert dataset.is_virtual
        assert [source.file_name for source in dataset.virtual_sources()] == list(SERIES.data_names)
        for c, channel in enumerate(channels):
            np.testing.assert_array_equal(dataset[:, c], frames(range(1, 6), channel))


def test_the_nexus_layout_describes_each_channel(tmp_path):
    path = NexusWriter(tmp_path, SERIES, MODEL, channels=CHANNELS).write_master()
    with h5py.File(path) as file:
        for channel in CHANNELS:
            group = file[f"entry/instrument/detector/{channel}_channel"]
            np.testing.assert_array_equal(group["pixel_mask"][...], MODEL.mask())
            assert group["threshold_energy"][()] > 0


def test_the_legacy_layout_refuses_two_channels(tmp_path):
    with pytest.raises(ValueError, match="room for one"):
        LegacyWriter(tmp_path, SERIES, MODEL, channels=("threshold_1", "threshold_2"))


def test_channels_out_of_order_are_refused(tmp_path):
    with pytest.raises(ValueError, match="in that order"):
        NexusWriter(tmp_path, SERIES, MODEL, channels=("difference", "threshold_1"))


def test_a_master_carries_the_metadata_with_units(tmp_path):
    settings = DetectorSettings(detector_distance_m=0.5, beam_center=(12.5, 7.0), photon_energy_ev=12398.42)
    path = LegacyWriter(tmp_path, Series("x_7", 7, 6, ntrigger=2), MODEL, settings).write_master()
    with h5py.File(path) as file:
        detector = file["entry/instrument/detector"]
        assert detector["detector_distance"][()] == 0.5
        assert detector["detector_distance"].attrs["units"] == "m"
        assert detector["beam_center_x"][()] == 12.5
        assert detector["bit_depth_image"][()] == 16
        assert detector["detectorSpecific/nimages"][()] == 3
        assert detector["detectorSpecific/ntrigger"][()] == 2
        wavelength = file["entry/instrument/beam/incident_wavelength"]
        assert wavelength[()] == pytest.approx(1.0, abs=1e-5)
        assert wavelength.attrs["units"] == "angstrom"
