"""Files as areaDetector's HDF5 plugin (NDFileHDF5) writes them, with its default layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from id3c_data.sim._compression import Compression, filter_options
from id3c_data.sim._nexus import nx_group

__all__ = ["PluginWriter"]

_EPICS_EPOCH_S = 631152000  # 1990-01-01 in seconds of the Unix epoch
_ATTRIBUTES = (
    ("NDArrayUniqueId", "<i4"),
    ("NDArrayTimeStamp", "<f8"),
    ("NDArrayEpicsTSSec", "<u4"),
    ("NDArrayEpicsTSnSec", "<u4"),
)


class PluginWriter:
    """One file of the HDF5 plugin: open, append frames, flush, close.

    ``/entry/data/data`` is a hard link to ``/entry/instrument/detector/data``, with one frame to a chunk.

    Parameters
    ----------
    path
        The file; one of the same name is overwritten, as the plugin does.
    shape
        Height and width of a frame.
    dtype
        Pixel type.
    compression
        Filter of the image data.
    swmr
        Write so that readers may follow the file while it grows.
    single
        File write mode Single: one frame, and no frame axis.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int],
        dtype: np.dtype[Any],
        *,
        compression: Compression = "none",
        swmr: bool = False,
        single: bool = False,
    ) -> None:
        self.path, self.single, self.frames = path, single, 0
        self._file = h5py.File(path, "w", libver=("v110", "latest") if swmr else None)
        entry = nx_group(self._file, "entry", "NXentry")
        instrument = nx_group(entry, "instrument", "NXinstrument")
        detector = nx_group(instrument, "detector", "NXdetector")
        axis = () if single else (0,)
        self._data = detector.create_dataset(
            "data",
            shape=(*axis, *shape),
            maxshape=(*(None for _ in axis), *shape),
            chunks=(*(1 for _ in axis), *shape),
            dtype=dtype,
            **filter_options(compression),
        )
        self._data.attrs["signal"] = np.int32(1)
        nx_group(entry, "data", "NXdata")["data"] = self._data
        attributes = nx_group(instrument, "NDAttributes", "NXcollection")
        self._columns = {
            name: attributes.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(1024,))
            for name, kind in _ATTRIBUTES
        }
        self._performance = nx_group(instrument, "performance", "NXcollection").create_dataset(
            "timestamp", (0, 5), "<f8", maxshape=(None, 5), chunks=(1024, 5)
        )
        if swmr:
            self._file.swmr_mode = True

    def append(self, frame: np.ndarray, unique_id: int, timestamp: float) -> None:
        """Write one more frame.

        Parameters
        ----------
        frame
            The pixels.
        unique_id
            The NDArray's id.
        timestamp
            When the frame was taken, in seconds of the Unix epoch.
        """
        if self.single:
            if self.frames:
                raise ValueError(f"{self.path}: file write mode Single has room for one frame")
            self._data[...] = frame
        else:
            self._data.resize(self.frames + 1, axis=0)
            self._data[self.frames] = frame
        since_epics = timestamp - _EPICS_EPOCH_S
        for (name, _), value in zip(
            _ATTRIBUTES, (unique_id, since_epics, int(since_epics), int(since_epics % 1 * 1e9)), strict=True
        ):
            column = self._columns[name]
            column.resize((self.frames + 1,))
            column[self.frames] = value
        self._performance.resize((self.frames + 1, 5))
        self._performance[self.frames] = (timestamp, 0.0, 0.0, 0.0, 0.0)
        self.frames += 1

    def flush(self) -> None:
        """Make all frames so far visible to readers (in SWMR mode)."""
        self._file.flush()

    def close(self) -> None:
        """Close the file; nothing happens when it is closed already."""
        if self._file:
            self._file.close()

    def __enter__(self) -> PluginWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
