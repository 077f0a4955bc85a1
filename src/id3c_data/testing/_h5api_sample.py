"""A file with datasets, filters and links of all kinds, and what to ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

__all__ = ["DATASETS", "DEEP_INDICES", "INDICES", "write_sample"]


def write_sample(folder: Path) -> Path:
    """Write a file with datasets, filters and links of all kinds, and return its path.

    Beside it: ``linked.h5`` with the targets, and ``outside`` with a file that links lead to.
    """
    values = np.arange(6 * 5 * 7, dtype="<u4").reshape(6, 5, 7)
    outside = folder / "outside"
    outside.mkdir()
    with h5py.File(outside / "other.h5", "w") as file:
        file["data"] = values + 7
    inside = folder / "inside"
    inside.mkdir()
    with h5py.File(inside / "linked.h5", "w") as file:
        file["entry/data"] = values + 1
        file["entry/back"] = h5py.ExternalLink("sample.h5", "/entry/numbers")
    path = inside / "sample.h5"
    with h5py.File(path, "w") as file:
        file.attrs["creator"] = "somebody"
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        _write_datasets(entry, values)
        _write_links(entry)
    return path


def _write_datasets(entry: h5py.Group, values: np.ndarray) -> None:
    entry["scalar"] = 42.5
    entry["text"] = "a word"
    entry["texts"] = ["one", "two", "three"]
    entry["empty"] = np.empty((0, 3))
    entry["numbers"] = np.linspace(0, 1, 11)
    entry["numbers"].attrs["units"] = "mm"
    entry["compound"] = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8")])
    one, several = (1, 5, 7), (4, 3, 4)
    singles = np.linspace(1, 2, 11)
    entry.create_dataset("singles", data=singles, chunks=(1,))
    entry.create_dataset("flags", data=singles > 1.3, chunks=(1,))
    entry.create_dataset("singles_bslz4", data=singles, chunks=(1,), **hdf5plugin.Bitshuffle())
    entry.create_dataset("plain", data=values, chunks=one)
    entry.create_dataset("gzip", data=values, chunks=several, compression="gzip")
    entry.create_dataset("lz4", data=values, chunks=one, **hdf5plugin.LZ4())
    entry.create_dataset("bslz4", data=values, chunks=one, **hdf5plugin.Bitshuffle())
    entry.create_dataset("tiled", data=values, chunks=several, **hdf5plugin.Bitshuffle())
    entry.create_dataset("big_endian", data=values.astype(">u2"), chunks=one, **hdf5plugin.Bitshuffle())
    sparse = entry.create_dataset(
        "sparse", (4, 3), "i2", chunks=(1, 3), fillvalue=-1, **hdf5plugin.Bitshuffle()
    )
    sparse[2] = 5


def _write_links(entry: h5py.Group) -> None:
    entry["soft"] = h5py.SoftLink("/entry/numbers")
    entry["hard"] = entry["numbers"]
    entry["external"] = h5py.ExternalLink("linked.h5", "/entry/data")
    entry["there_and_back"] = h5py.ExternalLink("linked.h5", "/entry/back")
    entry["dangling"] = h5py.SoftLink("/nowhere")
    entry["absent_file"] = h5py.ExternalLink("absent.h5", "/data")
    entry["absent_object"] = h5py.ExternalLink("linked.h5", "/entry/nothing")
    entry["outside"] = h5py.ExternalLink("../outside/other.h5", "/data")
    entry["circle"] = h5py.SoftLink("/entry/circle")
    for name, sources in {
        "virtual": ("linked.h5", "linked.h5"),
        "half_virtual": ("linked.h5", "absent.h5"),
        "outside_virtual": ("linked.h5", "../outside/other.h5"),
    }.items():
        layout = h5py.VirtualLayout((12, 5, 7), "<u4")
        for n, source in enumerate(sources):
            inner = "/data" if "outside" in source else "/entry/data"
            layout[6 * n : 6 * n + 6] = h5py.VirtualSource(source, inner, (6, 5, 7))
        entry.create_virtual_dataset(name, layout, fillvalue=0)


DATASETS = ("numbers", "texts", "empty", "compound", "plain", "gzip", "lz4", "bslz4", "tiled", "big_endian")
DATASETS += ("singles", "flags", "singles_bslz4", "sparse", "soft", "hard", "external", "there_and_back")
DATASETS += ("virtual",)

INDICES: dict[str, Any] = {
    "first": 0,
    "last": -1,
    "some": slice(1, 3),
    "every second": slice(None, None, 2),
    "from the end": slice(-2, None),
    "beyond": slice(4, 99),
    "none": slice(3, 3),
    "all": Ellipsis,
    "all too": (),
    "a list": [0, 1],
    "a mask": None,  # made for each dataset
}
DEEP_INDICES: dict[str, Any] = {
    "a pixel": (2, 3, 4),
    "a column": (slice(None), slice(None), 3),
    "the last axis": (Ellipsis, 3),
    "a list behind": (1, slice(None), [0, 3]),
    "a box": (slice(1, 4), slice(2, 4), slice(0, 7, 3)),
}
