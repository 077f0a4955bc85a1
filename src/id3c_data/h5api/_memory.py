"""Memory for frames: kept when they are done with, and got from the system before the first ones come.

The C library of Linux returns freed memory to the system when there is more of it than twice the largest
array that was ever freed, and what it gets anew has to be cleared first: half of the time of a frame, and ten
times as long where the host of a virtual machine has taken the memory back.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np

__all__ = ["MEMORY_AHEAD", "MemoryAhead", "keep_memory"]

_LARGEST_ARRAY: Final = 24 << 20
_AHEAD: Final = 16 << 20
_STEP: Final = 1 << 20


@cache
def keep_memory() -> None:
    """Have the memory of frames that are done with used again for the next ones."""
    np.empty(_LARGEST_ARRAY, np.uint8)


class MemoryAhead:
    """Memory that a process gets from the system while it has nothing else to do: 16 MB, and only once."""

    def __init__(self) -> None:
        self._steps, self._lock = _steps(), threading.Lock()

    def get_some(self) -> None:
        """Get a little of it, so that nothing which comes meanwhile has to wait for long."""
        if self._lock.acquire(blocking=False):
            try:
                next(self._steps, None)
            finally:
                self._lock.release()


def _steps() -> Iterator[None]:
    keep_memory()
    memory = np.empty(_AHEAD, np.uint8)
    for start in range(0, _AHEAD, _STEP):
        memory[start : start + _STEP : mmap.PAGESIZE] = 0
        yield


MEMORY_AHEAD: Final = MemoryAhead()
"""The memory of this process."""
