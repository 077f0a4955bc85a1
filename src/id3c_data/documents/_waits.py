"""The one way to wait for documents: as long as it takes, and not in silence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["TELL_AFTER_S", "Unless", "never", "wait_told"]

logger = logging.getLogger(__name__)

TELL_AFTER_S = 5.0
"""After how many seconds a wait logs, once, what it waits for."""

Unless: TypeAlias = Callable[[], bool]
"""Says whether the one who waits has given up; asked again whenever what he waits for is told to wake."""


def never() -> bool:
    """Say that whoever waits does not give up."""
    return False


def wait_told(
    changed: threading.Condition, ready: Callable[[], bool], timeout: float | None, what: Callable[[], str]
) -> bool:
    """Wait until something is ready, and log once what for where that takes more than some seconds.

    Parameters
    ----------
    changed
        Held by the caller; notified whenever it may be ready.
    ready
        Says whether it is.
    timeout
        Seconds to wait at most; None for no limit.
    what
        Says in words who waits for what.
    """
    if timeout is not None:
        timeout = min(timeout, threading.TIMEOUT_MAX)  # math.inf is a limit, too
    if timeout is not None and timeout <= TELL_AFTER_S:
        return changed.wait_for(ready, timeout)
    if changed.wait_for(ready, TELL_AFTER_S):
        return True
    logger.warning("%s", what())
    return changed.wait_for(ready, None if timeout is None else timeout - TELL_AFTER_S)
