"""Takes the images out of a data file that the driver holds in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator

import h5py
import hdf5plugin  # noqa: F401 - registers the filters of the detector's files
import numpy as np

__all__ = ["images_in"]


def images_in(content: bytes) -> Iterator[np.ndarray]:
    """Yield the images of the first channel of a data file."""
    with h5py.File(io.BytesIO(content), "r") as file:
        dataset = file["entry/data/data"]
        assert isinstance(dataset, h5py.Dataset)  # noqa: S101 - the simulated DCU wrote it
        for n in range(len(dataset)):
            yield dataset[n, 0] if dataset.ndim == 4 else dataset[n]
