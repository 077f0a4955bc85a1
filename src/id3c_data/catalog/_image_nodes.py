"""The image nodes of a run: what the catalog says of each, and making one shorter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
from tiled.client.utils import handle_error
from tiled.utils import safe_json_dump

from ..errors import CatalogError
from ._image_rows import ImageRows
from ._images import ImagesClient
from ._slots import SlotTable
from ._translate import translated

__all__ = ["ImageNode", "external_nodes", "image_nodes", "shorten"]


@dataclass(frozen=True, slots=True)
class ImageNode:
    """An image node of a run.

    Parameters
    ----------
    stream, data_key
        Whose it is.
    client
        Gives its pixels.
    rows
        Which frames each event has.
    """

    stream: str
    data_key: str
    client: ImagesClient
    rows: ImageRows

    @property
    def events(self) -> int:
        """How many events its structure has."""
        return int(self.client.shape[0])

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Height and width of a frame."""
        return tuple(self.client.shape[-2:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Pixel type."""
        return self.client.dtype


def image_nodes(streams: Mapping[str, Any]) -> Iterator[ImageNode]:
    """Yield the image nodes of a run, stream by stream.

    Parameters
    ----------
    streams
        The run, or its streams by name.

    Raises
    ------
    CatalogError
        Where the server does not answer as it should, or what it says makes no sense.
    """
    for stream, node in streams.items():
        for data_key, client in external_nodes(node):
            if isinstance(client, ImagesClient):
                with translated(client.uri):
                    rows = ImageRows.of(_attributes(client), client.uri)
                if rows is not None:
                    yield ImageNode(stream, data_key, client, rows)


def external_nodes(stream: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and client of each data key of a stream whose data lie in files, and that is there."""
    for data_key, said in stream.metadata.get("data_keys", {}).items():
        if "external" in said:
            with suppress(KeyError):
                yield data_key, stream[data_key]


def shorten(node: ImageNode, events: int) -> None:
    """Take the last events out of an image node: of its structure, and of what says where their frames are.

    Parameters
    ----------
    node
        The node.
    events
        How many stay.

    Raises
    ------
    CatalogError
        Where the node has not more events than that, is served from the data files, or the server refuses.
    """
    where = node.client.uri
    with translated(where):
        source = (node.client.data_sources() or [None])[0]
        if source is None or "slots" not in source.parameters or not 0 <= events < node.events:
            raise CatalogError(
                f"has {node.events} events, and cannot be made {events} long", where, "verify the run again"
            )
        table = SlotTable()
        for event in range(min(events, len(node.rows.slots))):
            table.append(node.rows.slots[event])
        long: Any = node.client.structure()
        structure = replace(
            long,
            shape=(events, *long.shape[1:]),
            chunks=(_shortened(long.chunks[0], events), *long.chunks[1:]),
        )
        shorter = replace(
            source, structure=structure, parameters={**source.parameters, "slots": table.to_json()}
        )
        handle_error(
            node.client.context.http_client.put(
                where.replace("/metadata/", "/data_source/", 1),
                content=safe_json_dump({"data_source": shorter}),
            )
        )


def _shortened(chunks: tuple[int, ...], events: int) -> tuple[int, ...]:
    """Return the chunks of the first events."""
    ends = accumulate(chunks)
    kept = (min(size, events - (end - size)) for size, end in zip(chunks, ends, strict=True))
    return tuple(size for size in kept if size > 0)


def _attributes(client: Any) -> Any:
    """Return what the server says of a node, its data sources included."""
    response: Any = handle_error(
        client.context.http_client.get(client.uri, params={"include_data_sources": True})
    )
    return response.json()["data"]["attributes"]
