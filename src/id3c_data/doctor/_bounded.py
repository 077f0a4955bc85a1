"""Asking what may never answer, and looking until something is so."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["look_until", "within"]

_LOOK_EVERY_S = 0.02

T = TypeVar("T")


def look_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again until something is so; return whether it was so in time.

    Parameters
    ----------
    condition
        Is looked at once at least.
    seconds
        When to give up.
    """
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    return met


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises; it runs in a thread of its own.

    For questions that go over a network. What looks at files is asked of a `Looker`.

    Parameters
    ----------
    seconds
        How long to wait. A function that goes on is left alone: its thread ends with the process.
    ask
        The function.

    Raises
    ------
    TimeoutError
        It has not ended by then.
    """
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((ask(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=run, name="id3c-data doctor", daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return answer  # pyright: ignore[reportReturnType]  # it is T where there is no error
