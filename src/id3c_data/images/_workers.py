"""The threads that read and decode, shared by all stacks of a process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

__all__ = ["WORKERS", "Workers"]

T = TypeVar("T")
R = TypeVar("R")

_AHEAD_BYTES: Final = 32 << 20
"""What may be read ahead of its use; more frames than this holds only where there are more cores."""


class Workers:
    """Threads that are started when they are first needed, one for each core that this process may use."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)  # a child has none of its parent's threads

    @property
    def count(self) -> int:
        """How many threads there are."""
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def ahead(self, item_bytes: int) -> int:
        """Return how many items of a size may be read ahead: enough that no thread waits for work."""
        return max(self.count + 1, min(8 * self.count, _AHEAD_BYTES // max(1, item_bytes)))

    def in_order(
        self, function: Callable[[T], R], items: Iterable[T], ahead: int
    ) -> Generator[R, None, None]:
        """Yield what a function makes of items, in their order, worked out in parallel.

        When the generator is closed, or has raised, nothing of it goes on in any thread. The function must
        not use the workers itself.

        Parameters
        ----------
        function
            Called in one of the threads.
        items
            Taken one by one, in the caller's thread.
        ahead
            How many results there may be that the caller has not taken.
        """
        pending: deque[Future[R]] = deque()
        try:
            for item in items:
                pending.append(self._submit(function, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            wait([future for future in pending if not future.cancel()])

    def _submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count, "id3c-data-frames")
        return self._pool.submit(function, item)

    def _forget(self) -> None:
        self._pool = None


WORKERS: Final = Workers()
"""The workers of this process."""
