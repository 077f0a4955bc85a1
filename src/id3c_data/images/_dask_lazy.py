"""A dask array whose parts are parts of the lazy array below it; to be imported where dask is."""

from __future__ import annotations

import sys
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Final, cast

import dask.array.core
import dask.base
import dask.config
import numpy as np
from dask.callbacks import Callback

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._dask import Lazy

__all__ = ["LazyDaskArray"]

_core, _config = cast("Any", dask.array.core), cast("Any", dask.config)  # have no types
_Array: Any = _core.Array
_tokenize = cast("Callable[..., str]", dask.base.tokenize)

_CHUNK_BYTES: Final = 32 << 20
"""Large enough that ten thousand frames make some hundred tasks, small enough for many of them at once."""


class LazyDaskArray(_Array):
    """A dask array that is cut by cutting what it reads.

    dask itself adds a task for each cut, and joins it with the one that reads when it computes: for one frame
    that takes about as long as reading it.

    Parameters
    ----------
    lazy
        What it reads.
    meta
        An empty array of the kind that reading gives.
    name
        Start of its keys in dask's graphs, which nothing else has.
    items
        How many items along the first axis a chunk has; None for one chunk.
    """

    __slots__ = ("_items", "_lazy", "_name_of_lazy")

    def __new__(cls, lazy: Lazy, meta: Any, name: str, items: int | None) -> LazyDaskArray:
        """Make the array."""
        shape = lazy.shape if items is None else (items, *lazy.shape[1:])
        chunks = _core.normalize_chunks(shape, lazy.shape, dtype=lazy.dtype)
        source = f"lazy-{name}"
        keys = product([name], *(range(len(axis)) for axis in chunks))
        parts = _core.slices_from_chunks(chunks)
        graph = {key: (_core.getter, source, part) for key, part in zip(keys, parts, strict=True)}
        self = _Array.__new__(cls, {source: _ReadAtOnce(lazy), **graph}, name, chunks, lazy.dtype, meta)
        self._lazy, self._name_of_lazy, self._items = lazy, name, items
        return self

    @classmethod
    def of(cls, lazy: Lazy, meta: Any, name: str) -> LazyDaskArray:
        """Return an array in chunks of whole items along the first axis."""
        item_bytes = max(1, prod(lazy.shape[1:]) * lazy.dtype.itemsize)
        return cls(lazy, meta, name, max(1, _CHUNK_BYTES // item_bytes) if lazy.shape else None)

    def __getitem__(self, key: Any) -> Any:
        """Return a part, in chunks that read as much as those of the whole; any index that dask takes."""
        part = _bounded(key, self.shape) if self._is_lazy else None
        if part is None:
            return _Array.__getitem__(self, key)
        if part == tuple(slice(0, length, 1) for length in self.shape):
            return self
        name = f"frames-{_tokenize(self.name, part)}"
        return LazyDaskArray(
            self._lazy[part], self._meta, name, self._items if isinstance(part[0], slice) else None
        )

    def compute(self, **kwargs: Any) -> Any:
        """Return the values; see `dask.array.Array.compute`.

        One chunk is read at once, unless a scheduler was named, a cluster is there, or somebody watches dask:
        there is nothing to be scheduled, which would take several times as long as reading a frame.
        """
        if self._is_lazy and self.npartitions == 1 and not kwargs and not _is_scheduled():
            return _ReadAtOnce(self._lazy)[tuple(slice(0, length) for length in self.shape)]
        return _Array.compute(self, **kwargs)

    @property
    def _is_lazy(self) -> bool:
        """Whether it still is what is read: what is set in an array gives it another name."""
        return self.name == self._name_of_lazy


def _is_scheduled() -> bool:
    """Whether a scheduler was set, a cluster is connected to, or somebody watches what dask computes."""
    if _config.get("scheduler", None) is not None or bool(cast("Any", Callback).active):
        return True
    distributed = cast("Any", sys.modules.get("distributed"))  # dask itself imports it where it is installed
    try:
        return distributed is not None and distributed.Client.current() is not None
    except ValueError:  # no cluster is connected to
        return False


class _ReadAtOnce:
    """An array whose indexing reads, as dask expects it; it can be pickled if the lazy one can be."""

    def __init__(self, lazy: Lazy) -> None:
        self._lazy, self.shape, self.dtype, self.ndim = lazy, lazy.shape, lazy.dtype, len(lazy.shape)

    def __getitem__(self, key: tuple[Any, ...]) -> Any:
        if all(isinstance(axis, (slice, int)) for axis in key):
            return self._lazy[key].read()
        part: Any = self._lazy
        for axis in reversed(range(len(key))):  # each for itself: dask may have put several lists together
            part = part[(slice(None),) * axis + (key[axis],)]
        return part.read()


def _bounded(key: Any, shape: tuple[int, ...]) -> tuple[int | slice, ...] | None:
    """Return an index of integers and forward slices with all bounds: what grows below means the same by it.

    None for any other index, and for one that is out of bounds.
    """
    keys = cast("tuple[object, ...]", key if isinstance(key, tuple) else (key,))
    if len(keys) > len(shape):
        return None
    bounded: list[int | slice] = []
    for axis, length in zip((*keys, *(slice(None),) * (len(shape) - len(keys))), shape, strict=True):
        if isinstance(axis, slice):
            start, stop, step = axis.indices(length)
            if step < 0:
                return None
            bounded.append(slice(start, max(start, stop), step))
        elif isinstance(axis, (int, np.integer)) and not isinstance(axis, bool) and -length <= axis < length:
            bounded.append(int(cast("int", axis)) % length)
        else:
            return None
    return tuple(bounded)
