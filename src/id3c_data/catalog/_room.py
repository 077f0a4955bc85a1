"""Memory for the pixels of large answers, used again: new memory takes about as long as decoding into it."""

from __future__ import annotations

import math
import weakref
from collections import deque
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROOM", "Room"]

_WORTHWHILE: Final = 16 << 20
"""Bytes from which on the C library gives memory back to the system as soon as it is freed."""


class Room:
    """Arrays whose memory is that of an earlier one that nobody uses any more.

    The memory of one array is kept, the last that was done with. Thread-safe, and without a lock: an array
    may go at any moment, in any thread.
    """

    def __init__(self) -> None:
        self._kept: deque[NDArray[np.uint8]] = deque(maxlen=1)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array with any content, as `numpy.empty` does."""
        needed = math.prod(shape) * dtype.itemsize
        if needed < _WORTHWHILE:
            return np.empty(shape, dtype)
        lease = _Lease(self._taken(needed))
        weakref.finalize(lease, self._kept.append, lease.memory).atexit = False
        return np.asarray(lease)[:needed].view(dtype).reshape(shape)

    def _taken(self, needed: int) -> NDArray[np.uint8]:
        with suppress(IndexError):
            kept = self._kept.pop()
            if needed <= kept.size <= 2 * needed:
                return kept
        return np.empty(needed, np.uint8)


class _Lease:
    """What all arrays over some memory refer to; when it goes, nobody uses the memory any more."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        self.memory = memory
        self.__array_interface__ = memory.__array_interface__


ROOM: Final = Room()
"""That of this process."""
