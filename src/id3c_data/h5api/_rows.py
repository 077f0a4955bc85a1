"""Points of a dataset: through h5py where that is safe, and chunk by chunk where it is not.

Nothing in here waits, and HDF5 never follows a source of a virtual dataset nor decodes LZ4.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, Final, Protocol, TypeAlias, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk, LayoutUnknown
from ._chunk_at import chunk_at, chunk_bytes, fill_value_of, read_chunk_into
from ._chunk_format import Codec, Inconsistent, codec_of
from ._decoder import decode_chunk
from ._decoders import decoder_in_use
from ._hops import Found
from ._low_level import StoredChunk, chunks_of, contiguous_offset, dtype_of, filters_of, shape_of, storage_of
from ._open import OpenFile
from ._translate import hdf5_errors

__all__ = ["Fetched", "Rows", "dataset_of", "runs", "stored_rows"]

Fetched: TypeAlias = Callable[[Callable[[], None]], NDArray[Any]]
"""Gives points whose place in the files is known. What it is given is called when their bytes were read."""

_SMALL: Final = 1 << 16
"""Chunks of so few bytes with several points are read through HDF5, which keeps the last ones."""
_Chunks: TypeAlias = list[tuple[tuple[int, ...], StoredChunk | None]]
_DAMAGED: Final = "copy the file again from where it was written, or leave this point out"


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
        if not parts:
            parts = [np.empty((0, *self.shape[1:]), self._dtype)]
        return lambda _: parts[0] if len(parts) == 1 else np.concatenate(parts)


class _ChunkRows:
    """Points in chunks that are decoded here."""

    lasting = True

    def __init__(self, dataset: h5py.Dataset, file: OpenFile, where: str, codec: Codec) -> None:
        self._dataset, self._file, self._where, self._codec = dataset, file, where, codec
        with hdf5_errors(where):
            self.shape = shape_of(dataset)
            self._dtype, self._chunk = dtype_of(dataset), chunks_of(dataset)
        self._point_bytes = prod(self.shape[1:]) * self._dtype.itemsize

    def present(self, rows: Sequence[int]) -> int:
        with hdf5_errors(self._where):
            return _count_present(
                rows,
                self._chunk[0],
                lambda start: all(chunk_at(self._dataset, offset) for offset in self._offsets(start)),
            )

    def fetch(self, rows: Sequence[int]) -> Fetched:
        if self._codec is Codec.NONE and self._chunk[0] > 1 and self._chunk[0] * self._point_bytes < _SMALL:
            return _LibraryRows(self._dataset, self._where).fetch(rows)
        with hdf5_errors(self._where):
            chunks = [
                (offset, chunk_at(self._dataset, offset))
                for row in _one_of_each(rows, self._chunk[0])
                for offset in self._offsets(row)
            ]
            fill = None if all(stored for _, stored in chunks) else fill_value_of(self._dataset)
        return lambda check: self._load(rows, chunks, fill, check)

    def _load(
        self, rows: Sequence[int], chunks: _Chunks, fill: Any, check: Callable[[], None]
    ) -> NDArray[Any]:
        """Read the bytes of the chunks, have it checked that they count, and decode them."""
        values = np.empty((len(rows), *self.shape[1:]), self._dtype)
        one_each = self._chunk == (1, *self.shape[1:]) and len(chunks) == len(rows)
        if one_each and self._codec is Codec.NONE and all(stored for _, stored in chunks):
            for point, (_, stored) in zip(values, chunks, strict=True):
                if stored is not None:
                    read_chunk_into(self._file.descriptor, stored, point, self._where)
            check()
            return values
        raw = [(offset, stored and self._raw(stored)) for offset, stored in chunks]
        check()
        for number, (offset, data) in enumerate(raw):
            if one_each and data is not None:
                self._decode_one(offset, data, values[number])
                continue
            tile = np.empty(self._chunk, self._dtype)
            if data is None:
                tile[...] = fill
            else:
                self._decode_one(offset, data, tile)
            self._place(values, rows, offset, tile)
        return values

    def _raw(self, stored: StoredChunk) -> tuple[bytes, Codec]:
        """Return the bytes of a chunk, and how they are compressed."""
        data = chunk_bytes(self._file.descriptor, stored, self._where)
        return data, Codec.NONE if stored.filter_mask else self._codec

    def _decode_one(self, offset: tuple[int, ...], raw: tuple[bytes, Codec], out: NDArray[Any]) -> None:
        data, codec = raw
        try:
            decode_chunk(
                data,
                codec,
                self._dtype.itemsize,
                out.nbytes,
                decoder_in_use(),
                out=out.reshape(-1).view(np.uint8),
            )
        except Inconsistent as error:
            point = f"point {offset[0]}" if self._chunk[0] == 1 else f"the chunk at {offset}"
            raise DamagedChunk(f"{point} is damaged: {error}", self._where, _DAMAGED) from error

    def _place(
        self, values: NDArray[Any], rows: Sequence[int], offset: tuple[int, ...], tile: NDArray[Any]
    ) -> None:
        """Copy what a chunk holds of the selected points."""
        rest = tuple(
            slice(start, min(start + length, end))
            for start, length, end in zip(offset[1:], self._chunk[1:], self.shape[1:], strict=True)
        )
        inside = tuple(slice(0, part.stop - part.start) for part in rest)
        for n, row in enumerate(rows):
            if offset[0] <= row < offset[0] + self._chunk[0]:
                values[(n, *rest)] = tile[(row - offset[0], *inside)]

    def _offsets(self, row: int) -> Iterator[tuple[int, ...]]:
        """Yield where the chunks that hold a point begin."""
        starts = [range(0, end, step) for end, step in zip(self.shape[1:], self._chunk[1:], strict=True)]
        return product((row // self._chunk[0] * self._chunk[0],), *starts)


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


def _one_of_each(rows: Sequence[int], length: int) -> Iterator[int]:
    """Yield one point of each chunk of that length."""
    if length == 1:
        yield from dict.fromkeys(rows)
        return
    seen: set[int] = set()
    for row in rows:
        if row // length not in seen:
            seen.add(row // length)
            yield row


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
