"""Points whose bytes were read, and which are decoded when they are used: in parallel where they are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby
from math import prod
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk
from ._chunk_format import Codec, Inconsistent
from ._decoder import decode_chunk
from ._decoders import decoder_in_use
from ._workers import WORKERS

__all__ = ["Check", "ChunkForm", "Fetched", "Points", "RawChunk", "Ready", "Stored", "decoded", "values_of"]

R = TypeVar("R")

Check: TypeAlias = Callable[[], None]
"""Is called when bytes were read, and raises where they do not count."""

_DAMAGED: Final = "copy the file again from where it was written, or leave this point out"


class Points(Protocol):
    """Some consecutive ones of the points that were asked for."""

    @property
    def count(self) -> int:
        """How many."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of their values."""
        ...

    def values(self, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return them as an array: `out`, or one of the caller's own.

        Raises
        ------
        DamagedChunk
            What stands in the file contradicts itself.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """Points that need not be decoded."""

    array: NDArray[Any]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.array)

    @property
    def nbytes(self) -> int:
        """Bytes of their values."""
        return self.array.nbytes

    def values(self, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return them as an array."""
        if out is None:
            return self.array
        out[...] = self.array
        return out


@dataclass(frozen=True, slots=True)
class ChunkForm:
    """What the chunks of a dataset have in common.

    Parameters
    ----------
    shape, chunk
        Of the dataset, and of a chunk.
    dtype
        Of the values.
    where
        File and path, for errors.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: np.dtype[Any]
    where: str

    @property
    def nbytes(self) -> int:
        """Bytes of the points that the chunks of one row of chunks hold."""
        return prod((self.chunk[0], *self.shape[1:])) * self.dtype.itemsize

    @property
    def one_each(self) -> bool:
        """Whether a chunk is one point."""
        return self.chunk == (1, *self.shape[1:])


@dataclass(frozen=True, slots=True)
class RawChunk:
    """A chunk as it stands in the file: where it begins in the dataset, its bytes (None: never written)."""

    offset: tuple[int, ...]
    data: bytes | None
    codec: Codec


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Points as they stand in the file: in all chunks of one row of chunks.

    Parameters
    ----------
    form
        What the chunks have in common.
    rows
        Numbers of the points.
    chunks
        All that hold a part of them.
    fill
        What stands for values that were never written.
    """

    form: ChunkForm
    rows: Sequence[int]
    chunks: Sequence[RawChunk]
    fill: Any = None

    @property
    def count(self) -> int:
        """How many."""
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Bytes of their values."""
        return prod((len(self.rows), *self.form.shape[1:])) * self.form.dtype.itemsize

    def values(self, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return them as an array, decoded."""
        if out is None:
            out = np.empty((len(self.rows), *self.form.shape[1:]), self.form.dtype)
        for chunk in self.chunks:
            if self.form.one_each and self.count == 1 and chunk.data is not None:
                self._decode(chunk, chunk.data, out)
            else:
                self._place(chunk, out)
        return out

    def _place(self, chunk: RawChunk, out: NDArray[Any]) -> None:
        """Copy what a chunk holds of the points."""
        if chunk.data is None:
            tile = np.full(self.form.chunk, self.fill, self.form.dtype)
        else:
            tile = np.empty(self.form.chunk, self.form.dtype)
            self._decode(chunk, chunk.data, tile)
        rest = tuple(
            slice(start, min(start + length, end))
            for start, length, end in zip(
                chunk.offset[1:], self.form.chunk[1:], self.form.shape[1:], strict=True
            )
        )
        rows = [row - chunk.offset[0] for row in self.rows]
        inside = tuple(slice(0, part.stop - part.start) for part in rest)
        out[(slice(None), *rest)] = tile[(rows, *inside)]

    def _decode(self, chunk: RawChunk, data: bytes, out: NDArray[Any]) -> None:
        try:
            decode_chunk(
                data,
                chunk.codec,
                self.form.dtype.itemsize,
                out.nbytes,
                decoder_in_use(),
                out=out.reshape(-1).view(np.uint8),
            )
        except Inconsistent as error:
            one = self.form.chunk[0] == 1
            point = f"point {chunk.offset[0]}" if one else f"the chunk at {chunk.offset}"
            raise DamagedChunk(f"{point} is damaged: {error}", self.form.where, _DAMAGED) from error


@dataclass(frozen=True, slots=True)
class Fetched:
    """Points whose place in the files is known.

    Parameters
    ----------
    count, shape, dtype
        How many points, and of which shape and type each.
    load
        Reads their bytes, has it checked that they count, and returns them, in order.
    """

    count: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[Check], Sequence[Points]]

    def values(self, check: Check) -> NDArray[Any]:
        """Read the bytes, have it checked that they count, and return the points as one array."""
        parts = self.load(check)
        if len(parts) == 1:
            return parts[0].values()
        values = np.empty((self.count, *self.shape), self.dtype)
        starts = accumulate((part.count for part in parts), initial=0)

        def put(place: tuple[int, Points]) -> None:
            start, part = place
            part.values(values[start : start + part.count])

        each = values.nbytes // max(1, len(parts))
        for _ in WORKERS.in_order(put, zip(starts, parts, strict=False), each):
            pass
        return values


def values_of(part: Points) -> NDArray[Any]:
    """Return the values of a part as an array of the caller's own."""
    return part.values()


def decoded(parts: Iterable[Points], values: Callable[[Points], R]) -> Iterator[R]:
    """Yield what becomes of the values of parts, in order, worked out in parallel and a little ahead.

    Parameters
    ----------
    parts
        Taken one by one in the caller's thread.
    values
        Returns the values of a part; called in any thread.
    """
    for ready, some in groupby(parts, lambda part: isinstance(part, Ready)):
        if ready:
            yield from map(values, some)
            continue
        first = next(some)
        yield from WORKERS.in_order(values, chain((first,), some), first.nbytes)  # noqa: B031
