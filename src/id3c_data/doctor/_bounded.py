"""Asking what may never answer: a file server that is gone keeps whoever looks at it for ever."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises; it runs in a thread of its own.

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
