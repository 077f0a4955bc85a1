"""Which run a document belongs to, where many runs' documents come mixed."""

from __future__ import annotations

from typing import Any

__all__ = ["DocumentOwners"]

_BY_DESCRIPTOR = ("event", "event_page", "stream_datum")
_BY_RESOURCE = ("datum", "datum_page")
_RESOURCES = ("resource", "stream_resource")


class DocumentOwners:
    """Tells the run of each document of a stream; give it every one of them, in order.

    Resources may leave out their run, as older ones do; they and their datums belong to all runs that are
    open. What names a run that is not open, or a descriptor that never came, belongs to none.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[str]] = {}  # uids that documents refer to, by the uid of their run
        self._run_of: dict[str, str] = {}

    def __call__(self, name: str, doc: Any) -> tuple[str, ...]:
        """Return the uids of the runs that a document belongs to."""
        if name == "start":
            self._open[doc["uid"]] = []
            return (doc["uid"],)
        run = self._named(name, doc)
        if run not in self._open:
            unlabelled = name in _BY_RESOURCE or (name in _RESOURCES and run is None)
            return tuple(self._open) if unlabelled else ()
        if name == "stop":
            for uid in self._open.pop(run):
                self._run_of.pop(uid, None)
        elif "uid" in doc and name not in _BY_DESCRIPTOR:
            self._open[run].append(doc["uid"])
            self._run_of[doc["uid"]] = run
        return (run,)

    def _named(self, name: str, doc: Any) -> Any:
        """Return the run that a document names, itself or by another one."""
        if name in _BY_DESCRIPTOR:
            return self._run_of.get(doc.get("descriptor"))
        if name in _BY_RESOURCE:
            return self._run_of.get(doc.get("resource"))
        return doc.get("run_start")
