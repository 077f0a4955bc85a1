"""A look at the frames of a master, as the doctor takes it."""

import h5py
import pytest

from id3c_data.doctor._frames_look import look_at_frames
from id3c_data.sim import FrameModel, LegacyWriter, Series


@pytest.fixture
def files(tmp_path):
    return LegacyWriter(tmp_path, Series("x_1", 1, 8, 2), FrameModel(4, 5, 16)).write_series()


def test_a_whole_series_is_there(files):
    look = look_at_frames(files.master, {})
    assert (look.shape, look.dtype, look.written, look.error) == ((8, 4, 5), "uint16", 8, None)


def test_a_data_file_that_contradicts_those_beside_it_is_told(files):
    with h5py.File(files.data[1], "a") as file:
        file["entry/data/data"].resize(3, axis=0)
    look = look_at_frames(files.master, {})
    assert (look.shape, look.written) == ((8, 4, 5), 2)
    assert "leave room for 2 from number 3 on" in look.error.what


def test_a_missing_data_file_is_no_error_of_reading(files):
    files.data[1].unlink()
    look = look_at_frames(files.master, {})
    assert (look.written, look.error) == (2, None)
