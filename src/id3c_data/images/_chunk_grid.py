"""How the chunks of a dataset of images cover its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..errors import Hdf5Error
from ._image_shape import ImageShape

__all__ = ["ChunkGrid"]

_MOST_CHUNK_BYTES = 1 << 30
_MOST_CHUNKS = 20_000_000


@dataclass(frozen=True, slots=True)
class ChunkGrid:
    """How the chunks of one channel cover its frames.

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
    shape
        How many chunks there are on the axes frame, row and column.
    """

    chunk: tuple[int, ...]
    lead: int
    channel: int
    frame: tuple[int, int]
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, chunk: tuple[int, ...], image: ImageShape, where: str) -> ChunkGrid:
        """Return the grid of the chunks that hold a channel.

        Parameters
        ----------
        chunk
            Shape of a chunk.
        image
            How the dataset is seen.
        where
            File and path of the dataset, for errors.
        """
        if prod(chunk) * image.dtype.itemsize > _MOST_CHUNK_BYTES or 0 in chunk:
            raise Hdf5Error(f"chunks of a size beyond reason: {chunk}", where, "check what wrote it")
        layers = -(-image.frames // (chunk[0] if image.lead else 1))
        rows, columns = (-(-n // c) for n, c in zip(image.frame, chunk[-2:], strict=True))
        if layers * rows * columns > _MOST_CHUNKS:
            raise Hdf5Error(f"chunks without number: {[layers, rows, columns]}", where, "check what wrote it")
        return cls(chunk, image.lead, image.channel, image.frame, (layers, rows, columns))

    @property
    def frames_each(self) -> int:
        """How many frames a chunk reaches over."""
        return self.chunk[0] if self.lead else 1

    def layer(self, n: int) -> int:
        """Return the place of the chunks of frame ``n`` on the axis of frames."""
        return n // self.frames_each

    def cells(self) -> Iterator[tuple[int, int]]:
        """Yield row and column of each chunk of a frame."""
        return ((row, column) for row in range(self.shape[1]) for column in range(self.shape[2]))

    def cells_of(self, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return layer, row and column of chunks, and which of them are ours.

        Those of other channels are not, nor those beyond the grid: a dataset that was made smaller may keep
        chunks that it has no room for.

        Parameters
        ----------
        offsets
            For each chunk, where it begins in the dataset.
        """
        numbers = offsets // np.asarray(self.chunk)
        layers = numbers[:, :1] if self.lead else np.zeros((len(numbers), 1), np.int64)
        cells = np.hstack((layers, numbers[:, -2:]))
        inside: NDArray[np.bool_] = np.asarray((cells < self.shape).all(axis=1))
        if self.lead == 2:
            inside &= numbers[:, 1] == self.channel // self.chunk[1]
        return cells, inside

    def offset_of(self, layer: int, row: int, column: int) -> tuple[int, ...]:
        """Return where a chunk begins in the dataset."""
        height, width = self.chunk[-2:]
        channel = self.channel // self.chunk[1] * self.chunk[1] if self.lead == 2 else 0
        return (*(layer * self.frames_each, channel)[: self.lead], row * height, column * width)

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width of a chunk."""
        return self.chunk[-2], self.chunk[-1]

    @property
    def layers(self) -> int:
        """How many frames, times channels, a chunk holds."""
        return prod(self.chunk[:-2])

    def layer_of(self, n: int) -> int:
        """Return which of the layers of its chunks frame ``n`` is."""
        number = 0
        for place, size in zip((n, self.channel)[: self.lead], self.chunk, strict=False):
            number = number * size + place % size
        return number
