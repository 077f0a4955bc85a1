"""The threads that read and decode, shared by all readers of a process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
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

_END_S: Final = 10.0
"""At most, for a thread that is still reading when the process ends."""


class Workers:
    """Threads that are started when they are first needed; with the caller's, one for each core that it has.

    A caller that would have to wait for a result works itself meanwhile. So no more threads than there are
    cores compete for Python's global lock.
    """

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # a child has none of its parent's threads
        atexit.register(self._end)

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
                pending.append(_Task(partial(_all_of, function, group)))
                self._hand_over(pending[-1], threads - 1)
                if len(pending) > threads + 1:
                    yield from _first_of(pending)
            while pending:
                yield from _first_of(pending)
            _raise_first(errors)
        finally:
            begun = [task for task in pending if not task.claim()]
            if not sys.is_finalizing():  # when no thread ends what it has begun
                for task in begun:
                    task.wait()

    def _hand_over(self, task: _Task[Any], threads: int) -> None:
        """Give a task to the threads, of which there are so many at most."""
        if len(self._threads) < threads:
            with suppress(RuntimeError):  # the system gives no more: those that run do it
                self._start_another(threads)
        self._tasks.put(task)

    def _start_another(self, threads: int) -> None:
        """Start a thread, unless another caller has started the last of so many."""
        with self._starting:
            if (number := len(self._threads)) < threads:
                name = f"id3c-data-frames_{number}"
                thread = threading.Thread(target=_work_on, args=(self._tasks,), name=name, daemon=True)
                thread.start()
                self._threads.append(thread)

    def _end(self) -> None:
        """End the threads while the interpreter still lets them."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(_END_S)
        self._forget()

    def _forget(self) -> None:
        self._tasks: SimpleQueue[_Task[Any] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()


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
    """

    __slots__ = ("_done", "_ended", "_owner", "_work")

    def __init__(self, work: Callable[[], _Done[R]]) -> None:
        self._work: Callable[[], _Done[R]] | None = work
        self._owner: dict[str, int] = {}
        self._done: _Done[R] | None = None
        self._ended = threading.Lock()
        self._ended.acquire()

    @property
    def is_done(self) -> bool:
        """Whether the work is done."""
        return not self._ended.locked()

    def claim(self) -> bool:
        """Return whether the work belongs to this thread, from now on or already."""
        return self._owner.setdefault("", threading.get_ident()) == threading.get_ident()  # one step for all

    def do(self) -> None:
        """Do the work, unless somebody has begun with it."""
        if self.claim() and self._work is not None:
            work, self._work = self._work, None
            self._done = work()
            self._ended.release()

    def wait(self) -> None:
        """Wait until another thread has done it."""
        with self._ended:
            pass

    def taken(self) -> _Done[R]:
        """Return what came of it, as soon as it is done, and keep nothing of that."""
        self.wait()
        done, self._done = self._done, None
        assert done is not None  # noqa: S101 (what has ended has a result; this tells the type checker)
        return done


def _work_on(tasks: SimpleQueue[_Task[Any] | None]) -> None:
    while (task := tasks.get()) is not None:
        task.do()
        del task  # and with it the memory of its results


def _first_of(tasks: deque[_Task[R]]) -> Generator[R, None, None]:
    """Yield the results of the first task, and take part in the work until it is done."""
    first = tasks[0]
    for task in tasks:
        if first.is_done:
            break
        task.do()
    done = first.taken()
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
