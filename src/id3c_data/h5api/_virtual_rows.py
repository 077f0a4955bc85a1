"""Points of a dataset, also where they lie in the sources of a virtual one."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import BrokenLink, Hdf5Error, LayoutUnknown
from ._chunk_at import fill_value_of
from ._hops import Found
from ._low_level import dtype_of, shape_of, storage_of
from ._points import Check, Fetched, Ready
from ._raw_storage import RawRows
from ._resolver import Resolver
from ._rows import Rows, dataset_of, stored_rows
from ._translate import hdf5_errors
from ._virtual import VirtualBlock, virtual_blocks

__all__ = ["rows_of"]

_DEEPEST: Final = 8  # virtual datasets of virtual datasets


def rows_of(resolver: Resolver, found: Found, depth: int = 0) -> Rows:
    """Return the points of a dataset, wherever they lie.

    Parameters
    ----------
    resolver
        Opens the files of the sources of a virtual dataset.
    found
        The dataset.
    depth
        How many virtual datasets lead here.

    Raises
    ------
    LayoutUnknown
        Its values are kept in a way that cannot be read safely.
    """
    with hdf5_errors(found.where):
        storage = storage_of(dataset_of(found))
    if storage == "virtual":
        return _VirtualRows(resolver, found, depth)
    return RawRows(resolver, found, dataset_of(found)) if storage == "external" else stored_rows(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Points of a virtual dataset that lie in one source, and where they go."""

    source: Found
    places: list[int]
    box: tuple[slice, ...]
    fetched: Fetched
    source_box: tuple[slice, ...]
    shape: tuple[int, ...]

    def put(self, values: NDArray[Any], check: Check) -> None:
        with self.source:
            part = self.fetched.values(check)[(slice(None), *self.source_box)].reshape(self.shape)
        values[(self.places, *self.box)] = part


class _VirtualRows:
    """The points of a virtual dataset, put together from its sources."""

    lasting = False  # the sources are opened in the look that it was made in

    def __init__(self, resolver: Resolver, found: Found, depth: int) -> None:
        if depth >= _DEEPEST:
            raise BrokenLink("virtual datasets in a circle", found.where, "mend the file")
        self._resolver, self._found, self._depth = resolver, found, depth
        blocks = virtual_blocks(dataset_of(found), found.where)
        self.endless = any(block.endless for block in blocks)
        self._blocks = tuple(self._bounded(block) for block in blocks)
        with hdf5_errors(found.where):
            dataset = dataset_of(found)
            # Asked for the shape of an endless one, HDF5 would open the sources by itself.
            self.shape = _extent(self._blocks) if self.endless else shape_of(dataset)
            self._dtype, self._fill = dtype_of(dataset), fill_value_of(dataset)

    def _bounded(self, block: VirtualBlock) -> VirtualBlock:
        """Return a block as far as its source goes."""
        if not block.endless:
            return block
        with self._resolver.find_source(self._found, block) as source:
            return block.bounded(rows_of(self._resolver, source, self._depth + 1).shape[0])

    def present(self, rows: Sequence[int]) -> int:
        present = len(rows)
        for block in self._blocks:
            places = [n for n, row in enumerate(rows[:present]) if _holds(block, row)]
            if not places:
                continue
            try:
                present = self._present_in(block, rows, places, present)
            except Hdf5Error:
                if places[0] == 0:
                    raise
                present = places[0]  # the points before can be read
        return present

    def _present_in(self, block: VirtualBlock, rows: Sequence[int], places: list[int], present: int) -> int:
        """Return how many of the points are there as far as one source goes; raise where it is missing."""
        with self._resolver.find_source(self._found, block) as source:
            inner = rows_of(self._resolver, source, self._depth + 1)
            for n in places:
                wanted = _source_rows(block, inner.shape, [rows[n] - block.start[0]])
                if max(wanted, default=-1) >= inner.shape[0] or inner.present(wanted) < len(wanted):
                    return n
        return present

    def fetch(self, rows: Sequence[int]) -> Fetched:
        pieces = [piece for block in self._blocks if (piece := self._piece(block, rows)) is not None]

        def put_together(check: Check) -> list[Ready]:
            values = np.full((len(rows), *self.shape[1:]), self._fill, self._dtype)
            for piece in pieces:
                piece.put(values, check)
            return [Ready(values)]

        return Fetched(len(rows), self.shape[1:], self._dtype, put_together)

    def _piece(self, block: VirtualBlock, rows: Sequence[int]) -> _Piece | None:
        """Return what one source has of the selected points."""
        places = [n for n, row in enumerate(rows) if _holds(block, row)]
        if not places:
            return None
        inside = [rows[n] - block.start[0] for n in places]
        source = self._resolver.find_source(self._found, block)
        inner = rows_of(self._resolver, source, self._depth + 1)
        start, count = _source_box(block, inner.shape)
        wanted = _source_rows(block, inner.shape, inside)
        ends = (max(wanted) + 1, *(s + c for s, c in zip(start[1:], count[1:], strict=True)))
        if any(end > length for end, length in zip(ends, inner.shape, strict=True)):
            raise BrokenLink(
                f"values up to {ends} are taken from {source.where}, whose shape is {inner.shape}",
                self._found.where,
                "it may not be complete; see what stopped the run",
            )
        return _Piece(
            source,
            places,
            tuple(slice(s, s + c) for s, c in zip(block.start[1:], block.count[1:], strict=True)),
            inner.fetch(wanted),
            tuple(slice(s, s + c) for s, c in zip(start[1:], count[1:], strict=True)),
            (len(places), *block.count[1:]),
        )


def _extent(blocks: Sequence[VirtualBlock]) -> tuple[int, ...]:
    """Return the shape that blocks fill."""
    ends = (tuple(s + c for s, c in zip(block.start, block.count, strict=True)) for block in blocks)
    return tuple(max(lengths) for lengths in zip(*ends, strict=True))


def _holds(block: VirtualBlock, row: int) -> bool:
    return 0 <= row - block.start[0] < block.count[0]


def _source_box(block: VirtualBlock, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return start and size of the box that a block takes from a source of that shape."""
    if not shape:
        raise LayoutUnknown("virtual dataset of scalars", block.file_name, "read its sources by themselves")
    start = block.source_start or (0,) * len(shape)
    count = block.source_count or (block.count if len(block.count) == len(shape) else shape)
    if len(count) != len(shape) or prod(count) != prod(block.count):
        raise BrokenLink(
            f"a source of shape {shape} where {block.count} is taken from {block.dataset_name}",
            block.file_name,
            "check that the source is the dataset that was meant",
        )
    return start, count


def _source_rows(block: VirtualBlock, shape: tuple[int, ...], inside: Sequence[int]) -> list[int]:
    """Return which points of the source the points of a block are."""
    start, count = _source_box(block, shape)
    if count[0] == block.count[0]:
        return [start[0] + row for row in inside]
    if block.count[0] == 1:  # one point made of all that the source has
        return list(range(start[0], start[0] + count[0]))
    raise LayoutUnknown(
        f"virtual dataset that takes {block.count} from a box of {count}",
        block.file_name,
        "read its sources by themselves",
    )
