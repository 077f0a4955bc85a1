"""What a dataset is, in words, without reading a value of it."""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import h5py
import numpy as np
from h5py import h5s

from ._low_level import Storage, chunks_of, dtype_of, filters_of, shape_of, storage_of

__all__ = ["DatasetForm", "dataset_form"]

# Numbers below 256 are HDF5's own, the others are registered with the HDF Group.
_FILTERS: Final = {
    1: "gzip",
    2: "shuffle",
    3: "fletcher32",
    4: "szip",
    5: "nbit",
    6: "scaleoffset",
    307: "bzip2",
    32000: "lzf",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32017: "sz",
    32026: "blosc2",
}
_BEHIND_BITSHUFFLE: Final = {2: "-lz4", 3: "-zstd"}  # its fifth option


@dataclass(frozen=True, slots=True)
class DatasetForm:
    """Shape, type and storage of a dataset.

    Parameters
    ----------
    shape
        Length of each axis; None where only the sources of a virtual dataset know it, or there are no values.
    dtype
        Type of the values, in words.
    storage
        How they are stored.
    chunk
        Shape of a chunk.
    filters
        Names of the filters, in the order of writing.
    """

    shape: tuple[int, ...] | None
    dtype: str
    storage: Storage
    chunk: tuple[int, ...] | None = None
    filters: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = [self.dtype, self._shape_words()]
        if self.storage != "contiguous":
            words.append(self.storage if self.chunk is None else f"in chunks of {self.chunk}")
        return " ".join((*words, *self.filters))

    def _shape_words(self) -> str:
        if self.shape is not None:
            return str(self.shape)
        return "of the shape that its sources have" if self.storage == "virtual" else "without values"


def dataset_form(dataset: h5py.Dataset) -> DatasetForm:
    """Return what a dataset is; raises what h5py raises."""
    storage = storage_of(dataset)
    if storage == "virtual" and _is_unlimited(dataset):
        return DatasetForm(None, _type_words(dataset), storage)  # to ask for the shape opens the sources
    chunk = chunks_of(dataset) if storage == "chunked" else None
    filters = tuple(_filter_words(number, options) for number, options in filters_of(dataset))
    shape = None if dataset.id.get_space().get_simple_extent_type() == h5s.NULL else shape_of(dataset)
    return DatasetForm(shape, _type_words(dataset), storage, chunk, filters)


def _is_unlimited(dataset: h5py.Dataset) -> bool:
    properties = dataset.id.get_create_plist()
    return any(
        length == h5s.UNLIMITED
        for n in range(properties.get_virtual_count())
        for length in properties.get_virtual_vspace(n).get_simple_extent_dims(maxdims=True)
    )


def _type_words(dataset: h5py.Dataset) -> str:
    """Return the type of a dataset's values; HDF5's own name for the class where NumPy has none."""
    try:
        return _words_of(dtype_of(dataset))
    except TypeError:
        return f"a type that NumPy has not (class {dataset.id.get_type().get_class()} of HDF5)"


def _words_of(dtype: np.dtype[Any]) -> str:
    text = h5py.check_string_dtype(dtype)
    if text is not None:
        return "string" if text.length is None else f"string[{text.length}]"
    inner = h5py.check_vlen_dtype(dtype)
    if inner is not None:
        return f"list of {_words_of(np.dtype(inner))}"
    if h5py.check_ref_dtype(dtype) is not None:
        return "reference"
    if dtype.fields is not None:
        return f"({', '.join(f'{name} {_words_of(field[0])}' for name, field in dtype.fields.items())})"
    return f"enum {dtype}" if h5py.check_enum_dtype(dtype) is not None else str(dtype)


def _filter_words(number: int, options: tuple[int, ...]) -> str:
    name = _FILTERS.get(number, f"filter {number}")
    if number == 32008 and len(options) > 4:
        return name + _BEHIND_BITSHUFFLE.get(options[4], "")
    return name
