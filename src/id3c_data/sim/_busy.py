"""A wait that record processing can hang on: what makes a put-callback complete late."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Busy"]


class Busy:
    """Something that runs or does not run; whoever waits for its end is called once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = False
        self._waiting: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Say that it runs."""
        with self._lock:
            self._running = True

    def end(self) -> None:
        """Say that it has ended, and call all that wait."""
        with self._lock:
            self._running = False
            waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call at once if it does not run, else when it ends."""
        with self._lock:
            if self._running:
                self._waiting.append(call)
                return
        call()
