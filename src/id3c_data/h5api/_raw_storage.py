"""Values of a dataset that lie in files without HDF5 structure ("external storage"), read without HDF5.

HDF5 itself looks for such a file in the process's working folder, and gives zeros for what is not in it.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import h5py
import numpy as np

from ..errors import FileIncomplete, Hdf5Error, LayoutUnknown
from ._hops import Found
from ._low_level import dtype_of, raw_segments, shape_of
from ._open import open_descriptor
from ._points import Check, Fetched, Ready
from ._resolver import RawFile, Resolver
from ._translate import hdf5_errors

__all__ = ["RawRows", "RawStorage"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Consecutive bytes of a dataset: where they are in which file, and how many of them are there."""

    file: RawFile
    first: int
    there: int


@dataclass(frozen=True, slots=True)
class RawStorage:
    """The bytes of a dataset, one piece after the other.

    Parameters
    ----------
    pieces
        The pieces; all but the last are there as a whole.
    where
        File and path of the dataset, for errors.
    """

    pieces: tuple[_Piece, ...]
    where: str

    @classmethod
    def of(cls, resolver: Resolver, found: Found, dataset: h5py.Dataset) -> RawStorage:
        """Return where the values of a dataset are.

        Raises
        ------
        BrokenLink
            A file is not there.
        LinkOutsideRoots
            It lies outside the allowed folders.
        """
        with hdf5_errors(found.where):
            segments = list(raw_segments(dataset))
        pieces: list[_Piece] = []
        for name, first, size in segments:
            file = resolver.find_raw(found, name)
            there = max(0, file.identity.size - first)
            pieces.append(_Piece(file, first, there if size is None else min(size, there)))
            if size is None or there < size:
                break
        return cls(tuple(pieces), found.where)

    @property
    def size(self) -> int:
        """How many bytes, from the first on, are there."""
        return sum(piece.there for piece in self.pieces)

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of the dataset; raises `FileIncomplete` where they are not all there."""
        if start + size > self.size:
            missing = start + size - self.size
            raise FileIncomplete(
                f"the files with its values end {missing} bytes too early",
                self.where,
                "wait for their writer",
            )
        parts: list[bytes] = []
        for piece in self.pieces:
            here = min(size, piece.there - start)
            if here > 0:
                parts.append(self._read(piece.file, piece.first + start, here))
                start, size = start + here, size - here
            start -= piece.there
        return b"".join(parts)

    def _read(self, file: RawFile, start: int, size: int) -> bytes:
        descriptor, _ = open_descriptor(file.real_path)
        try:
            status = os.fstat(descriptor)
            data = os.pread(descriptor, size, start)
        finally:
            os.close(descriptor)
        if (status.st_dev, status.st_ino) != (file.identity.device, file.identity.inode) or len(data) != size:
            raise Hdf5Error("a file with its values was changed or replaced", str(file.path), "open it again")
        return data


class RawRows:
    """The points of a dataset with external storage."""

    lasting = False  # the files were looked at in one look

    def __init__(self, resolver: Resolver, found: Found, dataset: h5py.Dataset) -> None:
        with hdf5_errors(found.where):
            self.shape, self._dtype = shape_of(dataset), dtype_of(dataset)
        if self._dtype.kind not in "biufc":
            raise LayoutUnknown(
                f"values of type {self._dtype} in other files", found.where, "convert it with h5repack"
            )
        self._storage = RawStorage.of(resolver, found, dataset)
        self._point_bytes = prod(self.shape[1:]) * self._dtype.itemsize

    def present(self, rows: Sequence[int]) -> int:
        there = self._storage.size // self._point_bytes if self._point_bytes else 0
        return next((n for n, row in enumerate(rows) if row >= there), len(rows))

    def fetch(self, rows: Sequence[int]) -> Fetched:
        def load(check: Check) -> list[Ready]:
            points = [self._storage.read(row * self._point_bytes, self._point_bytes) for row in rows]
            check()
            values = np.frombuffer(b"".join(points), self._dtype)
            return [Ready(values.reshape(len(rows), *self.shape[1:]).copy())]

        return Fetched(len(rows), self.shape[1:], self._dtype, load)
