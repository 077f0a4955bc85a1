"""A catalog for tests: a real server on a random port, and documents of runs that no device took."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from id3c_data.documents import (
    Channel,
    Writer,
    data_key_name,
    datum_document,
    image_data_keys,
    resource_document,
)

if TYPE_CHECKING:
    from id3c_data.catalog import Server

__all__ = ["RunDocuments", "running_catalog"]

Emit = Callable[[str, dict[str, Any]], object]


@contextmanager
def running_catalog(folder: Path, *readable: Path) -> Iterator[Server]:
    """Run an embedded catalog server in a process of its own, on this machine and a random port.

    Parameters
    ----------
    folder
        Holds the catalog.
    *readable
        Folders with detector files that it may read.
    """
    from id3c_data.catalog import serve

    with serve(folder, readable_storage=readable) as server:
        yield server


class RunDocuments:
    """The documents of one run with one detector, in the order in which a RunEngine gives them.

    Parameters
    ----------
    emit
        Takes each document.
    root
        The read side's root.
    frame_shape
        Height and width.
    dtype_numpy
        Pixel type, such as ``"<u4"``.
    frames_per_event
        Images of an event.
    channels
        The detector's images that each event has.
    writer
        Who writes the files.
    **metadata
        Goes into the start document.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        root: Path,
        frame_shape: tuple[int, int],
        dtype_numpy: str = "<u4",
        frames_per_event: int = 1,
        channels: Sequence[Channel] = ("threshold_1",),
        writer: Writer = "dcu",
        **metadata: Any,
    ) -> None:
        self.uid, self.events = str(uuid.uuid4()), 0
        self._emit, self._root = emit, root
        self._writer: Writer = writer
        self._frames_per_event, self._channels = frames_per_event, tuple(channels)
        self._descriptor = str(uuid.uuid4())
        emit("start", {"uid": self.uid, "time": time.time(), "scan_id": 1, **metadata})
        keys = image_data_keys(
            "eiger2",
            frame_shape,
            dtype_numpy,
            frames_per_event=frames_per_event,
            source="PV:test:cam1:",
            channels=channels,
        )
        total: dict[str, Any] = {"source": "PV:test:Stats1:Total_RBV", "dtype": "number", "shape": []}
        emit(
            "descriptor",
            {
                "uid": self._descriptor,
                "run_start": self.uid,
                "time": time.time(),
                "name": "primary",
                "data_keys": {**keys, "eiger2_stats1_total": total},
                "object_keys": {"eiger2": [*keys, "eiger2_stats1_total"]},
                "configuration": {},
                "hints": {"eiger2": {"fields": ["eiger2_stats1_total"]}},
            },
        )

    def resource(self, master: Path, **more: Any) -> str:
        """Emit the resource of a master, and return its uid."""
        document = resource_document(
            master,
            root=self._root,
            frames_per_event=self._frames_per_event,
            writer=self._writer,
            **more,
        )
        self._emit("resource", {**document, "run_start": self.uid})
        return document["uid"]

    def event(self, resource: str, slot: int = 0, total: float = 0.0) -> None:
        """Emit an event, with the datums that it refers to."""
        data: dict[str, Any] = {"eiger2_stats1_total": total}
        for channel in self._channels:
            datum = datum_document(resource, slot, channel)
            self._emit("datum", datum)
            data[data_key_name("eiger2", channel)] = datum["datum_id"]
        self.events += 1
        self._emit(
            "event",
            {
                "uid": str(uuid.uuid4()),
                "descriptor": self._descriptor,
                "seq_num": self.events,
                "time": time.time(),
                "data": data,
                "timestamps": dict.fromkeys(data, time.time()),
                "filled": {name: False for name in data if name != "eiger2_stats1_total"},
            },
        )

    def stop(self, exit_status: str = "success", reason: str = "") -> None:
        """Emit the stop document."""
        self._emit(
            "stop",
            {
                "uid": str(uuid.uuid4()),
                "run_start": self.uid,
                "time": time.time(),
                "exit_status": exit_status,
                "reason": reason,
                "num_events": {"primary": self.events},
            },
        )
