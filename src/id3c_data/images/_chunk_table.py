"""Where the chunks of a dataset of images stand in its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Hdf5Error
from ..h5api import StoredChunk
from ._image_shape import ImageShape

__all__ = ["ChunkTable"]

_MOST_CHUNK_BYTES = 1 << 30
_MOST_CHUNKS = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ChunkTable:
    """Place and size of each chunk of one channel.

    The usual chunk is one frame. Chunks of several frames, or of parts of a frame, are read too.

    Parameters
    ----------
    chunk
        Shape of a chunk, in the dataset's dimensions.
    lead
        How many of them come before height and width.
    channel
        Index on the channel axis, where there is one.
    frame
        Height and width of a frame.
    entries
        Byte offset, size (0: not there) and whether the filters were left out, for each chunk on the axes
        frame, row and column.
    complete
        Whether all chunks of a frame (or of the frames in one chunk) are there.
    """

    chunk: tuple[int, ...]
    lead: int
    channel: int
    frame: tuple[int, int]
    entries: NDArray[np.int64]
    complete: NDArray[np.bool_]

    @classmethod
    def of(
        cls, chunks: Iterable[StoredChunk], chunk: tuple[int, ...], image: ImageShape, where: str
    ) -> ChunkTable:
        """Return the table of the chunks that hold a channel.

        Parameters
        ----------
        chunks
            All chunks that are in the file.
        chunk
            Shape of a chunk.
        image
            How the dataset is seen.
        where
            File and path of the dataset, for errors.
        """
        if _size(chunk) * image.dtype.itemsize > _MOST_CHUNK_BYTES or 0 in chunk:
            raise Hdf5Error(f"chunks of a size beyond reason: {chunk}", where, "check what wrote it")
        per_chunk = (chunk[0] if image.lead else 1, *chunk[-2:])
        grid = [-(-n // c) for n, c in zip((image.frames, *image.frame), per_chunk, strict=True)]
        if _size(tuple(grid)) > _MOST_CHUNKS:
            raise Hdf5Error(f"chunks without number: {grid}", where, "check what wrote it")
        entries = np.zeros((*grid, 3), np.int64)
        for stored in chunks:
            if image.lead == 2 and stored.offset[1] // chunk[1] != image.channel // chunk[1]:
                continue
            at = (stored.offset[0] if image.lead else 0, *stored.offset[-2:])
            cell = tuple(o // c for o, c in zip(at, per_chunk, strict=True))
            if all(c < g for c, g in zip(cell, grid, strict=True)):  # a shrunk dataset may keep more
                entries[cell] = stored.byte_offset, stored.size, stored.filter_mask != 0
        complete = np.asarray((entries[..., 1] > 0).all(axis=(1, 2)))
        return cls(chunk, image.lead, image.channel, image.frame, entries, complete)

    @property
    def one_frame_each(self) -> bool:
        """Whether each chunk is one whole frame."""
        return _size(self.chunk) == self.frame[0] * self.frame[1] and self.chunk[-2:] == self.frame

    def written_from(self, n: int, count: int) -> int:
        """Return how many frames are there as a whole and without a gap, from frame ``n`` on."""
        missing = np.flatnonzero(~self.complete[self._layer(n) : self._layer(n + count - 1) + 1])
        if not missing.size:
            return count
        return max(0, (self._layer(n) + int(missing[0])) * (self.chunk[0] if self.lead else 1) - n)

    def cells(self) -> Iterator[tuple[int, int]]:
        """Yield row and column of each chunk of a frame."""
        rows, columns = self.entries.shape[1:3]
        return ((row, column) for row in range(rows) for column in range(columns))

    def locate(self, n: int, row: int, column: int) -> tuple[int, int, bool]:
        """Return size, byte offset and whether the filters were left out, of a chunk of frame ``n``."""
        offset, size, skipped = (int(value) for value in self.entries[self._layer(n), row, column])
        return size, offset, bool(skipped)

    def part(self, frame: NDArray[Any], row: int, column: int) -> NDArray[Any]:
        """Return the part of a frame that a chunk covers."""
        height, width = self.chunk[-2:]
        return frame[row * height : (row + 1) * height, column * width : (column + 1) * width]

    def frame_of(self, tile: NDArray[Any], n: int) -> NDArray[Any]:
        """Return the part of a decoded chunk that belongs to frame ``n`` and the channel."""
        place = (n, self.channel)[: self.lead]
        return tile[tuple(p % c for p, c in zip(place, self.chunk, strict=False))]

    def _layer(self, n: int) -> int:
        return n // self.chunk[0] if self.lead else 0


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
