"""The threads that read and decode, shared by all readers of a process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final, Generic, TypeVar

import numpy as np

__all__ = ["WORKERS", "Workers"]

T = TypeVar("T")
R = TypeVar("R")

_TASK_BYTES: Final = 1 << 18
"""Items smaller than this are given to a thread several at a time: a turn costs it some microseconds."""

_MOST_IN_TASK: Final = 64
_LARGEST_ARRAY: Final = 24 << 20


class Workers:
    """Threads that are started when they are first needed, one for each core that this process may use."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)  # a child has none of its parent's threads

    @property
    def count(self) -> int:
        """How many threads there are."""
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def in_order(
        self, function: Callable[[T], R], items: Iterable[T], item_bytes: int
    ) -> Generator[R, None, None]:
        """Yield what a function makes of items, in their order, worked out in parallel and a little ahead.

        Ahead are as many items as keep all threads at work, and no more: what waits in memory is not in the
        cores' caches any more when it is used, which costs more than it saves.

        When the generator is closed, or has raised, nothing of it goes on in any thread. An error in taking
        an item comes after the results for those before it. The function must not use the workers itself.

        Parameters
        ----------
        function
            Called in one of the threads.
        items
            Taken one by one, in the caller's thread.
        item_bytes
            What the result for one item takes, about.
        """
        _keep_memory()
        size = max(1, min(_MOST_IN_TASK, _TASK_BYTES // max(1, item_bytes)))
        errors, pending = list[Exception](), deque[Future[_Done[R]]]()
        rest = _until_error(items, errors)
        task, following = list(islice(rest, size)), list(islice(rest, size))
        if not following:  # not worth a change of threads
            yield from map(function, task)
            _raise_first(errors)
            return
        try:
            while task:
                pending.append(self._submit(_all_of, function, task))
                task, following = following, list(islice(rest, size))
                if len(pending) > self.count + 1:
                    yield from _results(pending.popleft())
            while pending:
                yield from _results(pending.popleft())
            _raise_first(errors)
        finally:
            wait([future for future in pending if not future.cancel()])

    def _submit(self, function: Callable[..., R], *arguments: Any) -> Future[R]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count, "id3c-data-frames")
        return self._pool.submit(function, *arguments)

    def _forget(self) -> None:
        self._pool = None


def _until_error(items: Iterable[T], errors: list[Exception]) -> Generator[T]:
    """Yield items until there is an error, which is put into a list."""
    try:
        yield from items
    except Exception as error:
        errors.append(error)


def _raise_first(errors: list[Exception]) -> None:
    if errors:
        raise errors.pop()


@cache
def _keep_memory() -> None:
    """Have the memory of frames that are done with used again for the next ones.

    The C library of Linux returns freed memory to the system when there is more of it than twice the largest
    array that was ever freed, and what it gets anew has to be cleared first: half of the time of a frame.
    """
    np.empty(_LARGEST_ARRAY, np.uint8)


@dataclass(frozen=True, slots=True)
class _Done(Generic[R]):
    """What came of some items, and what ended that."""

    results: list[R]
    error: BaseException | None = None


def _all_of(function: Callable[[T], R], items: list[T]) -> _Done[R]:
    results: list[R] = []
    try:
        for item in items:
            results.append(function(item))  # noqa: PERF401 - those before an error are kept
    except BaseException as error:
        return _Done(results, error)
    return _Done(results)


def _results(future: Future[_Done[R]]) -> Generator[R, None, None]:
    done = future.result()
    yield from done.results
    if done.error is not None:
        raise done.error


WORKERS: Final = Workers()
"""The workers of this process."""
