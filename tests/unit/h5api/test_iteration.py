"""Loops over points: how many are taken at once, and what a damaged one keeps from the loop."""

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from id3c_data.errors import RetryTimeoutException
from id3c_data.h5api import dynamic_hdf5, following_batch
from id3c_data.testing.h5api import SteppedState


def test_who_keeps_up_gets_them_one_by_one():
    assert following_batch(2, 1) == 1


def test_who_is_behind_takes_ever_more_at_once():
    batches = [1]
    for _ in range(5):
        batches.append(following_batch(batches[-1], batches[-1]))
    assert batches == [1, 2, 4, 8, 16, 32]


def test_no_more_are_taken_than_there_may_be_at_once():
    longest, batches = 3, [1]
    for _ in range(6):
        batches.append(following_batch(batches[-1], min(batches[-1], longest)))
    assert max(batches) <= 2 * longest
    assert min(batches[2:]) == longest


def test_points_before_a_damaged_one_come_while_the_scan_goes_on(tmp_path: Path):
    path, points = tmp_path / "damaged.h5", np.arange(8 * 6).reshape(8, 2, 3)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", data=points, chunks=(1, 2, 3), **hdf5plugin.Bitshuffle())
        place = dataset.id.get_chunk_info(6)
    with path.open("r+b") as stream:
        stream.seek(place.byte_offset)
        stream.write(bytes(place.size))
    with dynamic_hdf5.File(path, scan_state=SteppedState(), retry_timeout=0.5) as file:
        came = []
        with pytest.raises(RetryTimeoutException, match="damaged"):
            came.extend(iter(file["x"]))
    np.testing.assert_array_equal(came, points[:6])
