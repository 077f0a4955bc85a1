"""What part of an array is meant: indexing as numpy does it, without touching the array."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Selection"]

Axis = int | range | tuple[int, ...]
"""One index (the axis is gone), a regular stretch, or a list of indices."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One entry for each axis of an array: what was taken of it.

    Indexing a selection narrows it further, as indexing a view does.
    """

    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, shape: Sequence[int], key: Any = ...) -> Selection:
        """Return what ``array[key]`` takes of an array of that shape."""
        whole = cls(tuple(range(size) for size in shape))
        return whole[key]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is taken."""
        return tuple(len(axis) for axis in self.axes if not isinstance(axis, int))

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """The shape with an axis of length 1 where one index was taken."""
        return tuple(len(self.indices(n)) for n in range(len(self.axes)))

    def whole_frames(self, height: int, width: int) -> bool:
        """Whether all rows and columns of each frame are taken, in their order."""
        return self.axes[-2:] == (range(height), range(width))

    def indices(self, axis: int) -> Sequence[int]:
        """Return the indices taken of one axis of the array."""
        taken = self.axes[axis]
        return (taken,) if isinstance(taken, int) else taken

    def slices(self, axis: int) -> Any:
        """Return what is taken of one axis, as an index that keeps the axis: a slice, or a list."""
        taken = self.axes[axis]
        if isinstance(taken, int):
            return slice(taken, taken + 1)
        return as_slice(taken) if isinstance(taken, range) else list(taken)

    def __getitem__(self, key: Any) -> Selection:
        """Return what is taken of this by another index.

        Raises
        ------
        IndexError
            Where numpy would raise it, and for lists on more than one axis.
        """
        left = list(_expanded(key, len(self.shape)))
        axes = tuple(axis if isinstance(axis, int) else _narrowed(axis, left.pop(0)) for axis in self.axes)
        if sum(isinstance(axis, tuple) for axis in axes) > 1:
            raise IndexError("lists of indices are taken on one axis at a time")
        return Selection(axes)


def as_slice(indices: range) -> slice:
    """Return the slice that takes these indices."""
    stop = indices.stop if indices.step > 0 or indices.stop >= 0 else None
    return slice(indices.start, stop, indices.step) if indices else slice(0, 0)


def _expanded(key: Any, ndim: int) -> tuple[Any, ...]:
    """Return an index with an entry for each axis."""
    keys = key if isinstance(key, tuple) else (key,)
    at = [n for n, entry in enumerate(keys) if entry is ...]
    if len(at) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    missing = ndim - (len(keys) - len(at))
    if missing < 0:
        raise IndexError(f"too many indices: the array has {ndim} axes, {len(keys)} were indexed")
    place = at[0] if at else len(keys)
    return (*keys[:place], *[slice(None)] * missing, *keys[place + len(at) :])


def _narrowed(axis: range | tuple[int, ...], key: Any) -> Axis:
    """Return what is taken of one axis by one entry of an index."""
    if isinstance(key, slice):
        return axis[key]
    if isinstance(key, (list, np.ndarray)) and np.ndim(key) == 1:
        return _listed(axis, np.asarray(key))
    try:
        index = operator.index(key)  # type: ignore[arg-type]  # raises what is no index
    except TypeError:
        raise IndexError(
            f"{key!r} is no index; integers, slices, '...' and one list of integers are"
        ) from None
    if not -len(axis) <= index < len(axis):
        raise IndexError(f"index {index} is out of bounds for an axis of size {len(axis)}")
    return axis[index]


def _listed(axis: range | tuple[int, ...], key: np.ndarray) -> tuple[int, ...]:
    """Return what a list of indices, or a mask, takes of one axis."""
    if key.dtype == bool:
        if len(key) != len(axis):
            raise IndexError(f"a mask of {len(key)} values does not fit an axis of size {len(axis)}")
        key = np.flatnonzero(key)
    if key.size and not np.issubdtype(key.dtype, np.integer):
        raise IndexError(f"a list of {key.dtype} is no list of indices")
    taken = (_narrowed(axis, int(index)) for index in key)
    return tuple(index for index in taken if isinstance(index, int))
