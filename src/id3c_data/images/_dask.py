"""A stack as a dask array."""

from __future__ import annotations

from math import prod
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra

__all__ = ["Lazy", "dask_array"]

_CHUNK_BYTES: Final = 32 << 20
"""Large enough that ten thousand frames make some hundred tasks, small enough for many of them at once."""


class Lazy(Protocol):
    """An array that gives views, which can be read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its values."""
        ...

    def __getitem__(self, key: Any) -> Any:
        """Return a view."""
        ...

    def read(self) -> NDArray[Any]:
        """Return the values."""
        ...


class _ReadAtOnce:
    """An array whose indexing reads, as dask expects it; it can be pickled if the lazy one can be."""

    def __init__(self, lazy: Lazy) -> None:
        self._lazy, self.shape, self.dtype, self.ndim = lazy, lazy.shape, lazy.dtype, len(lazy.shape)

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[Any]:
        part: Any = self._lazy
        for axis in reversed(
            range(len(key))
        ):  # each axis for itself: what dask has put together may hold lists
            part = part[(slice(None),) * axis + (key[axis],)]
        return part.read()


def dask_array(lazy: Lazy, meta: NDArray[Any]) -> Any:
    """Return a dask array in chunks of whole items along the first axis.

    A part of a chunk reads that part only, so that one frame costs one frame.

    Parameters
    ----------
    lazy
        The array.
    meta
        An empty array of the kind that reading gives.

    Raises
    ------
    MissingExtra
        dask is not installed.
    """
    try:
        import dask.array
    except ImportError as error:
        raise MissingExtra("dask", "catalog") from error
    item_bytes = max(1, prod(lazy.shape[1:]) * lazy.dtype.itemsize)
    chunks = (max(1, _CHUNK_BYTES // item_bytes), *lazy.shape[1:]) if lazy.shape else ()
    make = cast("Any", dask.array).from_array
    # dask cuts a read down to a part of it only for arrays that it may index in any way, and convert
    return make(_ReadAtOnce(lazy), chunks=chunks, name=False, asarray=True, fancy=True, meta=meta)
