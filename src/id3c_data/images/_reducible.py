"""Sums, means and the like as methods, with NumPy's arguments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ._reductions import Axis, Kind

__all__ = ["Reducible"]


class Reducible(ABC):
    """An array that can be reduced along its axes without being read into memory as a whole.

    Each method takes `axis`, `dtype`, `out` and `keepdims` as NumPy's function of that name does, so that
    ``numpy.sum(stack, axis=0)`` comes here too, and shows a progress bar with ``progress=True``. Integers are
    added up exactly, in 64 bits; all else is worked out in 64-bit floating point.
    """

    def sum(
        self,
        axis: Axis = None,
        dtype: DTypeLike | None = None,
        out: NDArray[Any] | None = None,
        *,
        keepdims: bool = False,
        progress: bool = False,
    ) -> Any:
        """Return the sum along axes: 0 adds up the frames, (1, 2) the pixels of each."""
        return _finished(self._reduced("sum", axis, keepdims, progress), dtype, out)

    def mean(
        self,
        axis: Axis = None,
        dtype: DTypeLike | None = None,
        out: NDArray[Any] | None = None,
        *,
        keepdims: bool = False,
        progress: bool = False,
    ) -> Any:
        """Return the mean along axes."""
        return _finished(self._reduced("mean", axis, keepdims, progress), dtype, out)

    def std(
        self,
        axis: Axis = None,
        dtype: DTypeLike | None = None,
        out: NDArray[Any] | None = None,
        ddof: float = 0,
        *,
        keepdims: bool = False,
        progress: bool = False,
    ) -> Any:
        """Return the standard deviation along axes."""
        return _finished(self._reduced("std", axis, keepdims, progress, ddof), dtype, out)

    def max(
        self,
        axis: Axis = None,
        out: NDArray[Any] | None = None,
        *,
        keepdims: bool = False,
        progress: bool = False,
    ) -> Any:
        """Return the largest values along axes."""
        return _finished(self._reduced("max", axis, keepdims, progress), None, out)

    def min(
        self,
        axis: Axis = None,
        out: NDArray[Any] | None = None,
        *,
        keepdims: bool = False,
        progress: bool = False,
    ) -> Any:
        """Return the smallest values along axes."""
        return _finished(self._reduced("min", axis, keepdims, progress), None, out)

    @abstractmethod
    def _reduced(
        self, kind: Kind, axis: Axis, keepdims: bool, progress: bool, ddof: float = 0
    ) -> NDArray[Any]:
        """Return what is made of the values."""


def _finished(result: NDArray[Any], dtype: DTypeLike | None, out: NDArray[Any] | None) -> Any:
    """Return a result as it was wanted; a number where it has no dimensions."""
    if dtype is not None:
        result = result.astype(dtype)
    if out is None:
        return result[()]
    np.copyto(out, result)
    return out
