"""Masked pixels that can be sent from one process to another, whatever was made of them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._mask import masked_value

__all__ = ["MaskedPixels"]


class MaskedPixels(np.ma.MaskedArray[Any, Any]):
    """Masked pixels whose fill value fits their type.

    NumPy gives the maxima of masked 16-bit pixels the fill value 999999, and distributed, which makes an
    array of them again in another process, fails over it. What is made of these here is of this class too,
    and goes by pickle.
    """

    def __array_finalize__(self, obj: NDArray[Any] | None) -> None:
        super().__array_finalize__(obj)
        if self._fill_value is None and self.dtype.kind in "ui":
            self._fill_value: Any = np.array(masked_value(self.dtype), self.dtype)

    def __setstate__(self, state: Any) -> None:
        self._fill_value = None  # NumPy makes the array with another type first, and it would keep that
        super().__setstate__(state)


def _by_pickle(_: MaskedPixels) -> NoReturn:
    raise NotImplementedError


if "distributed" in sys.modules:  # as in each of its workers, which import this with the first of these
    _serialize: Any = import_module("distributed.protocol.serialize")
    _serialize.dask_serialize.register(MaskedPixels)(_by_pickle)
