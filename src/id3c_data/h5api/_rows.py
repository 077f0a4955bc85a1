"""Points of a dataset: through h5py where that is safe, and chunk by chunk where it is not.

Nothing in here waits, and HDF5 never follows a source of a virtual dataset nor decodes LZ4.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, product
from typing import Any, Final, Protocol, TypeAlias, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import LayoutUnknown
from ._chunk_at import chunk_at, chunk_bytes, fill_value_of, read_chunk_into
from ._chunk_format import Codec, codec_of
from ._hops import Found
from ._low_level import StoredChunk, chunks_of, contiguous_offset, dtype_of, filters_of, shape_of, storage_of
from ._open import OpenFile
from ._points import Check, ChunkForm, Fetched, Points, RawChunk, Ready, Stored
from ._translate import hdf5_errors

__all__ = ["Rows", "dataset_of", "runs", "stored_rows"]

_SMALL: Final = 1 << 16
"""Chunks of so few bytes with several points are read through HDF5, which keeps the last ones."""
_Part: TypeAlias = tuple[list[int], list[tuple[tuple[int, ...], StoredChunk | None]]]
"""Points, and where all chunks are that hold a part of them."""


class Rows(Protocol):
    """The points of a dataset, along its first axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the dataset."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether this may be used again while the files stay as they are."""
        ...

    def present(self, rows: Sequence[int]) -> int:
        """Return how many of these points have data in the file, counted up to the first that has none."""
        ...

    def fetch(self, rows: Sequence[int]) -> Fetched:
        """Find points that lie within the shape; of what was never written, the fill value.

        What is small or behind filters that only HDF5 knows is read at once.
        """
        ...


def dataset_of(found: Found) -> h5py.Dataset:
    """Return the dataset that was found."""
    if not isinstance(found.node, h5py.Dataset):
        raise LayoutUnknown("this is a group and no dataset", found.where, "check what wrote it")
    return found.node


def stored_rows(found: Found) -> Rows:
    """Return the points of a dataset that lie in its own file."""
    dataset, where = dataset_of(found), found.where
    with hdf5_errors(where):
        storage, filters, dtype = storage_of(dataset), filters_of(dataset), dtype_of(dataset)
    if storage in ("external", "virtual"):
        raise LayoutUnknown("the values lie in other files", where, "convert it with h5repack")
    if storage == "chunked":
        codec = codec_of(filters, dtype.itemsize, where)
        if codec in (Codec.LZ4, Codec.BSLZ4) or (codec is Codec.NONE and dtype.kind in "biuf"):
            return _ChunkRows(dataset, found.file, where, codec)
    return _LibraryRows(dataset, where)


class _LibraryRows:
    """Points that HDF5 itself may read."""

    lasting = True

    def __init__(self, dataset: h5py.Dataset, where: str) -> None:
        self._dataset, self._where = dataset, where
        with hdf5_errors(where):
            self.shape = shape_of(dataset)
            self._dtype = dtype_of(dataset)
            self._chunk = chunks_of(dataset) if storage_of(dataset) == "chunked" else None

    def present(self, rows: Sequence[int]) -> int:
        with hdf5_errors(self._where):
            if self._chunk is None:
                absent = storage_of(self._dataset) == "contiguous" and (
                    contiguous_offset(self._dataset) is None
                )
                return 0 if absent else len(rows)
            rest = (0,) * (len(self.shape) - 1)
            return _count_present(
                rows, self._chunk[0], lambda start: chunk_at(self._dataset, (start, *rest)) is not None
            )

    def fetch(self, rows: Sequence[int]) -> Fetched:
        with hdf5_errors(self._where):
            parts = [cast("NDArray[Any]", self._dataset[run.start : run.stop]) for run in runs(rows)]
        return Fetched(len(rows), self.shape[1:], self._dtype, lambda _: list(map(Ready, parts)))


class _ChunkRows:
    """Points in chunks that are decoded here."""

    lasting = True

    def __init__(self, dataset: h5py.Dataset, file: OpenFile, where: str, codec: Codec) -> None:
        self._dataset, self._file, self._where, self._codec = dataset, file, where, codec
        with hdf5_errors(where):
            self.shape = shape_of(dataset)
            self._form = ChunkForm(self.shape, chunks_of(dataset), dtype_of(dataset), where)

    def present(self, rows: Sequence[int]) -> int:
        with hdf5_errors(self._where):
            return _count_present(
                rows,
                self._form.chunk[0],
                lambda start: all(chunk_at(self._dataset, offset) for offset in self._offsets(start)),
            )

    def fetch(self, rows: Sequence[int]) -> Fetched:
        small = self._form.chunk[0] > 1 and self._form.nbytes < _SMALL
        if self._codec is Codec.NONE and small:
            return _LibraryRows(self._dataset, self._where).fetch(rows)
        with hdf5_errors(self._where):
            parts = [
                (part, [(offset, chunk_at(self._dataset, offset)) for offset in self._offsets(part[0])])
                for part in _by_chunk(rows, self._form.chunk[0])
            ]
            whole = all(stored for _, chunks in parts for _, stored in chunks)
            fill = None if whole else fill_value_of(self._dataset)
        if self._codec is Codec.NONE and whole and self._form.one_each and len(parts) == len(rows):
            places = [stored for _, chunks in parts for _, stored in chunks if stored is not None]
            return self._fetched(len(rows), lambda check: [self._copied(places, check)])
        return self._fetched(len(rows), lambda check: self._raw(parts, fill, check))

    def _fetched(self, count: int, load: Callable[[Check], Sequence[Points]]) -> Fetched:
        return Fetched(count, self.shape[1:], self._form.dtype, load)

    def _copied(self, places: Sequence[StoredChunk], check: Check) -> Ready:
        """Read chunks that are not compressed, and a point each, to where they are to be."""
        values = np.empty((len(places), *self.shape[1:]), self._form.dtype)
        for n, stored in enumerate(places):  # a slice is a view, also where a point is a number
            read_chunk_into(self._file.descriptor, stored, values[n : n + 1], self._where)
        check()
        return Ready(values)

    def _raw(self, parts: Sequence[_Part], fill: Any, check: Check) -> list[Stored]:
        """Read the bytes of chunks."""
        raw = [
            Stored(self._form, rows, [self._raw_chunk(*chunk) for chunk in chunks], fill)
            for rows, chunks in parts
        ]
        check()
        return raw

    def _raw_chunk(self, offset: tuple[int, ...], stored: StoredChunk | None) -> RawChunk:
        if stored is None:
            return RawChunk(offset, None, self._codec)
        data = chunk_bytes(self._file.descriptor, stored, self._where)
        return RawChunk(offset, data, Codec.NONE if stored.filter_mask else self._codec)

    def _offsets(self, row: int) -> Iterator[tuple[int, ...]]:
        """Yield where the chunks that hold a point begin."""
        first, *others = self._form.chunk
        starts = [range(0, end, step) for end, step in zip(self.shape[1:], others, strict=True)]
        return product((row // first * first,), *starts)


def runs(rows: Sequence[int]) -> Iterator[range]:
    """Yield the selected points as ranges without gaps."""
    if isinstance(rows, range) and rows.step == 1:
        if rows:
            yield rows
        return
    start = stop = None
    for row in rows:
        if start is not None and row == stop:
            stop = row + 1
            continue
        if start is not None and stop is not None:
            yield range(start, stop)
        start, stop = row, row + 1
    if start is not None and stop is not None:
        yield range(start, stop)


def _by_chunk(rows: Sequence[int], length: int) -> Iterator[list[int]]:
    """Yield consecutive ones of the points that lie in the same chunk of that length."""
    return (list(some) for _, some in groupby(rows, lambda row: row // length))


def _count_present(rows: Sequence[int], length: int, there: Callable[[int], bool]) -> int:
    """Return how many points come before the first whose chunk is not there."""
    known: set[int] = set()
    for n, row in enumerate(rows):
        start = row // length * length
        if start not in known:
            if not there(start):
                return n
            known.add(start)
    return len(rows)
