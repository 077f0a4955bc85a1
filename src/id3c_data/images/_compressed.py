"""Frames as they stand in their files, and what makes pixels of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk
from ..h5api import WORKERS, Codec, Inconsistent, check_length, decode_chunk, decoder_in_use
from ._selection import Selection, whole_frame

__all__ = ["CompressedFrame", "decode_frames"]

_DAMAGED: Final = "copy the file again from where it was written; the other frames can be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedFrame:
    """One frame as it stands in its file: the bytes of all chunks that hold a part of it.

    A frame whose filter only HDF5 knows comes decoded, as one that was never compressed. The object can be
    made of what came over a network: nothing in it is believed before `decode_frames` has checked it.

    Parameters
    ----------
    codec
        How the chunks are compressed: ``NONE``, ``LZ4`` or ``BSLZ4``.
    dtype
        Pixel type, byte order included.
    shape
        Height and width of the frame.
    tile
        Height and width of a chunk. At the frame's lower and right edge chunks may reach beyond it.
    chunks
        Bytes of the chunks that cover the frame, row by row.
    skipped
        For each chunk, whether the filter was left out, so that its bytes are the pixels.
    layers
        Frames, times channels, that a chunk holds.
    layer
        Which of them is this frame.
    number, where
        Number of the frame in its dataset, and file and path of that, for errors.
    """

    codec: Codec
    dtype: np.dtype[Any]
    shape: tuple[int, int]
    tile: tuple[int, int]
    chunks: tuple[bytes, ...] = field(repr=False)
    skipped: tuple[bool, ...]
    layers: int = 1
    layer: int = 0
    number: int = 0
    where: str = ""

    @classmethod
    def plain(
        cls, data: bytes, dtype: np.dtype[Any], shape: tuple[int, int], number: int, where: str
    ) -> CompressedFrame:
        """Return a frame that is not compressed."""
        return cls(
            codec=Codec.NONE,
            dtype=dtype,
            shape=shape,
            tile=shape,
            chunks=(data,),
            skipped=(False,),
            number=number,
            where=where,
        )

    @property
    def nbytes(self) -> int:
        """Bytes of the chunks."""
        return sum(map(len, self.chunks))

    @property
    def grid(self) -> tuple[int, int]:
        """How many chunks cover the frame, from top to bottom and from left to right."""
        rows, columns = (-(-size // part) for size, part in zip(self.shape, self.tile, strict=True))
        return rows, columns

    def pixels(self, part: Selection | None = None, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the pixels of the frame, or a part of them; blocks that hold none of them are not decoded.

        Parameters
        ----------
        part
            Which rows and columns; its frames do not matter.
        out
            Where they go, of their shape and of a type that can hold them. None for an array that may be
            read-only.

        Raises
        ------
        DamagedChunk
            What stands in the frame contradicts itself.
        """
        try:
            self.check()
            if part is None or part.whole_frames(*self.shape):
                return self._whole(out)
            first, stop = part.row_span
            pixels = part.below(first).of(self._rows(first, stop))
        except Inconsistent as error:
            raise DamagedChunk(f"frame {self.number} is damaged: {error}", self.where, _DAMAGED) from error
        if out is None:
            return pixels.copy()
        out[...] = pixels
        return out

    def unfit(self, expected: str) -> DamagedChunk:
        """Return the error for a frame that is another than the one that was expected."""
        return DamagedChunk(
            f"frame {self.number} is {self.dtype} of shape {self.shape} where {expected} was expected",
            self.where,
            _DAMAGED,
        )

    def check(self) -> None:
        """Raise `Inconsistent` where the bytes cannot be such a frame: no forged size passes."""
        if min(*self.shape, *self.tile, self.layers) < 1 or not 0 <= self.layer < self.layers:
            raise Inconsistent(f"layer {self.layer} of {self.layers} times {self.tile} for {self.shape}")
        if not len(self.chunks) == len(self.skipped) == prod(self.grid):
            raise Inconsistent(f"{len(self.chunks)} chunks where there should be {prod(self.grid)}")
        if self.codec is Codec.HDF5:
            raise Inconsistent("compressed with a filter that only HDF5 knows")
        for at, chunk in enumerate(self.chunks):
            check_length(len(chunk), self._chunk_bytes, self._codec(at))

    def _whole(self, out: NDArray[Any] | None) -> NDArray[Any]:
        """Return all pixels, decoded where they are to be if they can."""
        if out is None:
            return self._rows(0, self.shape[0])
        if out.dtype == self.dtype and out.shape == self.shape and out.flags.c_contiguous:
            return self._rows(0, self.shape[0], out)
        out[...] = self._rows(0, self.shape[0])
        return out

    def _rows(self, first: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return some rows of the frame, at their full width."""
        (height, width), columns = self.tile, self.grid[1]
        upper, lower = first // height, -(-stop // height)
        if columns == 1 and width == self.shape[1] and lower - upper == 1:
            return self._part_of_chunk(upper, first - upper * height, stop - upper * height, out)
        if out is None:
            out = np.empty((stop - first, self.shape[1]), self.dtype)
        for row, column in ((row, column) for row in range(upper, lower) for column in range(columns)):
            top = max(first, row * height)
            bottom = min(stop, (row + 1) * height)
            target = out[top - first : bottom - first, column * width : (column + 1) * width]
            decoded = self._part_of_chunk(row * columns + column, top - row * height, bottom - row * height)
            target[...] = decoded[:, : target.shape[1]]
        return out

    def _part_of_chunk(self, at: int, first: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return some rows of the frame's layer of a chunk."""
        height, width = self.tile
        row_bytes = width * self.dtype.itemsize
        above = self.layer * height
        decoded = decode_chunk(
            self.chunks[at],
            self._codec(at),
            self.dtype.itemsize,
            self._chunk_bytes,
            decoder_in_use(),
            start=(above + first) * row_bytes,
            stop=(above + stop) * row_bytes,
            out=None if out is None else out.reshape(-1).view(np.uint8),
        )
        return decoded.view(self.dtype).reshape(stop - first, width) if out is None else out

    @property
    def _chunk_bytes(self) -> int:
        return self.layers * prod(self.tile) * self.dtype.itemsize

    def _codec(self, at: int) -> Codec:
        return Codec.NONE if self.skipped[at] else self.codec


def decode_frames(frames: Iterable[CompressedFrame], out: NDArray[Any], region: Any = ()) -> None:
    """Decode frames in parallel, one after the other into the items of an array.

    Parameters
    ----------
    frames
        As many as the array has items; taken one by one in the caller's thread, a few ahead of the decoding.
    out
        Of shape ``(frames, height, width)``, or of what `region` leaves of height and width. Its type is
        that of the frames.
    region
        Which rows and columns of each frame: a key, as in ``frame[region]``.

    Raises
    ------
    DamagedChunk
        What stands in a frame contradicts itself, or it is of another size or type than the array.
    ValueError
        There are more frames than the array has room for, or fewer.
    """
    count = len(out)

    def numbered() -> Iterator[tuple[int, CompressedFrame]]:
        for n, frame in enumerate(frames):
            if n == count:
                raise ValueError(f"more frames than the {count} that the array has room for")
            yield n, frame

    def decode(numbered: tuple[int, CompressedFrame]) -> None:
        n, frame = numbered
        target = out[n, ...]
        part = whole_frame(*frame.shape)[region]
        if part.frame_shape != target.shape or frame.dtype != out.dtype:
            raise frame.unfit(f"{out.dtype} of shape {target.shape}")
        frame.pixels(part, target)

    done = sum(1 for _ in WORKERS.in_order(decode, numbered(), out[:1].nbytes))
    if done < count:
        raise ValueError(f"{done} frames where the array has room for {count}")
