"""Where the chunks of a dataset of images stand in its file: all of them at once, or one by one."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from ..h5api import StoredChunk, chunk_at, hdf5_errors
from ._chunk_grid import ChunkGrid

__all__ = ["ChunkLookup", "ChunkTable", "Chunks"]


class Chunks(Protocol):
    """Place and size of the chunks of one channel."""

    @property
    def grid(self) -> ChunkGrid:
        """How the chunks cover the frames."""
        ...

    def written_from(self, n: int, count: int) -> int:
        """Return how many frames are there as a whole and without a gap, from frame ``n`` on."""
        ...

    def locate(self, n: int, row: int, column: int) -> tuple[int, int, bool]:
        """Return size, byte offset and whether the filters were left out, of a chunk of frame ``n``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ChunkTable:
    """All chunks of a dataset that stays as it is.

    Parameters
    ----------
    grid
        How the chunks cover the frames.
    entries
        Byte offset, size (0: not there) and filters that were left out, for each chunk of the grid.
    complete
        Whether all chunks of a frame (or of the frames in one chunk) are there.
    """

    grid: ChunkGrid
    entries: NDArray[np.int64]
    complete: NDArray[np.bool_]

    @classmethod
    def of(cls, grid: ChunkGrid, offsets: NDArray[np.int64], places: NDArray[np.int64]) -> ChunkTable:
        """Return the table of all chunks that are in the file; those of other channels are left out.

        Parameters
        ----------
        grid
            How the chunks cover the frames.
        offsets, places
            What `stored_chunks` returns.
        """
        cells, inside = grid.cells_of(offsets)
        entries = np.zeros((*grid.shape, 3), np.int64)
        entries[tuple(cells[inside].T)] = places[inside]
        return cls(grid, entries, np.asarray((entries[..., 1] > 0).all(axis=(1, 2))))

    def written_from(self, n: int, count: int) -> int:
        """Return how many frames are there as a whole and without a gap, from frame ``n`` on."""
        first = self.grid.layer(n)
        if count == 1:
            return int(self.complete[first])
        missing = np.flatnonzero(~self.complete[first : self.grid.layer(n + count - 1) + 1])
        if not missing.size:
            return count
        return max(0, (first + int(missing[0])) * self.grid.frames_each - n)

    def locate(self, n: int, row: int, column: int) -> tuple[int, int, bool]:
        """Return size, byte offset and whether the filters were left out, of a chunk of frame ``n``."""
        offset, size, skipped = self.entries[self.grid.layer(n), row, column].tolist()
        return size, offset, bool(skipped)


@dataclass(frozen=True, slots=True, eq=False)
class ChunkLookup:
    """The chunks of a dataset that grows: each is looked up when it is asked for.

    Parameters
    ----------
    grid
        How the chunks cover the frames.
    dataset
        The open dataset; what is found counts as long as the look does in which it was opened.
    where
        File and path of the dataset, for errors.
    """

    grid: ChunkGrid
    dataset: h5py.Dataset
    where: str
    _known: dict[tuple[int, int, int], StoredChunk | None] = field(
        default_factory=dict[tuple[int, int, int], "StoredChunk | None"]
    )

    def written_from(self, n: int, count: int) -> int:
        """Return how many frames are there as a whole and without a gap, from frame ``n`` on."""
        for layer in range(self.grid.layer(n), self.grid.layer(n + count - 1) + 1):
            if any(self._chunk(layer, row, column) is None for row, column in self.grid.cells()):
                return max(0, layer * self.grid.frames_each - n)
        return count

    def locate(self, n: int, row: int, column: int) -> tuple[int, int, bool]:
        """Return size, byte offset and whether the filters were left out, of a chunk of frame ``n``."""
        stored = self._chunk(self.grid.layer(n), row, column)
        return (0, 0, False) if stored is None else (stored.size, stored.byte_offset, stored.filter_mask != 0)

    def _chunk(self, layer: int, row: int, column: int) -> StoredChunk | None:
        cell = layer, row, column
        if cell not in self._known:
            with hdf5_errors(self.where):
                self._known[cell] = chunk_at(self.dataset, self.grid.offset_of(*cell))
        return self._known[cell]
