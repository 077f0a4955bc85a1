"""Handlers: from a resource and a datum to the array that an event means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import PurePath
from typing import Any, Protocol

import numpy as np

from ..h5api import FINISHED, ScanState, ScanWatch
from ..paths import PathMapLike
from ._reading import DEFAULT_RETRY_TIMEOUT_S, MasterReader, Opening
from ._specs import SPEC, Channel

__all__ = ["HANDLERS", "AdEiger2Handler", "EigerHandler", "HandlerRegistry", "register_handlers"]


class EigerHandler:
    """Reads the images of events whose resource has the spec `SPEC`.

    Parameters
    ----------
    path
        The master file, or the file of the IOC's HDF5 plugin.
    frames_per_event
        Frames that make one event.
    path_map, allowed_roots, scan_state, retry_timeout, settle_timeout
        As `id3c_data.images.open_stack` takes them; for those who make the handler themselves. While the run
        of ``scan_state`` is open, an event's images are waited for, but not longer than ``retry_timeout``.
    **described
        What else the resource says of itself, such as ``writer``; the file itself says the same better.
    """

    specs = frozenset({SPEC})

    def __init__(
        self,
        path: str | PurePath,
        *,
        frames_per_event: int,
        path_map: PathMapLike = None,
        allowed_roots: Sequence[str] | None = None,
        scan_state: ScanState | ScanWatch = FINISHED,
        retry_timeout: float | None = DEFAULT_RETRY_TIMEOUT_S,
        settle_timeout: float = 15.0,
        **described: Any,
    ) -> None:
        self.frames_per_event = frames_per_event
        self.described = described
        opening = Opening(path_map, allowed_roots, scan_state, retry_timeout, settle_timeout)
        self._reader = MasterReader(path, opening)

    def __call__(self, *, point_number: int, channel: Channel = "threshold_1") -> np.ndarray:
        """Return an event's images: ``(height, width)``, or ``(frames, height, width)`` for several.

        Raises
        ------
        FrameNotWritten
            Where one of them is not on disk, and the run is over.
        RetryTimeoutException
            Where one of them did not come in time, and the run is still open.
        """
        count = self.frames_per_event
        frames = self._reader.read(range(point_number * count, (point_number + 1) * count), channel)
        return frames[0] if count == 1 else frames

    def get_file_list(self, datum_kwargs: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return the files that hold these datums: the master and all that it leads to."""
        return [str(file) for file in self._reader.files] if list(datum_kwargs) else []

    def close(self) -> None:
        """Close the files."""
        self._reader.close()


class AdEiger2Handler:
    """Reads series that other facilities wrote: specs ``AD_EIGER2``, ``AD_EIGER`` and ``AD_EIGER_SLICE``.

    The files are found through the master's own links, so ``images_per_file`` is not needed to read them
    right; the handler of area-detector-handlers 0.0.10 computes the file from the wrong index.

    Parameters
    ----------
    fpath
        The files' path up to the sequence id: ``<fpath>_<seq_id>_master.h5``.
    images_per_file, frame_per_point
        What the resource says; kept, not needed.
    path_map, allowed_roots, scan_state, retry_timeout, settle_timeout
        As `id3c_data.images.open_stack` takes them; for those who make the handler themselves. While the run
        of ``scan_state`` is open, an event's images are waited for, but not longer than ``retry_timeout``.
    """

    specs = frozenset({"AD_EIGER", "AD_EIGER2", "AD_EIGER_SLICE"})

    def __init__(
        self,
        fpath: str | PurePath,
        images_per_file: int | None = None,
        frame_per_point: int | None = None,
        *,
        path_map: PathMapLike = None,
        allowed_roots: Sequence[str] | None = None,
        scan_state: ScanState | ScanWatch = FINISHED,
        retry_timeout: float | None = DEFAULT_RETRY_TIMEOUT_S,
        settle_timeout: float = 15.0,
    ) -> None:
        self.images_per_file = images_per_file if images_per_file is not None else frame_per_point
        self._prefix = str(fpath)
        self._opening = Opening(path_map, allowed_roots, scan_state, retry_timeout, settle_timeout)
        self._readers: dict[int, MasterReader] = {}

    def __call__(self, seq_id: int, frame_num: int | None = None) -> np.ndarray:
        """Return a series ``(images, height, width)``, or its image of that number, from 0.

        Raises
        ------
        FrameNotWritten
            Where the image is not on disk, and the run is over.
        RetryTimeoutException
            Where it did not come in time, and the run is still open.
        """
        reader = self._reader(seq_id)
        if frame_num is None:
            return reader.read()
        return reader.read(range(frame_num, frame_num + 1))[0]

    def get_file_list(self, datum_kwargs: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return the files that hold these datums: each series' master and all that it leads to."""
        series = dict.fromkeys(kwargs["seq_id"] for kwargs in datum_kwargs)
        return [str(file) for seq_id in series for file in self._reader(seq_id).files]

    def close(self) -> None:
        """Close the files."""
        while self._readers:
            self._readers.popitem()[1].close()

    def _reader(self, seq_id: int) -> MasterReader:
        if seq_id not in self._readers:
            self._readers[seq_id] = MasterReader(f"{self._prefix}_{seq_id}_master.h5", self._opening)
        return self._readers[seq_id]


HANDLERS: Mapping[str, type[EigerHandler | AdEiger2Handler]] = {
    spec: handler for handler in (EigerHandler, AdEiger2Handler) for spec in sorted(handler.specs)
}
"""Our handlers by spec."""


class HandlerRegistry(Protocol):
    """What handlers can be registered with: a databroker 1 broker or catalog, an `event_model.Filler`."""

    def register_handler(self, spec: str, handler: Any, overwrite: bool = False) -> Any:
        """Register a handler class for a spec."""


def register_handlers(target: HandlerRegistry | MutableMapping[str, Any], overwrite: bool = True) -> None:
    """Register our handlers, so that they win over others of the same spec.

    Where two packages bring a handler for one spec through their entry points, which of them a catalog takes
    is left to chance; area-detector-handlers has one for ``AD_EIGER2`` too.

    Parameters
    ----------
    target
        A databroker 1 broker or catalog, an `event_model.Filler`, or a mapping from spec to handler.
    overwrite
        Replace handlers that are there already; without it they stay.
    """
    if isinstance(target, MutableMapping):
        target.update({spec: h for spec, h in HANDLERS.items() if overwrite or spec not in target})
        return
    for spec, handler in HANDLERS.items():
        target.register_handler(spec, handler, overwrite=overwrite)
