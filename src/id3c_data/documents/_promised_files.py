"""How many points the datasets of a run's files are to have, as its events promise them.

Where frames stand is DECTRIS' and ADCore's: ``/entry/data/data`` in a v2024.2 master, in a data file and in
the file of the HDF5 plugin, which calls it ``/entry/instrument/detector/data`` too; one dataset
``data_000001`` ... of ``images_per_file`` frames for each data file in a legacy master (SIMPLON API reference
1.8; ADCore, NDFileHDF5).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from ..paths import PathMap
from ._promise import Promise
from ._specs import SPEC

__all__ = ["PromisedFiles"]

_WHOLE = {"dcu": ("/entry/data/data",), "hdf5": ("/entry/data/data", "/entry/instrument/detector/data")}
_SHARE = re.compile(r"/entry(?:/data)?/data_(\d{6})")
_DATA_FILE = re.compile(r"(.*)_data_(\d{6})\.h5", re.DOTALL)


@dataclass(slots=True)
class _File:
    """One master, or one file of the HDF5 plugin.

    Parameters
    ----------
    named
        As the documents name it.
    writer
        Who writes it.
    images_per_file
        Frames in a data file of the master; None where that is not known.
    frames
        How many it is to have, as far as promised.
    """

    named: str
    writer: str
    images_per_file: int | None
    frames: int = 0

    def share(self, number: int) -> int | None:
        """Return how many frames the data file of a number, from 1, is to have."""
        if self.writer != "dcu" or not self.images_per_file:
            return None
        return min(max(self.frames - (number - 1) * self.images_per_file, 0), self.images_per_file)


class PromisedFiles:
    """The files that events have promised frames of, found by each of their names.

    Parameters
    ----------
    path_map
        From folders as the documents name them to where this host has them.
    """

    def __init__(self, path_map: PathMap) -> None:
        self._path_maps = [path_map]
        self._files: dict[str, _File] = {}

    def add(self, promise: Promise) -> None:
        """Take in what an event promises; a resource that is none of ours says nothing of its frames."""
        if promise.resource["spec"] != SPEC:
            return
        named = str(promise.path)
        file = self._files.get(named)
        if file is None:
            kwargs: dict[str, Any] = promise.resource["resource_kwargs"]
            file = self._files[named] = _File(named, kwargs["writer"], kwargs.get("images_per_file"))
            for path_map in self._path_maps:
                self._files[str(path_map.to_here(named))] = file
        file.frames = max(file.frames, promise.frames.stop)

    def also_mapped(self, path_map: PathMap) -> None:
        """Find the files also where another map has them."""
        if path_map in self._path_maps:
            return
        self._path_maps.append(path_map)
        for file in list(self._files.values()):
            self._files[str(path_map.to_here(file.named))] = file

    def points(self, path: Path | PurePath, name: str) -> int | None:
        """Return how many points a dataset is to have; None where no event has promised any of it.

        Parameters
        ----------
        path
            The file, as the documents name it or as this host does.
        name
            Path of the dataset in it.
        """
        file, name = self._files.get(os.fspath(path)), "/" + name.strip("/")
        if file is not None:
            share = _SHARE.fullmatch(name)
            if share is not None:
                return file.share(int(share[1])) or None
            return file.frames if name in _WHOLE[file.writer] else None
        part = _DATA_FILE.fullmatch(os.fspath(path))
        master = self._files.get(f"{part[1]}_master.h5") if part else None
        if part is None or master is None or name != "/entry/data/data":
            return None
        return master.share(int(part[2])) or None
