"""Images of a catalog as a lazy array: indexing fetches nothing, reading fetches what was indexed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..images import LazyArray
from ._selection import Selection, as_slice

__all__ = ["ImagesView"]

Fetch = Callable[[tuple[slice | int, ...]], np.ndarray]
FetchEach = Callable[[tuple[slice | int, ...]], Iterator[np.ndarray] | None]

_CHUNK_BYTES = 32 * 2**20  # of dask
_CHUNK_FRAMES = 64  # of which a small region may be less than that
_ITERATION_BYTES = 64 * 2**20  # of each request while iterating; at least one item


class ImagesView(LazyArray):
    """Part of a node's images, not fetched yet.

    Parameters
    ----------
    fetch
        Returns the pixels of an index of slices with positive steps, and integers.
    selection
        What this is of the node's array.
    dtype
        Pixel type.
    fetch_each
        Returns what an index takes of each frame, read-only, where frames can come one by one; else None.
    """

    def __init__(
        self,
        fetch: Fetch,
        selection: Selection,
        dtype: np.dtype[Any],
        fetch_each: FetchEach = lambda _: None,
    ) -> None:
        self._fetch, self._fetch_each, self._selection = fetch, fetch_each, selection
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._selection.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the array when it is read."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of one pixel")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype}, not fetched>"

    def __getitem__(self, key: Any) -> ImagesView:
        """Return a part, as numpy's indexing does, without fetching it."""
        return self._of(self._selection[key])

    def _of(self, selection: Selection) -> ImagesView:
        return type(self)(self._fetch, selection, self.dtype, self._fetch_each)

    def read(self) -> np.ndarray:
        """Return the pixels as an array of the caller's own.

        Raises
        ------
        CatalogUnreachable
            Where the catalog's server does not answer.
        RetryTimeoutException
            Where a frame is not on disk yet; ask again.
        FrameNotWritten
            Where a frame belongs to the run but is not on disk, and will not come.
        """
        if not self.size:
            return np.empty(self.shape, self.dtype)
        lists = [n for n, axis in enumerate(self._selection.axes) if isinstance(axis, tuple)]
        return self._read_list(lists[0]) if lists else self._read_regular()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("reading images makes an array of its own; copy=False cannot be kept")
        return self.read().astype(dtype or self.dtype, copy=False)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Fetch some items of the first axis at a time, and give them one by one, read-only."""
        step = max(1, _ITERATION_BYTES * len(self) // max(1, self.nbytes))
        for start in range(0, len(self), step):
            yield from self[start : start + step]._items()

    def _items(self) -> Iterator[np.ndarray]:
        """Return what is along the first axis; all of it is fetched at once."""
        axes = self._selection.axes
        forward = sum(isinstance(axis, range) and axis.step > 0 for axis in axes)
        frames = self.ndim == forward == 3 and all(isinstance(axis, range) for axis in axes[-2:])
        each = self._fetch_each(tuple(map(_as_key, axes))) if frames and self.size else None
        if each is not None:
            return each
        items = self.read()
        items.flags.writeable = False
        return iter(items)

    def to_dask(self) -> Any:
        """Return a dask array that fetches what is computed of it, in chunks of some frames.

        One frame of it costs one frame. It can be computed in other processes and on other machines that
        reach the catalog's server: each makes a connection of its own, with the credentials of this one. They
        are in the pickled array, but in no text that it shows.
        """
        import dask.array

        chunks: Any = self._chunks()
        return dask.array.from_array(_Pixels(self), chunks=chunks, name=False)

    def _chunks(self) -> tuple[int, ...]:
        """Return the shape of the chunks for dask: frames in one piece, as many as make some megabytes."""
        *leading, height, width = (1, 1, *self.shape) if self.ndim < 2 else self.shape
        frames = _CHUNK_BYTES // max(1, height * width * self.dtype.itemsize)
        frames = max(1, min(frames, _CHUNK_FRAMES))
        chunks = [height, width]
        for length in reversed(leading):
            chunks.insert(0, max(1, min(length, frames)))
            frames //= chunks[0]
        return tuple(chunks[-self.ndim :]) if self.ndim else ()

    def _read_regular(self) -> np.ndarray:
        """Fetch a selection without a list; axes with a negative step are turned round here."""
        index: list[slice | int] = []
        flips: list[slice] = []
        for axis in self._selection.axes:
            if isinstance(axis, range):
                backward = axis.step < 0
                index.append(as_slice(axis[::-1] if backward else axis))
                flips.append(slice(None, None, -1 if backward else 1))
            else:
                index.append(axis)  # type: ignore[arg-type]  # no lists here
        pixels = np.asarray(self._fetch(tuple(index)))[tuple(flips)]
        own = pixels.flags.writeable and pixels.flags.c_contiguous
        return pixels if own else np.array(pixels)  # bytes as they came over HTTP are read-only

    def _read_list(self, axis: int) -> np.ndarray:
        """Fetch a selection with a list of indices on one axis: one request for each regular stretch."""
        listed: Any = self._selection.axes[axis]
        axes = self._selection.axes
        parts = [
            self._of(Selection((*axes[:axis], stretch, *axes[axis + 1 :]))).read()
            for stretch in _stretches(listed)
        ]
        kept = sum(not isinstance(taken, int) for taken in axes[:axis])
        return np.concatenate(parts, axis=kept)


class _Pixels:
    """A view for dask, whose slices are arrays at once.

    dask takes whatever has a shape and a type for an array, so a view would stay one. Only of an array that
    takes lists (as it does by default) it asks for the slice of a chunk, and not for the whole chunk.
    """

    def __init__(self, view: ImagesView) -> None:
        self._view = view
        self.shape, self.dtype, self.ndim = view.shape, view.dtype, view.ndim

    def __repr__(self) -> str:
        return repr(self._view)

    def __getitem__(self, key: Any) -> np.ndarray:
        return self._view[key].read()


def _as_key(axis: Any) -> slice | int:
    return axis if isinstance(axis, int) else as_slice(axis)


def _stretches(indices: tuple[int, ...]) -> Iterator[range]:
    """Yield the ranges of consecutive indices that make a list."""
    start = 0
    for stop in range(1, len(indices) + 1):
        if stop == len(indices) or indices[stop] != indices[stop - 1] + 1:
            yield range(indices[start], indices[stop - 1] + 1)
            start = stop
