"""From what a user has to the state of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..documents import Runs, RunState, Unless
from ..errors import DocumentError, Id3cDataError
from ._zmq import ZmqRuns

__all__ = ["Source", "open_source"]

NO_STOP = "its documents end without a stop document"


@dataclass(frozen=True, slots=True)
class Source:
    """Gives a run, and ends what was begun for that.

    Parameters
    ----------
    run
        Returns the run. It waits for so many seconds at most, and not longer than the caller wants to.
    close
        Ends what listens or asks, and the wait of a caller who has given up. It waits for nothing itself, so
        that it may be called whenever nobody has the source any more.
    """

    run: Callable[[float | None, Unless], RunState]
    close: Callable[[], None]


def open_source(source: Any, stream: str) -> Source:
    """Return the source of a run; see `id3c_data.following.follow` for what it may be.

    Raises
    ------
    DocumentError
        It is nothing that tells of a run.
    """
    if isinstance(source, RunState):
        return _there(source, _nothing)
    if isinstance(source, Runs):
        return _next_of(source, source.wake)
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        from ..catalog import open_container

        return open_source(open_container(source), stream)
    if isinstance(source, str):
        runs = ZmqRuns(source, stream)
        return _next_of(runs, runs.stop)
    if hasattr(source, "context") and hasattr(source, "metadata"):
        from ..catalog import CatalogRunState

        state = CatalogRunState(source, stream)
        return _there(state, state.close)
    if isinstance(source, Iterable):
        return _told(source, RunState(stream))
    raise DocumentError(
        f"{type(source).__name__} tells of no run",
        next_step='give a run of a catalog, a RunState, Runs, documents, or "host:port" of a 0MQ proxy',
    )


def _nothing() -> None:
    """End nothing, where nothing was begun."""


def _there(state: RunState, close: Callable[[], None]) -> Source:
    """Return the source of a run that there is."""
    return Source(lambda _timeout, _unless: state, close)


def _next_of(runs: Runs, close: Callable[[], None]) -> Source:
    """Return the source of the next run of a stream."""
    return Source(lambda timeout, unless: runs.next(timeout, unless=unless), close)


def _told(documents: Iterable[Any], state: RunState) -> Source:
    """Return the source of a run whose documents somebody has; told from a thread if they may take time."""
    closed = threading.Event()
    if isinstance(documents, Sequence):
        _feed(state, documents, closed)
    else:
        arguments = state, documents, closed
        threading.Thread(target=_feed, args=arguments, name="documents", daemon=True).start()
    return _there(state, closed.set)


def _feed(state: RunState, documents: Iterable[Any], closed: threading.Event) -> None:
    """Tell a state documents, to the last, or until nobody wants them any more."""
    try:
        for name, doc in documents:
            if closed.is_set():
                break
            state(name, dict(doc))
    except Id3cDataError as error:
        state.trouble(error)
    except Exception as error:  # of the caller's iterable: those who wait must hear of it
        state.trouble(DocumentError(f"its documents broke off ({type(error).__name__}: {error})"))
    else:
        state.abandon(NO_STOP)
