"""Files of real detectors, as DECTRIS published them."""

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from id3c_data.images import open_stack

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
EIGER2 = DATA / "dectris_eiger2"
ARTIFICIAL = DATA / "dectris_artificial_small"

needs_files = pytest.mark.skipif(
    not (EIGER2.is_dir() and ARTIFICIAL.is_dir()), reason=f"the detector files are not in {DATA.resolve()}"
)


def through_h5py(paths):
    assert hdf5plugin.FILTERS  # registers the filter that h5py decodes with
    parts = []
    for path in paths:
        with h5py.File(path, locking=False) as file:
            parts.append(file["entry/data/data"][...])
    return np.concatenate(parts)


@needs_files
def test_eiger2_data_files_behind_a_master(tmp_path):
    paths = sorted(EIGER2.resolve().glob("*_data_*.h5"))
    with h5py.File(tmp_path / "x_master.h5", "w") as master:
        for k, path in enumerate(paths, 1):
            master[f"entry/data/data_{k:06d}"] = h5py.ExternalLink(str(path), "/entry/data/data")
    stack = open_stack(tmp_path / "x_master.h5")
    assert stack.shape == (4, 512, 1028)
    assert stack.files == tuple(paths)
    np.testing.assert_array_equal(stack.read(), through_h5py(paths))
    assert stack.read().any()


@needs_files
def test_a_master_with_one_linked_data_file():
    stack = open_stack(ARTIFICIAL / "test_master.h5")
    np.testing.assert_array_equal(stack.read(), through_h5py([ARTIFICIAL / "test_data_000001.h5"]))
    assert stack.mask.shape == (13, 11)
    assert stack.metadata.x_pixel_size is not None
