"""From what a user has to the state of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..documents import Runs, RunState
from ..errors import DocumentError, Id3cDataError
from ..paths import PathMapLike
from ._zmq import ZmqRuns

__all__ = ["Source", "open_source"]

NO_STOP = "its documents end without a stop document"


@dataclass(frozen=True, slots=True)
class Source:
    """Gives a run, and ends what was begun for that.

    Parameters
    ----------
    run
        Returns the run, waiting for it to begin for so many seconds at most.
    close
        Ends what listens or asks.
    """

    run: Callable[[float | None], RunState]
    close: Callable[[], None]


def open_source(source: Any, stream: str, path_map: PathMapLike) -> Source:
    """Return the source of a run; see `id3c_data.following.follow` for what it may be.

    Raises
    ------
    DocumentError
        It is nothing that tells of a run.
    """
    if isinstance(source, RunState):
        return Source(lambda _: source, lambda: None)
    if isinstance(source, Runs):
        return Source(source.next, lambda: None)
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        from ..catalog import open_container

        return open_source(open_container(source), stream, path_map)
    if isinstance(source, str):
        runs = ZmqRuns(source, stream, path_map=path_map)
        return Source(runs.next, runs.close)
    if hasattr(source, "context") and hasattr(source, "metadata"):
        from ..catalog import CatalogRunState

        state = CatalogRunState(source, stream, path_map=path_map)
        return Source(lambda _: state, state.close)
    if isinstance(source, Iterable):
        fed = RunState(stream, path_map=path_map)
        if isinstance(source, Sequence):
            _feed(fed, source)
        else:
            threading.Thread(target=_feed, args=(fed, source), name="documents", daemon=True).start()
        return Source(lambda _: fed, lambda: None)
    raise DocumentError(
        f"{type(source).__name__} tells of no run",
        next_step='give a run of a catalog, a RunState, Runs, documents, or "host:port" of a 0MQ proxy',
    )


def _feed(state: RunState, documents: Iterable[Any]) -> None:
    """Tell a state documents, to the last."""
    try:
        for name, doc in documents:
            state(name, dict(doc))
    except Id3cDataError as error:
        state.trouble(error)
    except Exception as error:  # of the caller's iterable: those who wait must hear of it
        state.trouble(DocumentError(f"its documents broke off ({type(error).__name__}: {error})"))
    else:
        state.abandon(NO_STOP)
