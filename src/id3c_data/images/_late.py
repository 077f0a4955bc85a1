"""What is found out when somebody needs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

__all__ = ["Late"]

T = TypeVar("T")

_LONGEST_TURN_S: Final = 10.0
"""A thread in a callback of HDF5 keeps the one that it waits for from ending; it looks itself then."""


class Late(Generic[T]):
    """Something that is found out once, when somebody needs it; thread-safe.

    Parameters
    ----------
    find
        Finds it out; can be pickled, and called twice.
    """

    def __init__(self, find: Callable[[], T]) -> None:
        self._find = find
        self._found: list[T] = []

    @property
    def known(self) -> bool:
        """Whether somebody needed it already."""
        return bool(self._found)

    def get(self) -> T:
        """Return it; raises what finding it out raises."""
        if not self._found:
            with _TURNS.one():  # threads that read ahead come here together
                if not self._found:
                    self._found.append(self._find())
        return self._found[0]


class _Turns:
    """A lock that a process forked meanwhile has open, and that nobody waits for too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._open)

    @contextmanager
    def one(self) -> Generator[None]:
        """Have the block to oneself."""
        lock = self._lock
        taken = lock.acquire(timeout=_LONGEST_TURN_S)
        try:
            yield
        finally:
            if taken:
                lock.release()

    def _open(self) -> None:
        self._lock = threading.Lock()


_TURNS: Final = _Turns()
