"""What the events of one stream promise: frames of files, told by their datums and resources."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import PurePath
from typing import Any

from ..paths import PathMap
from ._promise import Promise
from ._promised_files import PromisedFiles

__all__ = ["PromisedEvents"]


class PromisedEvents:
    """The promises of one stream, by data key, in the order of its events.

    It is not safe to use from several threads; a `RunState` holds its lock meanwhile.

    Parameters
    ----------
    path_map
        From folders as the documents name them to where this host has them.
    """

    def __init__(self, path_map: PathMap) -> None:
        self.files = PromisedFiles(path_map)
        self._resources: dict[str, dict[str, Any]] = {}
        self._datums: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._events: dict[str, list[tuple[int, str, float]]] = {}
        self._promises: dict[str, list[Promise]] = {}  # of the events whose datum is here too
        self._promised: set[tuple[str, str]] = set()

    @property
    def data_keys(self) -> tuple[str, ...]:
        """The data keys whose data lies in files."""
        return tuple(self._events)

    def add_key(self, data_key: str) -> None:
        """Take in that the stream has such a data key."""
        self._events.setdefault(data_key, [])
        self._promises.setdefault(data_key, [])

    def add_resource(self, doc: Mapping[str, Any]) -> None:
        """Take in a file that is to be."""
        self._resources[doc["uid"]] = deepcopy(dict(doc))

    def add_datum(self, doc: Mapping[str, Any]) -> bool:
        """Take in a piece of a file; say whether the file is known."""
        known = doc["resource"] in self._resources
        if known:
            self._datums[doc["datum_id"]] = doc["resource"], dict(doc["datum_kwargs"])
        return known

    def add_event(self, data_key: str, seq_num: int, datum_id: str, time: float) -> None:
        """Take in which datum stands in an event; one that comes again, as Kafka may have it, is no other."""
        if (data_key, datum_id) not in self._promised:
            self._promised.add((data_key, datum_id))
            self._events[data_key].append((seq_num, datum_id, time))

    def of(self, data_key: str) -> list[Promise]:
        """Return what events promise, up to the first whose datum is not here."""
        promises = self._promises[data_key]
        for seq_num, datum_id, time in self._events[data_key][len(promises) :]:
            if datum_id not in self._datums:  # the event model lets a datum come after the event
                break
            resource, kwargs = self._datums[datum_id]
            promises.append(Promise(seq_num, datum_id, self._resources[resource], kwargs, time))
            self.files.add(promises[-1])
        return promises

    def without_datum(self, data_key: str) -> tuple[int, str] | None:
        """Return number and datum of the first event whose datum is not here; None where all are."""
        known = len(self.of(data_key))
        return next(((seq_num, datum) for seq_num, datum, _ in self._events[data_key][known:]), None)

    def points(self, path: PurePath, name: str) -> int | None:
        """Return how many points of a dataset are promised; None where nothing is known."""
        for data_key in self._events:
            self.of(data_key)
        return self.files.points(path, name)
