"""Virtual datasets and where their data come from, read without touching the sources.

A virtual dataset whose source is missing reads as zeros without an error, and already asking for the shape of
an unlimited one opens its sources. So whoever reads one looks here first.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass, replace

import h5py

from ..errors import LayoutUnknown
from ._low_level import ENDLESS, RawSource, virtual_sources
from ._translate import hdf5_errors

__all__ = ["VirtualBlock", "virtual_blocks"]


@dataclass(frozen=True, slots=True)
class VirtualBlock:
    """A box of a virtual dataset, and the box with as many values that it is taken from.

    Parameters
    ----------
    file_name
        The file as the virtual dataset names it; ``.`` is its own file.
    dataset_name
        Path of the source in that file.
    start
        Where the box begins in the virtual dataset.
    count
        Size of the box; -1 along the first axis of one that goes on as far as the source does.
    source_start
        Where the box begins in the source; empty where the whole source is taken.
    source_count
        Size of the box in the source; empty where the whole source is taken.
    """

    file_name: str
    dataset_name: str
    start: tuple[int, ...]
    count: tuple[int, ...]
    source_start: tuple[int, ...]
    source_count: tuple[int, ...]

    @property
    def endless(self) -> bool:
        """Whether the box goes on as far as the source does, along the first axis."""
        return ENDLESS in self.count[:1]

    def bounded(self, length: int) -> VirtualBlock:
        """Return the box as it is for a source that has so many points along its first axis."""
        if not self.endless:
            return self
        there = max(0, length - self.source_start[0])
        return replace(self, count=(there, *self.count[1:]), source_count=(there, *self.source_count[1:]))


def virtual_blocks(dataset: h5py.Dataset, where: str) -> tuple[VirtualBlock, ...]:
    """Return the blocks of a virtual dataset, in the order of the file.

    Parameters
    ----------
    dataset
        The virtual dataset.
    where
        Its file and path, for errors.

    Raises
    ------
    LayoutUnknown
        A block is no box, or goes on through files without number.
    """
    with hdf5_errors(where):
        sources = tuple(virtual_sources(dataset))
    return tuple(_block(source, where) for source in sources)


def _block(source: RawSource, where: str) -> VirtualBlock:
    """Return a mapping as a block."""
    target, taken = source.target, source.source
    if target is None or taken is None or (ENDLESS in target[1]) != (ENDLESS in taken[1]):
        raise LayoutUnknown(
            f"virtual dataset with a mapping that is no box, or has no end, from {source.file_name}",
            where,
            "name the source files themselves instead",
        )
    return VirtualBlock(source.file_name, source.dataset_name, *target, *taken)
