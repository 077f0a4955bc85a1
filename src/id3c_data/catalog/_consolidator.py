"""From datums to a data source: which masters a node of the catalog has, and which frames make an event.

`bluesky_tiled_plugins` makes one consolidator for each data key of a stream and feeds it with the datums in
the order of the events. Ours keeps the masters as the node's assets, and in the adapter's parameters which
slot of which master each event is.
"""

from __future__ import annotations

import math
import time
from typing import Any

from bluesky_tiled_plugins.utils import list_summands
from bluesky_tiled_plugins.writing.consolidators import (
    CONSOLIDATOR_REGISTRY,
    ConsolidatorBase,
    Patch,
)
from bluesky_tiled_plugins.writing.tiled_writer import MIMETYPE_LOOKUP
from tiled.structures.data_source import Asset, DataSource

from ..documents import MIMETYPE, SPEC
from ..errors import DocumentError
from ._open_run import RUN_ENDED
from ._slots import Slot, SlotTable

__all__ = ["CHUNK_BYTES", "MasterConsolidator", "consolidator_for", "register_consolidator"]

CHUNK_BYTES = 16 * 2**20
"""As many whole frames make a chunk as fit into this; always at least one."""


class MasterConsolidator(ConsolidatorBase):
    """Makes one array node of all masters that hold a data key's frames.

    Parameters
    ----------
    stream_resource
        Of the first master; ``parameters`` holds ``frames_per_event`` and maybe ``channel``.
    descriptor
        Of the stream; its data key says shape, pixel type and dims.

    Raises
    ------
    DocumentError
        Where resource and descriptor contradict each other.
    """

    supported_mimetypes = {MIMETYPE}  # noqa: RUF012  # the base class has it so

    def __init__(self, stream_resource: Any, descriptor: Any) -> None:
        super().__init__(stream_resource, descriptor)
        self.frames_per_event = _frames_per_event(stream_resource, self.data_key, self.datum_shape)
        self.channel: str = stream_resource["parameters"].get("channel", "threshold_1")
        self.slots = SlotTable()
        self.assets = []
        self._masters: list[dict[str, Any]] = []  # uri and parameters of each
        self._number_of: dict[str, int] = {}  # of a master, by the uid of a resource and by its uri
        self._add_master(stream_resource)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the node gets when the stop document is written; with the time of asking, which is then."""
        self._metadata[RUN_ENDED] = time.time()
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: dict[str, Any]) -> None:
        self._metadata = metadata

    def update_from_stream_resource(self, stream_resource: Any) -> None:
        """Take in one more master."""
        frames = _frames_per_event(stream_resource, self.data_key, self.datum_shape)
        channel = stream_resource["parameters"].get("channel", "threshold_1")
        if (frames, channel) != (self.frames_per_event, self.channel):
            raise DocumentError(
                f"has {frames} frames an event of {channel}, the resources before it "
                f"{self.frames_per_event} of {self.channel}",
                where=f"resource {stream_resource['uid']} of {self.data_key}",
                next_step="a data key keeps its shape and channel for the whole stream",
            )
        self._add_master(stream_resource)

    def _add_master(self, resource: Any) -> None:
        """Number the resource's master, and register it unless a resource before it named it too."""
        number = self._number_of.setdefault(resource["uri"], len(self._masters))
        self._number_of[resource["uid"]] = number
        if number == len(self._masters):
            self._masters.append({"uri": resource["uri"], **resource["parameters"]})
            self._register_master(number)

    def _register_master(self, number: int) -> None:
        """Make an asset of a master."""
        uri = self._masters[number]["uri"]
        self.assets.append(Asset(uri, is_directory=False, parameter="data_uris", num=number))

    def consume_stream_datum(self, doc: Any) -> Patch:
        """Take in the next events."""
        first, stop = doc["indices"]["start"], doc["indices"]["stop"]
        before = self._num_rows
        for slot in range(first, stop):
            self._take(doc["stream_resource"], slot)
        self._num_rows += stop - first
        return Patch(shape=(stop - first, *self.datum_shape), offset=(before, *(0 for _ in self.datum_shape)))

    def _take(self, resource: str, slot: int) -> None:
        """Note the next event's master and slot."""
        self.slots.append(Slot(self._number_of[resource], slot))

    @property
    def has_skips(self) -> bool:
        """Whether the array has rows that are no event: never, skipped slots are not rows."""
        return False

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """Chunks of whole frames, as many as fit into `CHUNK_BYTES`."""
        frame = self.datum_shape[-2:]
        frames = max(1, CHUNK_BYTES // (math.prod(frame) * self.data_type.to_numpy_dtype().itemsize))
        inner = tuple(list_summands(count, frames) for count in self.datum_shape[:-2])
        events = max(1, frames // self.frames_per_event)
        outer = list_summands(self._num_rows, events)
        return (outer, *inner, *((size,) for size in frame))

    def adapter_parameters(self) -> dict[str, Any]:
        """Return what the server's adapter needs to find an event's frames, and whoever follows the run."""
        per_file = self._masters[0].get("images_per_file")
        return {
            "frames_per_event": self.frames_per_event,
            "channel": self.channel,
            "slots": self.slots.to_json(),
            **({} if per_file is None else {"images_per_file": per_file}),
        }

    def get_data_source(self) -> DataSource[Any]:
        """Return the data source as it stands; its properties say that the frames are ours."""
        source = super().get_data_source()
        source.properties["frames_per_event"] = self.frames_per_event
        return source


def _frames_per_event(resource: Any, data_key: str, shape: tuple[int, ...]) -> int:
    """Return the frames of an event, of which resource and data key must say the same.

    A data key may have an axis for one frame, as other detectors' have.
    """
    axis = shape[:-2]
    frames = resource["parameters"].get("frames_per_event", axis[0] if axis else 1)
    if frames < 1 or len(shape) < 2 or axis not in (((frames,), ()) if frames == 1 else ((frames,),)):
        raise DocumentError(
            f"has {frames} frames an event, the data key has the shape {shape}",
            where=f"resource {resource['uid']} of {data_key}",
            next_step="(height, width) for one frame an event, (frames, height, width) for several",
        )
    return frames


def consolidator_for(stream_resource: Any, descriptor: Any) -> ConsolidatorBase:
    """Return the consolidator that a resource of ours asks for; see `id3c_data.catalog.subscribe`."""
    if stream_resource["parameters"].get("registered") == "files":
        from ._files import FilesConsolidator

        return FilesConsolidator(stream_resource, descriptor)
    return MasterConsolidator(stream_resource, descriptor)


def register_consolidator() -> None:
    """Make `bluesky_tiled_plugins` use our consolidator for masters, also in its own ``TiledWriter``.

    That is what BITS subscribes for a Tiled client: one call at start-up and its runs have arrays, where they
    would else have files to download.
    """
    MIMETYPE_LOOKUP[SPEC] = MIMETYPE
    CONSOLIDATOR_REGISTRY[MIMETYPE] = consolidator_for  # type: ignore[assignment]  # it is only called
