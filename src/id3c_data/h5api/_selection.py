"""What somebody asks of a dataset between square brackets, and how much data it needs."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Index", "Selection"]

Index: TypeAlias = Any
"""An integer, a slice, an Ellipsis, a list of integers, a mask, a field name, or a tuple of these."""

_Item: TypeAlias = int | slice | NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Selection:
    """An index into a dataset, one item for each axis.

    Parameters
    ----------
    items
        An integer, a slice with a step of 1 or more, or an array of integers for each axis.
    fields
        Names of fields to take of a compound type.
    masks
        Lengths of the masks that items were made of, by their axis.
    """

    items: tuple[_Item, ...]
    fields: tuple[str, ...] = ()
    masks: Mapping[int, int] = field(default_factory=dict[int, int])

    @classmethod
    def of(cls, index: Index, ndim: int) -> Selection:
        """Return the selection that an index means in a dataset of so many axes.

        Raises
        ------
        IndexError
            More items than axes.
        TypeError
            An item that no dataset can be indexed with.
        ValueError
            A slice with a step below 1.
        """
        given = cast("tuple[Any, ...]", index) if isinstance(index, tuple) else (index,)
        fields = tuple(item for item in given if isinstance(item, str))
        given = tuple(item for item in given if not isinstance(item, str))
        if not any(isinstance(item, EllipsisType) for item in given):
            given = (*given, Ellipsis)
        items: list[_Item] = []
        masks: dict[int, int] = {}
        for n, item in enumerate(given):
            if isinstance(item, EllipsisType):
                rest = given[n + 1 :]
                items += [slice(None)] * (ndim - len(items) - len(rest))
            else:
                if _is_mask(item):
                    masks[len(items)] = len(item)
                items.append(_item(item))
        if len(items) > ndim:
            raise IndexError(f"{len(items)} indices for a dataset of {ndim} axes")
        return cls(tuple(items), fields, masks)

    def check_masks(self, shape: tuple[int, ...], longest: int | None) -> None:
        """Raise where a mask is not as long as its axis.

        Parameters
        ----------
        shape
            Of the dataset.
        longest
            How long its first axis may get; None for no limit.

        Raises
        ------
        TypeError
            As h5py does.
        """
        for axis, length in self.masks.items():
            grows = axis == 0 and (longest is None or longest > shape[0])
            if length < shape[axis] or (length > shape[axis] and not grows):
                raise TypeError(f"a mask of {length} for axis {axis}, whose length is {shape[axis]}")

    @property
    def points(self) -> int | None:
        """How many points the dataset must have; None where that is only known when it has its last."""
        first = self.items[0] if self.items else 0
        if 0 in self.masks:
            return None
        if isinstance(first, slice):
            return _points_of_slice(first)
        if isinstance(first, int):
            return first + 1 if first >= 0 else None
        if first.size == 0:
            return 0
        return int(first.max()) + 1 if int(first.min()) >= 0 else None

    @property
    def basic(self) -> bool:
        """Whether there are only integers and slices."""
        return all(isinstance(item, (int, slice)) for item in self.items)

    def rows(self, length: int) -> Sequence[int]:
        """Return which points of a dataset of that length are selected.

        Raises
        ------
        IndexError
            A point beyond its end.
        """
        first = self.items[0]
        if isinstance(first, slice):
            return range(*first.indices(length))
        wanted = [first] if isinstance(first, int) else [int(row) for row in first]
        for row in wanted:
            if not -length <= row < length:
                raise IndexError(f"point {row} of {length}")
        return [row % length for row in wanted]

    def of_rows(self, rows: NDArray[Any]) -> Any:
        """Return what is selected of the rows of `rows`."""
        taken = rows
        axis = 0
        for n, item in enumerate(self.items):
            if n == 0:
                item = 0 if isinstance(item, int) else slice(None)
            if isinstance(item, np.ndarray):
                taken = np.take(taken, item, axis=axis)
            else:
                taken = taken[(slice(None),) * axis + (item,)]
            axis += not isinstance(item, int)
        if not self.fields:
            return taken
        return taken[self.fields[0] if len(self.fields) == 1 else list(self.fields)]


def _points_of_slice(item: slice) -> int | None:
    start = 0 if item.start is None else operator.index(item.start)
    stop = None if item.stop is None else operator.index(item.stop)
    step = 1 if item.step is None else operator.index(item.step)
    if start < 0 or stop is None or stop < 0:
        return None
    chosen = range(start, stop, step)
    return chosen[-1] + 1 if chosen else 0


def _is_mask(item: Any) -> bool:
    """Say whether an item says of each place whether it is selected."""
    if isinstance(item, (slice, str, bool, np.bool_)) or not hasattr(item, "__len__"):
        return False
    array: NDArray[Any] = np.asarray(item)
    return array.ndim == 1 and array.dtype.kind == "b"


def _item(item: Any) -> _Item:
    """Return an item in its simplest form."""
    if isinstance(item, slice):
        taken = cast("slice[Any, Any, Any]", item)
        if taken.step is not None and operator.index(taken.step) < 1:
            raise ValueError(f"a step of {taken.step}; it must be 1 or more")
        return taken
    if isinstance(item, (bool, np.bool_)) or item is None:
        raise TypeError(f"a dataset cannot be indexed with {item!r}")
    if hasattr(item, "__index__") and not getattr(item, "ndim", 0):
        return operator.index(item)
    array: NDArray[Any] = np.asarray(item)
    if array.ndim == 1 and array.dtype.kind == "b":
        return np.flatnonzero(array)
    if array.ndim == 1 and (array.dtype.kind in "iu" or array.size == 0):
        return array.astype(np.intp)
    raise TypeError(f"a dataset cannot be indexed with {type(item).__name__} {item!r}")
