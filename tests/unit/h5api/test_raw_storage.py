"""Datasets whose values lie in files without HDF5 structure."""

import h5py
import numpy as np
import pytest

from id3c_data.errors import (
    BrokenLink,
    FileIncomplete,
    LayoutUnknown,
    LinkOutsideRoots,
    RetryTimeoutException,
)
from id3c_data.h5api import dynamic_hdf5, static_hdf5
from id3c_data.testing.h5api import SteppedState

VALUES = np.arange(24, dtype=">i4").reshape(6, 4)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.raw").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", VALUES.shape, VALUES.dtype, external=[("a.raw", 0, VALUES.nbytes)])
    return tmp_path / "x.h5"


@pytest.mark.parametrize("index", [2, slice(1, 4), (slice(None), 1), [0, 5], ...])
def test_are_read(path, index):
    with static_hdf5.File(path) as file:
        np.testing.assert_array_equal(file["x"][index], VALUES[index])


def test_are_iterated_over(path):
    state = SteppedState()
    state.finish()
    with dynamic_hdf5.File(path, scan_state=state) as file:
        np.testing.assert_array_equal(list(file["x"]), VALUES)


def test_whose_values_are_not_all_there_are_no_zeros(path, tmp_path):
    (tmp_path / "a.raw").write_bytes(VALUES.tobytes()[:-4])
    with static_hdf5.File(path) as file, pytest.raises(FileIncomplete, match="4 bytes too early"):
        file["x"][...]


def test_whose_file_is_missing_are_broken(path, tmp_path):
    (tmp_path / "a.raw").unlink()
    with static_hdf5.File(path) as file, pytest.raises(BrokenLink, match=r"values in a\.raw"):
        file["x"][...]


def test_outside_the_allowed_folders_are_refused(path, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.raw").symlink_to(tmp_path / "a.raw")
    path = path.rename(inside / "x.h5")
    with (
        static_hdf5.File(path, allowed_roots=[inside]) as file,
        pytest.raises(LinkOutsideRoots),
    ):
        file["x"][0]


def test_are_waited_for(path, tmp_path):
    (tmp_path / "a.raw").write_bytes(VALUES.tobytes()[:20])
    with dynamic_hdf5.File(path, scan_state=SteppedState(), retry_timeout=0.2) as file:
        dataset = file["x"]
        np.testing.assert_array_equal(dataset[0], VALUES[0])
        with pytest.raises(RetryTimeoutException):
            dataset[1]
        (tmp_path / "a.raw").write_bytes(VALUES.tobytes())
        np.testing.assert_array_equal(dataset[1], VALUES[1])


def test_of_texts_are_not_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", (3,), "S4", external=[("a.raw", 0, 12)])
    with static_hdf5.File(tmp_path / "x.h5") as file, pytest.raises(LayoutUnknown, match="in other files"):
        file["x"][...]
