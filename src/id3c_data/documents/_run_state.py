"""Where one run stands, and what its documents promised."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from event_model import DocumentRouter

from ..errors import DocumentError
from ..h5api import ScanPhase
from ._specs import SPEC, Channel

__all__ = ["Promise", "RunState"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One event's images, as its documents promise them.

    Parameters
    ----------
    seq_num
        Of the event, from 1.
    datum_id
        Of the datum that stands in the event.
    resource, kwargs
        The resource document, and the datum's keyword arguments.
    """

    seq_num: int
    datum_id: str
    resource: Mapping[str, Any]
    kwargs: Mapping[str, Any]

    @property
    def path(self) -> PurePosixPath:
        """What the resource names, as the documents do: for `SPEC` the master file."""
        return PurePosixPath(self.resource["root"], self.resource["resource_path"])

    @property
    def frames(self) -> range:
        """Which frames of the master; only `SPEC` says it."""
        if self.resource["spec"] != SPEC:
            raise DocumentError(
                f"a resource of spec {self.resource['spec']!r} does not say which frames an event has",
                where=f"datum {self.datum_id}",
                next_step=f"ask for the frames of {SPEC} resources only",
            )
        count = int(self.resource["resource_kwargs"]["frames_per_event"])
        first = int(self.kwargs["point_number"]) * count
        return range(first, first + count)

    @property
    def channel(self) -> Channel:
        """Which of the detector's images."""
        return self.kwargs.get("channel", "threshold_1")


class RunState(DocumentRouter):
    """Where one run stands, told by its documents: a `~id3c_data.h5api.ScanState`.

    Give it every document as ``state(name, doc)``: from ``RE(plan, state)``, from a 0MQ ``RemoteDispatcher``,
    or from a list (`of`). It may be read and waited for from any thread.

    Parameters
    ----------
    stream
        The stream in question: its descriptor makes the run PREPARED.

    Raises
    ------
    DocumentError
        On a document that belongs to another run, or refers to one that never came.
    """

    def __init__(self, stream: str = "primary") -> None:
        super().__init__()
        self.stream = stream
        self._changed = threading.Condition()
        self._phase = ScanPhase.NOT_PREPARED
        self._start: dict[str, Any] | None = None
        self._stop: dict[str, Any] | None = None
        self._external: dict[str, list[str]] = {}
        self._resources: dict[str, dict[str, Any]] = {}
        self._datums: dict[str, tuple[str, dict[str, Any]]] = {}
        self._events: dict[str, list[tuple[int, str]]] = {}

    @classmethod
    def of(cls, documents: Iterable[tuple[str, Mapping[str, Any]]], stream: str = "primary") -> RunState:
        """Return the state of the run whose documents these are."""
        state = cls(stream)
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
        """PREPARED from the stream's descriptor on, FINISHED from the stop document on."""
        return self._phase

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._phase != known or self._phase is ScanPhase.FINISHED, timeout)
            return self._phase

    @property
    def uid(self) -> str | None:
        """The run's uid, once its start document is here."""
        return self._start["uid"] if self._start else None

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
            return ""
        return f"the run ended as {self.exit_status!r}" + (f": {self.reason}" if self.reason else "")

    @property
    def data_keys(self) -> tuple[str, ...]:
        """The stream's data keys whose data lies in files."""
        with self._changed:
            return tuple(self._events)

    def promised(self, data_key: str) -> tuple[Promise, ...]:
        """Return what the events so far promise for a data key, in the order of the events.

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
            return tuple(
                promise
                for seq_num, datum_id in self._events[data_key]
                if (promise := self._promise(seq_num, datum_id)) is not None
            )

    def masters(self, data_key: str) -> tuple[PurePosixPath, ...]:
        """Return the files that hold a data key's frames, as the documents name them, each once, in order."""
        return tuple(dict.fromkeys(promise.path for promise in self.promised(data_key)))

    def _promise(self, seq_num: int, datum_id: str) -> Promise | None:
        try:
            resource_uid, kwargs = self._datums[datum_id]
        except KeyError:
            if self._stop is None:  # the event model lets a datum come after the event that names it
                return None
            raise self._unknown("event", f"event {seq_num}", "datum", datum_id) from None
        return Promise(seq_num, datum_id, self._resources[resource_uid], kwargs)

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

    def datum(self, doc: dict[str, Any]) -> None:
        """Note a piece of a file."""
        if doc["resource"] not in self._resources:
            raise self._unknown("datum", doc["datum_id"], "resource", doc["resource"])
        self._datums[doc["datum_id"]] = doc["resource"], dict(doc["datum_kwargs"])

    def event(self, doc: dict[str, Any]) -> None:
        """Note which data an event promises."""
        try:
            keys = self._external[doc["descriptor"]]
        except KeyError:
            raise self._unknown("event", doc["uid"], "descriptor", doc["descriptor"]) from None
        filled = doc.get("filled", {})
        for key in keys:
            if key in doc["data"] and filled.get(key, False) is False:
                self._events[key].append((doc["seq_num"], doc["data"][key]))

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
