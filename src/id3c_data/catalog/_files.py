"""Registration of the data files themselves, so that a Tiled server without this package serves them.

Tiled's own HDF5 adapter joins the files of a node along their first axis and reshapes the whole to the node's
shape. That is right only where the files hold the events' frames and nothing else, so what breaks this is
refused here, while the documents are written: better no image than a wrong one.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from tiled.structures.data_source import Asset
from tiled.utils import path_from_uri

from ..errors import CatalogError
from ._consolidator import MasterConsolidator

__all__ = ["FilesConsolidator"]

HDF5_MIMETYPE = "application/x-hdf5"
DATASET = "/entry/data/data"
"""Where the DCU's data files and the HDF5 plugin's file hold their frames."""


class FilesConsolidator(MasterConsolidator):
    """Makes one array node of all data files that hold a data key's frames.

    The masters stay with the node as assets of their own (``masters``), which Tiled's adapter leaves alone.

    Raises
    ------
    CatalogError
        From `consume_stream_datum`, where frames were skipped or images are not in data files.
    """

    def __init__(self, stream_resource: Any, descriptor: Any) -> None:
        self._next_slot: list[int] = []
        self._files: set[str] = set()
        super().__init__(stream_resource, descriptor)
        self.mimetype = HDF5_MIMETYPE

    def _register_master(self, number: int) -> None:
        """Keep a master beside the data files; the plugin's file is data itself."""
        if number and self._masters[number - 1].get("series") != "point":
            raise self._refusal(number, "a second file begins, and the first may hold frames of no event")
        self._next_slot.append(0)
        if self._masters[number].get("writer") == "dcu":
            uri = self._masters[number]["uri"]
            self.assets.append(Asset(uri, is_directory=False, parameter="masters", num=number))

    def _take(self, resource: str, slot: int) -> None:
        """Note the next event, and register the data files that hold its frames."""
        number = self._number_of[resource]
        if slot != self._next_slot[number] or number != len(self._masters) - 1:
            raise self._refusal(number, f"slot {slot} comes where slot {self._next_slot[number]} should")
        self._next_slot[number] += 1
        super()._take(resource, slot)
        frames = self.frames_per_event
        for uri in _data_files(self._masters[number], range(slot * frames, (slot + 1) * frames)):
            if uri not in self._files:
                asset = Asset(uri, is_directory=False, parameter="data_uris", num=len(self._files))
                self._files.add(uri)
                self.assets.append(asset)

    def _refusal(self, number: int, why: str) -> CatalogError:
        """Return the error that plain files cannot say which frames make which event."""
        return CatalogError(
            f"event {len(self.slots)} of {self.data_key}: {why}, as after a paused or replayed point",
            where=self._masters[number]["uri"],
            next_step='plain files cannot leave frames out; subscribe with registered="masters"',
        )

    def adapter_parameters(self) -> dict[str, Any]:
        """Return what Tiled's HDF5 adapter needs.

        Frames beyond the last event (those of a series cut short) are cut off.
        """
        frames = len(self.slots) * self.frames_per_event
        return {"dataset": DATASET, "swmr": False, "locking": False, "slice": f":{frames}"}


def _data_files(master: dict[str, Any], frames: range) -> list[str]:
    """Return the URIs of the files that hold these frames (from 0) of a master."""
    if master.get("writer") != "dcu":
        return [master["uri"]]
    per_file = master.get("images_per_file")
    name = re.fullmatch(r"(.*)_master\.h5", str(master["uri"]), flags=re.DOTALL)
    if not per_file or name is None:
        missing = "its name does not end in _master.h5" if per_file else "the images are in the master itself"
        raise CatalogError(
            f"cannot name the data files: {missing}",
            where=PurePosixPath(path_from_uri(master["uri"])).as_posix(),
            next_step='subscribe with registered="masters"',
        )
    numbers = range(frames[0] // per_file + 1, frames[-1] // per_file + 2)
    return [f"{name[1]}_data_{number:06d}.h5" for number in numbers]
