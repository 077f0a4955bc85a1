"""Where one run stands, and what its documents promised."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import PurePath, PurePosixPath
from typing import Any

from event_model import DocumentRouter

from ..errors import DocumentError, Id3cDataError
from ..h5api import ScanPhase
from ..paths import PathMap, PathMapLike
from ._promise import Promise
from ._promised_files import PromisedFiles

__all__ = ["RunState"]


class RunState(DocumentRouter):
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
        super().__init__()
        self.stream = stream
        self._changed = threading.Condition()
        self._phase = ScanPhase.NOT_PREPARED
        self._start: dict[str, Any] | None = None
        self._stop: dict[str, Any] | None = None
        self._external: dict[str, list[str]] = {}
        self._descriptors: set[str] = set()  # of the stream in question
        self._seq_nums: set[int] = set()
        self._resources: dict[str, dict[str, Any]] = {}
        self._datums: dict[str, tuple[str, dict[str, Any]]] = {}
        self._events: dict[str, list[tuple[int, str, float]]] = {}
        self._promises: dict[str, list[Promise]] = {}  # of the events whose datum is here too
        self._files = PromisedFiles(PathMap.of(path_map))
        self._trouble: Id3cDataError | None = None
        self._abandoned = ""

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
            if self._start is None and name != "start":
                raise DocumentError(
                    f"a {name} document came before the run's start document",
                    where=f"document {_name(doc)}",
                    next_step="subscribe before the run starts, or read its documents from the catalog",
                )
            return super().__call__(name, doc, validate)

    @property
    def phase(self) -> ScanPhase:
        """PREPARED from the stream's descriptor on, FINISHED from the stop document on.

        Raises
        ------
        Id3cDataError
            What `trouble` says.
        """
        self._check()
        return self._phase

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._phase != known, timeout)
            return self.phase

    @property
    def _over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self._phase is ScanPhase.FINISHED or self._trouble is not None

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
            if self._phase is not ScanPhase.FINISHED:
                self._abandoned = reason
                self._advance(ScanPhase.FINISHED)

    def close(self) -> None:
        """Do nothing; a state that feeds itself ends that here."""

    def _check(self) -> None:
        """Raise the trouble that there is, as a fresh error so that no traceback grows."""
        trouble = self._trouble
        if trouble is not None and self._phase is not ScanPhase.FINISHED:
            raise type(trouble)(*trouble.args) from trouble

    @property
    def uid(self) -> str | None:
        """The run's uid, once its start document is here."""
        return self._start["uid"] if self._start else None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The start document; empty until it is here."""
        return self._start or {}

    @property
    def exit_status(self) -> str | None:
        """``"success"``, ``"abort"`` or ``"fail"``, once the run has ended."""
        return self._stop["exit_status"] if self._stop else None

    @property
    def reason(self) -> str:
        """What the stop document gives as the reason; mostly empty."""
        return (self._stop or {}).get("reason") or ""

    @property
    def failure(self) -> str:
        """How the run ended, in words; empty while it runs and after a success."""
        if self._stop is None or self.exit_status == "success":
            return self._abandoned
        return f"the run ended as {self.exit_status!r}" + (f": {self.reason}" if self.reason else "")

    def describe(self) -> str:
        """Return which run it is, and how it ended if not with success."""
        return ": ".join(part for part in (f"run {self.uid}", self.failure) if part)

    @property
    def began(self) -> bool:
        """Whether a descriptor of the stream is here."""
        return bool(self._descriptors)

    @property
    def events(self) -> int:
        """How many events of the stream are here; one that was taken again after a pause counts once."""
        return len(self._seq_nums)

    @property
    def num_events(self) -> Mapping[str, int]:
        """How many events the stop document counts, by stream; empty until it is here."""
        return (self._stop or {}).get("num_events") or {}

    @property
    def data_keys(self) -> tuple[str, ...]:
        """The stream's data keys whose data lies in files."""
        with self._changed:
            return tuple(self._events)

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
            if data_key not in self._events:
                raise DocumentError(
                    f"stream {self.stream!r} has no data key {data_key!r} whose data lies in files",
                    where=f"run {self.uid}",
                    next_step=f"it has {', '.join(self._events) or 'none so far'}",
                )
            return tuple(self._resolved(data_key)[start:])

    def wait_for_promises(self, data_key: str, known: int, timeout: float | None = None) -> bool:
        """Block until more than ``known`` events promise something, or the run is over; say whether more do.

        Raises
        ------
        Id3cDataError
            What `trouble` says.
        """

        def more() -> bool:
            return data_key in self._events and len(self._resolved(data_key)) > known

        with self._changed:
            self._changed.wait_for(lambda: more() or self._over, timeout)
            self._check()
            return more()

    def promised_points(self, path: PurePath, name: str) -> int | None:
        """Return how many points the events so far promise of a dataset; None where nothing is known.

        Parameters
        ----------
        path
            The file: as the documents name it, or where the path map has it on this host.
        name
            Path of the dataset in it.
        """
        with self._changed:
            for data_key in self._events:
                self._resolved(data_key)
            return self._files.points(path, name)

    def masters(self, data_key: str) -> tuple[PurePosixPath, ...]:
        """Return the files that hold a data key's frames, as the documents name them, each once, in order."""
        return tuple(dict.fromkeys(promise.path for promise in self.promised(data_key)))

    def _resolved(self, data_key: str) -> list[Promise]:
        """Return what events promise, up to the first whose datum is not here."""
        events = self._events[data_key]
        promises = self._promises.setdefault(data_key, [])
        for seq_num, datum_id, time in events[len(promises) :]:
            if datum_id not in self._datums:  # the event model lets a datum come after the event
                if self._stop is not None:
                    raise self._unknown("event", f"event {seq_num}", "datum", datum_id)
                break
            resource_uid, kwargs = self._datums[datum_id]
            promises.append(Promise(seq_num, datum_id, self._resources[resource_uid], kwargs, time))
            self._files.add(promises[-1])
        return promises

    def start(self, doc: dict[str, Any]) -> None:
        """Take the start document in; there is one only."""
        if self._start is not None:
            raise self._foreign("start", doc["uid"])
        self._start = deepcopy(doc)

    def descriptor(self, doc: dict[str, Any]) -> None:
        """Note a stream's external data keys; PREPARED at the stream in question."""
        self._belongs("descriptor", doc)
        external = [key for key, value in doc["data_keys"].items() if "external" in value]
        ours = doc.get("name") == self.stream
        self._external[doc["uid"]] = external if ours else []
        if ours:
            self._descriptors.add(doc["uid"])
            for key in external:
                self._events.setdefault(key, [])
            self._advance(ScanPhase.PREPARED)

    def resource(self, doc: dict[str, Any]) -> None:
        """Note a file that is to be."""
        if "run_start" in doc:
            self._belongs("resource", doc)
        self._resources[doc["uid"]] = deepcopy(doc)

    def stream_resource(self, doc: dict[str, Any]) -> None:
        """Check that it is of this run; such files promise nothing event by event."""
        self._belongs("stream_resource", doc)

    def stream_datum(self, doc: dict[str, Any]) -> None:
        """Note which events it stands for."""
        if doc["descriptor"] in self._descriptors:
            self._seq_nums.update(range(doc["seq_nums"]["start"], doc["seq_nums"]["stop"]))

    def datum(self, doc: dict[str, Any]) -> None:
        """Note a piece of a file."""
        if doc["resource"] not in self._resources:
            raise self._unknown("datum", doc["datum_id"], "resource", doc["resource"])
        self._datums[doc["datum_id"]] = doc["resource"], dict(doc["datum_kwargs"])
        self._changed.notify_all()

    def event(self, doc: dict[str, Any]) -> None:
        """Note which data an event promises."""
        try:
            keys = self._external[doc["descriptor"]]
        except KeyError:
            raise self._unknown("event", doc["uid"], "descriptor", doc["descriptor"]) from None
        if doc["descriptor"] in self._descriptors:
            self._seq_nums.add(doc["seq_num"])
        filled = doc.get("filled", {})
        for key in keys:
            if key in doc["data"] and filled.get(key, False) is False:
                self._events[key].append((doc["seq_num"], doc["data"][key], doc["time"]))
        self._changed.notify_all()

    def stop(self, doc: dict[str, Any]) -> None:
        """Note how the run ended."""
        self._belongs("stop", doc)
        self._stop = deepcopy(doc)
        self._advance(ScanPhase.FINISHED)

    def _advance(self, phase: ScanPhase) -> None:
        self._phase = max(self._phase, phase)  # a second descriptor changes nothing
        self._changed.notify_all()

    def _belongs(self, name: str, doc: dict[str, Any]) -> None:
        if doc["run_start"] != self.uid:
            raise self._foreign(name, doc["run_start"])

    def _foreign(self, name: str, uid: str) -> DocumentError:
        return DocumentError(
            f"a {name} document of run {uid} came",
            where=f"run {self.uid}",
            next_step="make one RunState for each run, such as with event_model.RunRouter",
        )

    def _unknown(self, name: str, uid: str, of: str, missing: str) -> DocumentError:
        return DocumentError(
            f"{name} {uid} refers to {of} {missing}, which never came",
            where=f"run {self.uid}",
            next_step="give all documents of the run, in their order",
        )


def _name(doc: dict[str, Any]) -> str:
    return str(doc.get("uid") or doc.get("datum_id") or "without uid")
