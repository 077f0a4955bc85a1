"""The compression filters of the detector and of the HDF5 plugin."""

from __future__ import annotations

from typing import Any, Literal

import hdf5plugin

__all__ = ["Compression", "filter_options"]

Compression = Literal["bslz4", "lz4", "none", "zlib"]


def filter_options(compression: Compression) -> dict[str, Any]:
    """Return the keyword arguments for `h5py.Group.create_dataset`.

    The detector itself has ``bslz4`` (HDF5 filter 32008), ``lz4`` (32004) and ``none``; ``zlib`` is the HDF5
    plugin's.
    """
    match compression:
        case "bslz4":
            return dict(hdf5plugin.Bitshuffle())
        case "lz4":
            return dict(hdf5plugin.LZ4())
        case "zlib":
            return {"compression": "gzip", "compression_opts": 1}
        case "none":
            return {}
    raise ValueError(f"compression {compression!r}: it is one of bslz4, lz4, none, zlib")
