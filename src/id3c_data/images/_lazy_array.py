"""What lazy arrays of frames have of NumPy's: arithmetic that reads, and one pixel as a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["LazyArray"]

_READ_ONLY = "frames in files cannot be written to; take pixels = images[0].read() first"


class LazyArray(NDArrayOperatorsMixin):
    """A lazy array of frames: what it is part of gives ``shape``, ``ndim``, ``dtype``, indexing and `read`.

    NumPy's functions read what they are given. Nothing writes into files: ``frame -= dark`` makes an array of
    the difference, as of every object that cannot change, and ``out=frame`` is refused. A part without
    dimensions, one pixel, is a number where one is asked for.
    """

    shape: Any
    ndim: Any
    dtype: Any

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        targets = (*kwargs.get("out", ()), *(inputs[:1] if method == "at" else ()))
        if any(isinstance(target, LazyArray) for target in targets):
            raise TypeError(_READ_ONLY)
        return getattr(ufunc, method)(*map(_pixels, inputs), **kwargs)

    def _not_in_place(self: Any, other: Any) -> Any:  # noqa: ARG002  # NumPy's names
        return NotImplemented  # so Python takes the operator itself, and gives its result this one's name

    __iadd__ = __isub__ = __imul__ = __imatmul__ = __itruediv__ = __ifloordiv__ = __imod__ = _not_in_place
    __ipow__ = __ilshift__ = __irshift__ = __iand__ = __ixor__ = __ior__ = _not_in_place

    def __contains__(self, value: Any) -> bool:
        """Say whether any pixel has a value, reading some frames at a time."""
        if np.ndim(value):
            raise TypeError("`in` looks for one value; compare an array by ==, frame by frame")
        items: Any = self if self.ndim > 2 else (_pixels(self),)
        return any(bool(np.any(item == value)) for item in items)

    def __float__(self) -> float:
        return float(self._pixel())

    def __int__(self) -> int:
        return int(self._pixel())

    def __index__(self) -> int:
        if self.dtype.kind not in "ui":
            raise TypeError(f"a pixel of type {self.dtype} is no index")
        return int(self._pixel())

    def __bool__(self) -> bool:
        if self.ndim:
            raise ValueError(
                f"the truth value of pixels of shape {self.shape} is ambiguous; take len(), or compare them"
            )
        return bool(self._pixel())

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if self.ndim else format(self._pixel(), spec)

    def _pixel(self) -> Any:
        """Return the pixel of an array without dimensions."""
        if self.ndim:
            raise TypeError(f"only one pixel is a number, and this is of shape {self.shape}; take one of it")
        return _pixels(self)[()]


def _pixels(value: Any) -> Any:
    """Return the pixels of what is lazy, and what is not as it is."""
    if isinstance(value, LazyArray):
        lazy: Any = value  # indexing and reading are of the classes that this is part of
        return lazy[...].read()
    return value
