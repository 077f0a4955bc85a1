"""The threads that read and decode, shared by all readers of a process."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

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
        self._tasks: SimpleQueue[_Task[Any]] | None = None
        self._starting = threading.Lock()
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
            for task in pending:
                if not task.claim() and not task.here:
                    task.result()

    def _task(self, work: Callable[[], _Done[R]]) -> _Task[R]:
        task = _Task(work)
        (self._tasks or self._start()).put(task)
        return task

    def _start(self) -> SimpleQueue[_Task[Any]]:
        """Start the threads; they end with the process."""
        with self._starting:
            if self._tasks is None:
                tasks = SimpleQueue[_Task[Any]]()
                for n in range(self.count - 1):
                    threading.Thread(
                        target=_work_on, args=(tasks,), name=f"id3c-data-frames_{n}", daemon=True
                    ).start()
                self._tasks = tasks
            return self._tasks

    def _forget(self) -> None:
        self._tasks, self._starting = None, threading.Lock()


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


class _Task(Generic[R]):
    """Work that one thread does: the one that claims it first.

    `concurrent.futures` does the same, and takes as long for a task as decoding a tenth of a frame, all of it
    with Python's global lock held.

    Attributes
    ----------
    here
        Whether the caller does the work, or is about to: also where Ctrl-C has kept it from that.
    """

    __slots__ = ("_done", "_ended", "_unclaimed", "_work", "here")

    def __init__(self, work: Callable[[], _Done[R]]) -> None:
        self._work, self._unclaimed, self.here = work, [True], False
        self._done: _Done[R] | None = None
        self._ended = threading.Lock()
        self._ended.acquire()

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self._done is not None

    def claim(self) -> bool:
        """Return whether the work is the caller's to do from now on, which only one is told."""
        try:
            return self._unclaimed.pop()  # which is one step for all threads
        except IndexError:
            return False

    def do(self) -> bool:
        """Do the work, unless somebody has begun with it; return whether it was done."""
        if not self.claim():
            return False
        self._done = self._work()
        self._ended.release()
        return True

    def do_here(self) -> None:
        """Do the work as the caller, who does not wait for itself then."""
        self.here = True
        self.here = self.do()

    def result(self) -> _Done[R]:
        """Return what came of it, as soon as it is done."""
        while self._done is None:
            with self._ended:
                pass
        return self._done


def _work_on(tasks: SimpleQueue[_Task[Any]]) -> None:
    while True:
        task = tasks.get()
        task.do()
        del task  # and with it the memory of its results


def _first_of(tasks: deque[_Task[R]]) -> Generator[R, None, None]:
    """Yield the results of the first task, and take part in the work until it is done."""
    first = tasks[0]
    for task in tasks:
        if first.is_done:
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
