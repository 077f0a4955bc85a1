"""What the documents of one run have said so far."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from event_model import DocumentRouter

from ..errors import DocumentError
from ..paths import PathMap
from ._promised_events import PromisedEvents

__all__ = ["RunRecord"]


class RunRecord(DocumentRouter):
    """What the documents of one run have said so far; it checks that they belong together.

    It is not safe to use from several threads; a `RunState` holds its lock meanwhile.

    Parameters
    ----------
    stream
        The stream in question.
    path_map
        From folders as the documents name them to where this host has them.
    """

    def __init__(self, stream: str, path_map: PathMap) -> None:
        super().__init__()
        self.stream = stream
        self._promises = PromisedEvents(path_map)
        self._start: dict[str, Any] | None = None
        self._stop: dict[str, Any] | None = None
        self._external: dict[str, list[str]] = {}  # data keys, by the uid of their descriptor
        self._descriptors: set[str] = set()  # of the stream in question
        self._seq_nums: set[int] = set()

    def __call__(self, name: str, doc: dict[str, Any], validate: bool = False) -> tuple[str, dict[str, Any]]:
        """Take one document in."""
        if self._start is None and name != "start":
            raise DocumentError(
                f"a {name} document came before the run's start document",
                where=f"document {_name(doc)}",
                next_step="subscribe before the run starts, or read its documents from the catalog",
            )
        return super().__call__(name, doc, validate)

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
        return str(self._stop.get("exit_status", "unknown")) if self._stop is not None else None

    @property
    def reason(self) -> str:
        """What the stop document gives as the reason; mostly empty."""
        return (self._stop or {}).get("reason") or ""

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
    def stopped(self) -> bool:
        """Whether the stop document is here."""
        return self._stop is not None

    def start(self, doc: dict[str, Any]) -> None:
        """Take the start document in; there is one only."""
        if self._start is not None:
            raise self._foreign("start", doc["uid"])
        self._start = deepcopy(doc)

    def descriptor(self, doc: dict[str, Any]) -> None:
        """Note a stream's external data keys."""
        self._belongs("descriptor", doc)
        external = [key for key, value in doc["data_keys"].items() if "external" in value]
        ours = doc.get("name") == self.stream
        self._external[doc["uid"]] = external if ours else []
        if ours:
            self._descriptors.add(doc["uid"])
            for key in external:
                self._promises.add_key(key)

    def resource(self, doc: dict[str, Any]) -> None:
        """Note a file that is to be."""
        if "run_start" in doc:
            self._belongs("resource", doc)
        self._promises.add_resource(doc)

    def stream_resource(self, doc: dict[str, Any]) -> None:
        """Check that it is of this run; such files promise nothing event by event."""
        self._belongs("stream_resource", doc)

    def stream_datum(self, doc: dict[str, Any]) -> None:
        """Note which events it stands for."""
        if doc["descriptor"] in self._descriptors:
            self._seq_nums.update(range(doc["seq_nums"]["start"], doc["seq_nums"]["stop"]))

    def datum(self, doc: dict[str, Any]) -> None:
        """Note a piece of a file."""
        if not self._promises.add_datum(doc):
            raise self._unknown("datum", doc["datum_id"], "resource", doc["resource"])

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
                self._promises.add_event(key, doc["seq_num"], doc["data"][key], doc["time"])

    def stop(self, doc: dict[str, Any]) -> None:
        """Note how the run ended."""
        self._belongs("stop", doc)
        self._stop = deepcopy(doc)

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
