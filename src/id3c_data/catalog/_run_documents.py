"""A run in a catalog, told as the documents that it was written from, each once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from tiled.client.container import Container
from tiled.client.utils import handle_error

from ..documents import datum_document, resource_document
from ._image_rows import ImageRows

__all__ = ["CatalogDocuments"]

LOST_AFTER_S = 5.0
"""How long events that images have may come after the stop document; then nobody will write them any more."""

Document = tuple[str, dict[str, Any]]


class CatalogDocuments:
    """The documents of one run of a catalog: start, one stream's descriptor, its images, stop.

    Of events, only what they say about images; resources and datums name the same frames as the ones that
    the run was written from, under other uids.

    Parameters
    ----------
    run
        The run's client. All requests go over its connection.
    stream
        Name of the stream.
    """

    def __init__(self, run: Container, stream: str) -> None:
        self._run: Any = run
        self._stream_name = stream
        self._http = run.context.http_client
        self._uid: str = self._run.metadata["start"]["uid"]
        self._started = False
        self._stream: _Stream | None = None
        self._stop_met_at: float | None = None

    @property
    def deepest(self) -> str:
        """URI of the deepest node there is on the way to the images: it pushes what changes them."""
        if self._stream is None:
            return str(self._run.uri)
        return next((images.uri for images in self._stream.images if images.there), self._stream.uri)

    @property
    def behind(self) -> bool:
        """Whether there are images whose event was not there yet."""
        return self._stream is not None and any(images.behind for images in self._stream.images)

    def new(self) -> Iterator[Document]:
        """Yield the documents that have come since; the stop document as the last of all.

        Raises
        ------
        CatalogError
            Where the server does not answer as it should, see `translated`.
        """
        # Before the images: those of a run that has its stop document are all there.
        metadata = self._get(self._run.uri)["metadata"]
        if not self._started:
            self._started = True
            yield "start", dict(metadata["start"])
        if self._stream is None:
            yield from self._begin_stream()
        if self._stream is not None:
            for images in self._stream.images:
                yield from images.new(self._get)
        if metadata.get("stop"):
            now = time.monotonic()
            self._stop_met_at = now if self._stop_met_at is None else self._stop_met_at
            if not self.behind or now >= self._stop_met_at + LOST_AFTER_S:
                yield "stop", dict(metadata["stop"])

    def _begin_stream(self) -> Iterator[Document]:
        """Yield the stream's descriptor, where it is there."""
        try:
            node: Any = self._run[self._stream_name]
        except KeyError:
            return
        descriptor = {
            **node.metadata,
            "name": self._stream_name,
            "run_start": self._uid,
        }
        self._stream = _Stream(str(node.uri), descriptor)
        yield "descriptor", descriptor

    def _get(self, uri: str, **params: Any) -> Any:
        """Return what the server says of a node, or what it holds."""
        answer: Any = handle_error(self._http.get(uri, params=params)).json()  # type: ignore[union-attr]
        return answer["data"]["attributes"] if "/metadata/" in httpx.URL(uri).path else answer


class _Stream:
    """The stream, once it is there."""

    def __init__(self, uri: str, descriptor: Mapping[str, Any]) -> None:
        self.uri = uri
        keys = descriptor["data_keys"].items()
        self.images = [_Images(uri, key, descriptor) for key, value in keys if "external" in value]


class _Images:
    """The images of one data key.

    Parameters
    ----------
    stream
        URI of the stream.
    key
        The data key.
    descriptor
        Of the stream.
    """

    def __init__(self, stream: str, key: str, descriptor: Mapping[str, Any]) -> None:
        self.uri, self._key, self._descriptor = f"{stream}/{key}", key, descriptor
        self._table = f"{stream}/internal".replace("/metadata/", "/table/partition/", 1)
        self._masters = self._events = 0  # told so far
        self.there = self.behind = False

    def new(self, get: Any) -> Iterator[Document]:
        """Yield the documents of the images that have come since."""
        try:
            rows = ImageRows.of(get(self.uri, include_data_sources=True), self.uri)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return
            raise
        self.there = True
        if rows is None or len(rows.slots) == self._events:
            return
        table = self._read_table(get)
        yield from self._resources(rows)
        for row in range(self._events, min(len(rows.slots), len(table["seq_num"]))):
            yield from self._event(rows, row, table)
        self.behind = self._events < len(rows.slots)

    def _read_table(self, get: Any) -> Mapping[str, Sequence[Any]]:
        """Return number and time of the events; the writer writes them after the images."""
        try:
            return get(self._table, partition=0, column=["seq_num", "time"], format="application/json")
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return {"seq_num": [], "time": []}
            raise

    def _resources(self, rows: ImageRows) -> Iterator[Document]:
        for number in range(self._masters, len(rows.masters)):
            resource = resource_document(
                rows.masters[number],
                root="/",
                frames_per_event=rows.frames_per_event,
                writer=rows.writer,
                uid=self._resource_uid(number),
                images_per_file=rows.images_per_file,
            )
            yield "resource", {**resource, "run_start": self._descriptor["run_start"]}
        self._masters = len(rows.masters)

    def _event(self, rows: ImageRows, row: int, table: Mapping[str, Sequence[Any]]) -> Iterator[Document]:
        slot = rows.slots[row]
        datum = datum_document(self._resource_uid(slot.master), slot.slot, rows.channel)
        yield "datum", datum
        event: dict[str, Any] = {
            "uid": f"{self._descriptor['uid']}/{self._key}/{row}",
            "descriptor": self._descriptor["uid"],
            "seq_num": int(table["seq_num"][row]),
            "time": float(table["time"][row]),
            "data": {self._key: datum["datum_id"]},
            "timestamps": {self._key: float(table["time"][row])},
        }
        yield "event", event
        self._events = row + 1

    def _resource_uid(self, number: int) -> str:
        return f"{self._descriptor['uid']}/{self._key}/{number}"
