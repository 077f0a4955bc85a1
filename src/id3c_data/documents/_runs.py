"""The runs of a live stream of documents, one state for each."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..errors import DocumentError, FileClosed, Id3cDataError, RetryTimeoutException
from ..paths import PathMap, PathMapLike
from ._run_state import RunState
from ._waits import Unless, never, wait_told

__all__ = ["Runs"]

logger = logging.getLogger(__name__)

_MOST_WAITING: Final = 100
"""Runs that are kept although nobody has asked for them; then the oldest is let go."""
_MOST_FOREIGN: Final = 1000
"""Uids of runs, or of their descriptors, that were said to be skipped."""

_REFERENCE: Final = {
    "descriptor": "run_start",
    "resource": "run_start",
    "stream_resource": "run_start",
    "stop": "run_start",
    "event": "descriptor",
    "event_page": "descriptor",
    "datum": "resource",
    "datum_page": "resource",
    "stream_datum": "stream_resource",
}


class Runs:
    """The runs of a live stream of documents: give it each as ``runs(name, doc)``, and iterate over it.

    Whatever calls with name and document can feed it: ``RE.subscribe(runs)``, a 0MQ ``RemoteDispatcher``, a
    Kafka consumer. It may be fed from one thread and asked from another. A run whose start document came
    before is said once, and skipped.

    Parameters
    ----------
    stream, path_map
        See `RunState`.
    """

    def __init__(self, stream: str = "primary", *, path_map: PathMapLike = None) -> None:
        self._stream, self._path_map = stream, PathMap.of(path_map)
        self._changed = threading.Condition()
        self._waiting: deque[RunState] = deque(maxlen=_MOST_WAITING)
        self._open: dict[str, RunState] = {}
        self._run_of: dict[str, str] = {}  # by the uid of a descriptor or a resource
        self._foreign: deque[str] = deque(maxlen=_MOST_FOREIGN)
        self._ended: Id3cDataError | None = None

    def __call__(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take one document in; never raises, because the one who calls serves others too."""
        state: RunState | None = None
        with self._changed:
            try:
                name = getattr(name, "value", name)
                state = self._begin(doc) if name == "start" else self._find(name, doc)
                if state is None:
                    return
                state(name, dict(doc))
                if name == "start":
                    self._waiting.append(state)
                    self._changed.notify_all()
                elif name == "stop":
                    self._forget(doc["run_start"])
            except Exception as error:  # of whatever came in place of a document
                self._note(state, name, error)

    def next(self, timeout: float | None = None, *, unless: Unless = never) -> RunState:
        """Return the first run that nobody has asked for yet, as soon as its start document is here.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        unless
            Says whether the caller has given up; see `wake`.

        Raises
        ------
        RetryTimeoutException
            None began in time.
        FileClosed
            The stream was closed meanwhile, or broke, or the caller has given up.
        """

        def ready() -> bool:
            return bool(self._waiting or self._ended or unless())

        with self._changed:
            wait_told(self._changed, ready, timeout, lambda: f"{self}: waiting for a run to begin")
            if unless():
                raise FileClosed("nobody waits for its next run any more", str(self))
            if self._waiting:
                return self._waiting.popleft()
            if self._ended is not None:
                raise type(self._ended)(*self._ended.args) from self._ended
            raise RetryTimeoutException(
                f"no run began within {timeout:g} s",
                where=str(self),
                next_step="see whether its RunEngine publishes to where this listens",
            )

    def wake(self) -> None:
        """Have all who wait ask again whether they have given up."""
        with self._changed:
            self._changed.notify_all()

    def __iter__(self) -> Iterator[RunState]:
        """Yield each run as it begins, until the stream is closed."""
        while True:
            try:
                run = self.next()
            except FileClosed:
                return
            yield run

    def end(self, error: Id3cDataError) -> None:
        """Note that no more documents will come, and why; open runs are abandoned. For those who feed it."""
        with self._changed:
            self._ended = error
            for state in self._open.values():
                state.abandon(error.what)
            self._open.clear()
            self._run_of.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more documents; a run that is open is abandoned."""
        if self._ended is None:
            self.end(FileClosed("nobody listens for documents any more", str(self)))

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        return "the stream of documents"

    def _begin(self, doc: Mapping[str, Any]) -> RunState | None:
        """Return the state of a new run."""
        if self._ended is not None:
            return None
        before = self._open.get(doc["uid"])
        if before is not None:
            before.abandon("its start document came again")
        state = self._open[doc["uid"]] = RunState(self._stream, path_map=self._path_map)
        return state

    def _find(self, name: str, doc: Mapping[str, Any]) -> RunState | None:
        """Return the state of the run that a document belongs to; None where its start never came."""
        reference = doc.get(_REFERENCE.get(name, ""))
        if reference is None and name == "resource" and len(self._open) == 1:
            (reference,) = self._open  # the event model lets a resource leave out its run
        if reference is None:
            return None
        run = reference if reference in self._open else self._run_of.get(reference)
        if run is None or run not in self._open:
            self._tell_foreign(name, reference)
            return None
        if _REFERENCE[name] == "run_start" and name != "stop" and "uid" in doc:
            self._run_of[doc["uid"]] = run
        return self._open[run]

    def _note(self, state: RunState | None, name: str, error: Exception) -> None:
        """Tell of a document that cannot be taken in, also those who follow its run."""
        if not isinstance(error, DocumentError):
            error = DocumentError(
                f"a document makes no sense: {name} ({type(error).__name__}: {error})",
                where=str(self) if state is None else state.describe(),
                next_step="see who sends it",
            )
        logger.error("%s", error)
        if state is not None:
            state.trouble(error)

    def _tell_foreign(self, name: str, reference: str) -> None:
        """Say once that a run is skipped; its datums say nothing that its events do not."""
        if self._ended is None and "datum" not in name and reference not in self._foreign:
            self._foreign.append(reference)
            logger.warning("%s: skipping a run that began before (its %s came, of %s)", self, name, reference)

    def _forget(self, run: str) -> None:
        """Let go of a run that has ended."""
        self._open.pop(run, None)
        self._run_of = {uid: of for uid, of in self._run_of.items() if of != run}
