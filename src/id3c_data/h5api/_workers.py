"""The threads that read and decode, shared by all readers of a process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from typing import Final, Generic, TypeVar

from ._memory import keep_memory

__all__ = ["WORKERS", "Workers"]

T = TypeVar("T")
R = TypeVar("R")

_FIRST_TASK_BYTES: Final = 1 << 18
_TASK_BYTES: Final = 3 << 20
"""Items smaller than this are given to a thread several at a time: a turn costs it some microseconds. In the
beginning fewer are, so that a short work is shared too."""

_MOST_IN_TASK: Final = 64


class Workers:
    """Threads that are started when they are first needed; with the caller's, one for each core that it has.

    A caller that would have to wait for a result works itself meanwhile. So no more threads than there are
    cores compete for Python's global lock.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)  # a child has none of its parent's threads

    @property
    def count(self) -> int:
        """How many threads work, the caller's among them."""
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
            Called in one of the threads, or in the caller's.
        items
            Taken one by one, in the caller's thread.
        item_bytes
            What the result for one item takes, about.
        """
        keep_memory()
        threads, errors, pending = self.count, list[Exception](), deque[_Task[R]]()
        groups = _grouped(_until_error(items, errors), item_bytes, threads)
        beginning = list(islice(groups, 2))
        if threads == 1 or len(beginning) < 2:  # not worth a change of threads
            for group in chain(beginning, groups):
                yield from map(function, group)
            _raise_first(errors)
            return
        try:
            for group in chain(beginning, groups):
                pending.append(self._task(partial(_all_of, function, group)))
                if len(pending) > threads + 1:
                    yield from _first_of(pending)
            while pending:
                yield from _first_of(pending)
            _raise_first(errors)
        finally:
            wait([task.future for task in pending if not task.future.cancel()])

    def _task(self, work: Callable[[], _Done[R]]) -> _Task[R]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count - 1, "id3c-data-frames")
        return _Task(work, self._pool.submit(work))

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


@dataclass(slots=True)
class _Task(Generic[R]):
    """Work that a thread was given, or that the caller has done because none had begun with it."""

    work: Callable[[], _Done[R]]
    future: Future[_Done[R]]
    here: _Done[R] | None = None

    def do_here(self) -> None:
        """Do the work, unless a thread has begun with it."""
        if self.here is None and self.future.cancel():
            self.here = self.work()

    def result(self) -> _Done[R]:
        """Return what came of it, as soon as it is done."""
        return self.future.result() if self.here is None else self.here


def _first_of(tasks: deque[_Task[R]]) -> Generator[R, None, None]:
    """Yield the results of the first task, and take part in the work until it is done."""
    first = tasks[0]
    for task in tasks:
        if first.here is not None or first.future.done():
            break
        task.do_here()
    done = first.result()
    tasks.popleft()
    yield from done.results
    if done.error is not None:
        raise done.error


def _grouped(items: Iterator[T], item_bytes: int, threads: int) -> Generator[list[T], None, None]:
    """Yield items as many at a time as a thread is given."""
    few, many = (
        max(1, min(_MOST_IN_TASK, size // max(1, item_bytes))) for size in (_FIRST_TASK_BYTES, _TASK_BYTES)
    )
    for number in count():
        group = list(islice(items, few if number < 2 * threads else many))
        if not group:
            return
        yield group


WORKERS: Final = Workers()
"""The workers of this process."""
