"""A stack as a dask array."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra

__all__ = ["Lazy", "dask_array"]


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
        from ._dask_lazy import LazyDaskArray
    except ImportError as error:
        raise MissingExtra("dask", "catalog") from error
    return LazyDaskArray.of(lazy, meta, f"frames-{uuid4().hex}")
