"""Resource and datum documents of a run, made as its events come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from ..documents import Channel, Writer, data_key_name, datum_document, resource_document
from ._file_store import Slot

__all__ = ["AssetDocuments"]


class AssetDocuments:
    """Makes the documents of each event and keeps them until they are collected.

    Parameters
    ----------
    detector
        Its name.
    root
        The read side's root.
    writer
        Who writes the files.
    images
        Images of an event.
    channels
        Which of the detector's images there are.
    """

    def __init__(
        self, detector: str, root: str, writer: Writer, images: int, channels: Sequence[Channel]
    ) -> None:
        self._writer: Writer = writer
        self._detector, self._root = detector, root
        self._images, self._channels = images, channels
        self._path: PurePosixPath | None = None
        self._resource_uid = ""
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque()

    def add(self, slot: Slot) -> dict[str, str]:
        """Make the documents of an event; return the id of its datum for each data key."""
        if slot.path != self._path:
            resource = resource_document(
                slot.path, root=self._root, frames_per_event=self._images, writer=self._writer, **slot.facts
            )
            self._path, self._resource_uid = slot.path, resource["uid"]
            self._waiting.append(("resource", resource))
        ids = {}
        for channel in self._channels:
            datum = datum_document(self._resource_uid, slot.number, channel)
            self._waiting.append(("datum", datum))
            ids[data_key_name(self._detector, channel)] = datum["datum_id"]
        return ids

    def collect(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what was made since the last time."""
        while self._waiting:
            yield self._waiting.popleft()
