"""Which frames each event of an image node has, as its data source says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tiled.utils import path_from_uri

from ..documents import Channel, Writer
from ..errors import CatalogError
from ._slots import Slot, SlotTable

__all__ = ["ImageRows"]

_MASTER_ENDING = "_master.h5"  # of every master that the detector writes (SIMPLON API, file writer)


@dataclass(frozen=True, slots=True)
class ImageRows:
    """The events of one image node.

    Parameters
    ----------
    masters
        Their files, as the documents name them.
    slots
        For each event, the file's number and the event's slot in it.
    frames_per_event, channel, images_per_file
        As the resource has them; ``images_per_file`` is None where the catalog does not say it.
    """

    masters: tuple[PurePosixPath, ...]
    slots: Sequence[Slot]
    frames_per_event: int
    channel: Channel
    images_per_file: int | None

    @property
    def writer(self) -> Writer:
        """Who writes the files."""
        return "dcu" if all(path.name.endswith(_MASTER_ENDING) for path in self.masters) else "hdf5"

    @classmethod
    def of(cls, node: Mapping[str, Any], where: str) -> ImageRows | None:
        """Return the rows of a node, given its attributes with data sources; None where they are not ours.

        Raises
        ------
        CatalogError
            Where what the node says makes no sense, or it says nothing about files.
        """
        source = (node.get("data_sources") or [None])[0]
        if source is None:
            raise CatalogError("the server names no files", where=where, next_step="ask for read access")
        frames = source.get("properties", {}).get("frames_per_event")
        if frames is None:
            return None
        parameters = source["parameters"]
        masters = _paths(source["assets"], "masters") or _paths(source["assets"], "data_uris")
        try:
            slots = (
                SlotTable.from_json(parameters["slots"], masters=len(masters))
                if "slots" in parameters
                else _consecutive(len(masters), node["structure"]["shape"][0])
            )
        except ValueError as error:
            raise CatalogError(
                f"the node's parameters make no sense: {error}",
                where=where,
                next_step="see what wrote the run into the catalog",
            ) from error
        channel: Channel = parameters.get("channel", "threshold_1")
        return cls(masters, slots, frames, channel, parameters.get("images_per_file"))


def _paths(assets: Iterable[Mapping[str, Any]], parameter: str) -> tuple[PurePosixPath, ...]:
    """Return the paths of the assets of one kind, in order."""
    ours = sorted((a for a in assets if a["parameter"] == parameter), key=lambda asset: asset["num"] or 0)
    return tuple(PurePosixPath(path_from_uri(asset["data_uri"])) for asset in ours)


def _consecutive(masters: int, events: int) -> list[Slot]:
    """Return the slots where data files are registered: `FilesConsolidator` takes no others."""
    if masters == 1:
        return [Slot(0, event) for event in range(events)]
    return [Slot(event, 0) for event in range(events)]
