"""Where one run stands, told by its documents."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import PurePath, PurePosixPath
from typing import Any

from ..errors import DocumentError, Id3cDataError
from ..h5api import ScanPhase
from ..paths import PathMap, PathMapLike
from ._promise import Promise
from ._run_record import RunRecord
from ._waits import Unless, never, wait_told

__all__ = ["RunState"]


class RunState(RunRecord):
    """Where one run stands, told by its documents: a `~id3c_data.h5api.PromisingScanState`.

    Give it every document as ``state(name, doc)``: from ``RE(plan, state)``, from a 0MQ ``RemoteDispatcher``,
    or from a list (`of`). It may be read and waited for from any thread.

    Parameters
    ----------
    stream
        The stream in question: its descriptor makes the run PREPARED.
    path_map
        Where this host has the documents' roots, so that `promised_points` knows a file by either name.

    Raises
    ------
    DocumentError
        On a document that belongs to another run, or refers to one that never came.
    """

    def __init__(self, stream: str = "primary", *, path_map: PathMapLike = None) -> None:
        super().__init__(stream, PathMap.of(path_map))
        self._changed = threading.Condition()
        self._trouble: Id3cDataError | None = None
        self._abandoned: str | None = None

    @classmethod
    def of(
        cls,
        documents: Iterable[tuple[str, Mapping[str, Any]]],
        stream: str = "primary",
        *,
        path_map: PathMapLike = None,
    ) -> RunState:
        """Return the state of the run whose documents these are."""
        state = cls(stream, path_map=path_map)
        for name, doc in documents:
            state(name, dict(doc))
        return state

    def __call__(self, name: str, doc: dict[str, Any], validate: bool = False) -> tuple[str, dict[str, Any]]:
        """Take one document in."""
        with self._changed:
            try:
                return super().__call__(name, doc, validate)
            finally:
                self._changed.notify_all()

    @property
    def phase(self) -> ScanPhase:
        """PREPARED from the stream's descriptor on, FINISHED from the stop document on.

        Raises
        ------
        Id3cDataError
            What `trouble` says.
        """
        self._check()
        return self._now

    @property
    def _now(self) -> ScanPhase:
        """The phase, whatever the trouble."""
        if self.stopped or self._abandoned is not None:
            return ScanPhase.FINISHED
        return ScanPhase.PREPARED if self.began else ScanPhase.NOT_PREPARED

    def wait_for_change(
        self, known: ScanPhase, timeout: float | None = None, *, unless: Unless = never
    ) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds.

        Readers wait so for moments only, between looks at their files, and tell themselves what they wait
        for.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._now != known or unless(), timeout)
            return self.phase

    def wait_for_stream(self, timeout: float | None = None, *, unless: Unless = never) -> bool:
        """Block until the stream has begun or the run is over; say whether that is so.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        unless
            Says whether the caller has given up; see `wake`.

        Raises
        ------
        Id3cDataError
            What `trouble` says.
        """

        def begun() -> bool:
            return self._over or self.began

        with self._changed:
            wait_told(self._changed, lambda: begun() or unless(), timeout, lambda: self._waits_for("begin"))
            self._check()
            return begun()

    def wake(self) -> None:
        """Have all who wait ask again whether they have given up."""
        with self._changed:
            self._changed.notify_all()

    @property
    def _over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self._now is ScanPhase.FINISHED or self._trouble is not None

    def trouble(self, error: Id3cDataError | None) -> None:
        """Note that nobody knows where the run stands, or with None that it is known again.

        Until then all who ask or wait get this error. For those who feed the state.
        """
        with self._changed:
            self._trouble = error
            self._changed.notify_all()

    def abandon(self, reason: str) -> None:
        """Note that no more documents will come, although the stop document never came: FINISHED.

        For those who feed the state. Nothing happens where the run has ended.
        """
        with self._changed:
            if self._now is not ScanPhase.FINISHED:
                self._abandoned = reason
                self._changed.notify_all()

    def close(self) -> None:
        """Do nothing; a state that feeds itself ends that here."""

    def _check(self) -> None:
        """Raise the trouble that there is, as a fresh error so that no traceback grows."""
        trouble = self._trouble
        if trouble is not None and self._now is not ScanPhase.FINISHED:
            raise type(trouble)(*trouble.args) from trouble

    @property
    def failure(self) -> str:
        """How the run ended, in words; empty while it runs and after a success."""
        if not self.stopped or self.exit_status == "success":
            return self._abandoned or ""
        return f"the run ended as {self.exit_status!r}" + (f": {self.reason}" if self.reason else "")

    def describe(self) -> str:
        """Return which run it is, and how it ended if not with success."""
        return ": ".join(part for part in (f"run {self.uid}", self.failure) if part)

    @property
    def data_keys(self) -> tuple[str, ...]:
        """The stream's data keys whose data lies in files."""
        with self._changed:
            return self._promises.data_keys

    def promised(self, data_key: str, start: int = 0) -> tuple[Promise, ...]:
        """Return what the events so far promise for a data key, in the order of the events.

        Parameters
        ----------
        data_key
            Of the stream.
        start
            How many to leave out, because they are known.

        Raises
        ------
        DocumentError
            Where the stream has no such external data key, or the run is over and a datum never came.
        """
        with self._changed:
            if data_key not in self._promises.data_keys:
                raise DocumentError(
                    f"stream {self.stream!r} has no data key {data_key!r} whose data lies in files",
                    where=f"run {self.uid}",
                    next_step=f"it has {', '.join(self._promises.data_keys) or 'none so far'}",
                )
            return tuple(self._resolved(data_key)[start:])

    def wait_for_promises(
        self, data_key: str, known: int, timeout: float | None = None, *, unless: Unless = never
    ) -> bool:
        """Block until more than ``known`` events promise something, or the run is over; say whether more do.

        Parameters
        ----------
        data_key
            Of the stream.
        known
            How many the caller knows.
        timeout
            Seconds to wait at most.
        unless
            Says whether the caller has given up; see `wake`.

        Raises
        ------
        Id3cDataError
            What `trouble` says.
        """

        def more() -> bool:
            return data_key in self._promises.data_keys and len(self._resolved(data_key)) > known

        def ready() -> bool:
            return more() or self._over or unless()

        with self._changed:
            wait_told(self._changed, ready, timeout, lambda: self._waits_for(f"go on after {known} events"))
            self._check()
            return more()

    def _waits_for(self, what: str) -> str:
        return f"{self.describe()}: waiting for its stream {self.stream!r} to {what}"

    def promised_points(self, path: PurePath, name: str) -> int | None:
        """Return how many points the events so far promise of a dataset; None where nothing is known.

        Parameters
        ----------
        path
            The file: as the documents name it, or where a path map has it on this host.
        name
            Path of the dataset in it.
        """
        with self._changed:
            return self._promises.points(path, name)

    def also_mapped(self, path_map: PathMapLike) -> None:
        """Know the files also by where this map has them, for those who read them there.

        Raises
        ------
        ConfigError
            Where it is no path map.
        """
        with self._changed:
            self._promises.files.also_mapped(PathMap.of(path_map))

    def masters(self, data_key: str) -> tuple[PurePosixPath, ...]:
        """Return the files that hold a data key's frames, as the documents name them, each once, in order."""
        return tuple(dict.fromkeys(promise.path for promise in self.promised(data_key)))

    def _resolved(self, data_key: str) -> list[Promise]:
        """Return what events promise so far; of a run that is over, all of them."""
        lacking = self._promises.without_datum(data_key) if self.stopped else None
        if lacking is not None:
            raise self._unknown("event", f"event {lacking[0]}", "datum", lacking[1])
        return self._promises.of(data_key)
