"""Frames as they stand in their files, and what makes pixels of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk
from ..h5api import Codec, Decoder, ImagecodecsDecoder, Inconsistent, check_length, decode_chunk
from ._selection import Selection, whole_frame
from ._workers import WORKERS

__all__ = ["CompressedFrame", "decode_frames"]

DECODER: Final[Decoder] = ImagecodecsDecoder()

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

    def decode_into(self, out: NDArray[Any], decoder: Decoder = DECODER) -> None:
        """Write the pixels of the frame into an array of its shape and type.

        Raises
        ------
        DamagedChunk
            What stands in the frame contradicts itself, or does not fit the array.
        """
        try:
            self.check()
            if self.shape != out.shape or self.dtype != out.dtype:
                found, room = f"{self.dtype} of shape {self.shape}", f"{out.dtype} of shape {out.shape}"
                raise Inconsistent(f"it is {found} where there is room for {room}")
            if self.tile == self.shape and self.layers == 1 and out.flags.c_contiguous:
                self._decode(0, out.reshape(-1).view(np.uint8), decoder)
                return
            height, width = self.tile
            for at, (row, column) in enumerate(np.ndindex(self.grid)):
                target = out[row * height : (row + 1) * height, column * width : (column + 1) * width]
                tile = np.empty((self.layers, height, width), self.dtype)
                self._decode(at, tile.reshape(-1).view(np.uint8), decoder)
                target[...] = tile[self.layer, : target.shape[0], : target.shape[1]]
        except Inconsistent as error:
            raise self._damaged(error) from error

    def decode_part(self, part: Selection, out: NDArray[Any]) -> None:
        """Write what a selection leaves of the frame into an array; raises as `decode_into` does."""
        if part.whole_frames(*self.shape):
            self.decode_into(out)
        else:
            out[...] = part.of(self.decoded())

    def decoded(self) -> NDArray[Any]:
        """Return the pixels of the frame; raises as `decode_into` does."""
        try:
            self.check()
        except Inconsistent as error:
            raise self._damaged(error) from error
        out = np.empty(self.shape, self.dtype)
        self.decode_into(out)
        return out

    def check(self) -> None:
        """Raise `Inconsistent` where the bytes cannot be such a frame: no forged size passes."""
        if min(*self.shape, *self.tile, self.layers) < 1 or not 0 <= self.layer < self.layers:
            raise Inconsistent(
                f"{self.shape} in chunks of {self.layers} times {self.tile}, of these {self.layer}"
            )
        if not len(self.chunks) == len(self.skipped) == prod(self.grid):
            raise Inconsistent(f"{len(self.chunks)} chunks where there should be {prod(self.grid)}")
        if self.codec is Codec.HDF5:
            raise Inconsistent("compressed with a filter that only HDF5 knows")
        expected = self.layers * prod(self.tile) * self.dtype.itemsize
        for at, chunk in enumerate(self.chunks):
            check_length(len(chunk), expected, self._codec(at))

    def _decode(self, at: int, out: NDArray[np.uint8], decoder: Decoder) -> None:
        decode_chunk(self.chunks[at], self._codec(at), self.dtype.itemsize, out, decoder)

    def _damaged(self, error: Inconsistent) -> DamagedChunk:
        return DamagedChunk(f"frame {self.number} is damaged: {error}", self.where, _DAMAGED)

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
        frame.decode_part(whole_frame(*frame.shape)[region], out[n, ...])

    done = sum(1 for _ in WORKERS.in_order(decode, numbered(), WORKERS.ahead(out[:1].nbytes)))
    if done < count:
        raise ValueError(f"{done} frames where the array has room for {count}")
