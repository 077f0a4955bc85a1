"""One run into Tiled: what `bluesky_tiled_plugins` does, flushed when asked, our spec on arrays of ours.

Relies on private parts of `bluesky_tiled_plugins` 2.0.12 (`_RunWriter` and four of its attributes), which
``tests/unit/catalog/test_relied_upon.py`` names and holds; ``pyproject.toml`` pins its minor version.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any, Literal

from bluesky_tiled_plugins.writing.consolidators import ConsolidatorBase, Patch
from bluesky_tiled_plugins.writing.tiled_writer import _RunWriter
from tiled.client.base import BaseClient
from tiled.client.container import Container
from tiled.client.utils import ClientError
from tiled.structures.core import Spec
from tiled.structures.data_source import DataSource

from ..documents import MIMETYPE

__all__ = ["IMAGE_SPEC", "Registered", "RunWriter"]

logger = logging.getLogger(__name__)

IMAGE_SPEC = Spec("Eiger2Image", version="1.0")
"""Spec of our array nodes, by which Tiled's clients choose `ImagesClient`."""

Registered = Literal["auto", "masters", "files"]
"""What is registered of a resource of ours: the master for our adapter, or the data files for Tiled's."""

_UNSUPPORTED_MEDIA_TYPE = 415


class StreamNode(Container):
    """A stream's container while its run is written: puts our spec on arrays of ours."""

    def new(self, structure_family: Any, data_sources: Any, *, specs: Any = None, **more: Any) -> BaseClient:
        """Create a node, as the base class does."""
        ours = any("frames_per_event" in source.properties for source in data_sources)
        return super().new(
            structure_family, data_sources, specs=[*(specs or []), *([IMAGE_SPEC] if ours else [])], **more
        )


class RunWriter(_RunWriter):
    """Writes the documents of one run into Tiled.

    Where the base class holds back what comes until a batch is full or the run ends, this one writes all of
    it when `flush` is called.

    Parameters
    ----------
    client
        The catalog.
    registered
        ``"auto"`` registers masters, unless the server says that it does not know them.
    batch_size
        Rows after which the base class writes a table without being asked.
    """

    def __init__(
        self, client: Container, *, registered: Registered = "auto", batch_size: int = 10_000
    ) -> None:
        super().__init__(client, batch_size=batch_size)
        self._registered: Registered = registered
        self._changed: dict[str, tuple[BaseClient, ConsolidatorBase, list[Patch]]] = {}  # by node
        self._assets_sent: dict[str, int] = {}

    def flush(self) -> None:
        """Write all that came so far.

        Images first, so that a row of the table never names an image that the catalog does not have yet.
        """
        for uri, (node, consolidator, patches) in list(self._changed.items()):
            self._update_data_source_for_node(
                node, consolidator.get_data_source(), Patch.combine_patches(patches)
            )
            del self._changed[uri]
        for stream, rows in self._internal_data_cache.items():
            if rows:
                self._write_internal_data(rows, desc_node=self._desc_nodes[stream])
                rows.clear()

    def descriptor(self, doc: Any) -> None:
        """Make the stream's node."""
        super().descriptor(doc)
        node = self._desc_nodes[doc["uid"]]
        if not isinstance(node, StreamNode):
            node = StreamNode(
                node.context,
                item=node.item,
                structure_clients=node.structure_clients,
                include_data_sources=True,
            )
            self._desc_nodes[doc["uid"]] = self._desc_nodes[doc["name"]] = node

    def stream_resource(self, doc: Any) -> None:
        """Keep a resource until a datum needs it; ours says how it is registered."""
        if doc["mimetype"] == MIMETYPE:
            doc["parameters"]["registered"] = self._registered
        super().stream_resource(doc)

    def stream_datum(self, doc: Any) -> None:
        """Take in events of external data, to be written by the next `flush`."""
        node, consolidator, patch = self._update_consolidator(doc)
        self._changed.setdefault(node.uri, (node, consolidator, []))[2].append(patch)

    def stop(self, doc: Any) -> None:
        """Write what is left, and the stop document."""
        self.flush()
        super().stop(doc)

    def get_sres_node(
        self, sres_uid: str, desc_uid: str | None = None
    ) -> tuple[BaseClient, ConsolidatorBase]:
        """Return the node and the consolidator of a resource, made for its first datum."""
        try:
            return super().get_sres_node(sres_uid, desc_uid)
        except ClientError as error:
            resource = self._stream_resource_cache[sres_uid]
            unknown = error.response.status_code == _UNSUPPORTED_MEDIA_TYPE
            if not unknown or resource["mimetype"] != MIMETYPE or self._registered != "auto":
                raise
            logger.warning(
                "the server does not know %s; it gets the data files as plain HDF5. "
                "Serve with `id3c-data serve` to have masters read with all their checks",
                MIMETYPE,
            )
            self._registered = resource["parameters"]["registered"] = "files"
            return super().get_sres_node(sres_uid, desc_uid)

    def _update_data_source_for_node(
        self, node: BaseClient, data_source: DataSource[Any], patch: Patch | None = None
    ) -> None:
        """Send a data source; of its assets only those that the server does not have.

        The server keeps the assets that it has, and looks each of those up that it is sent, so that sending
        all of them every time would cost a run of N files N squared look-ups.
        """
        known = self._assets_sent.get(node.uri, 0)
        sent = len(data_source.assets)
        super()._update_data_source_for_node(
            node, dataclasses.replace(data_source, assets=data_source.assets[known:]), patch
        )
        self._assets_sent[node.uri] = sent
