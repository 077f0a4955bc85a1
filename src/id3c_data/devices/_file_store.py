"""The seam between taking frames and where they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from ophyd.signal import Signal

from ..documents import Writer
from ._exposing import Taken
from ._run_files import RunFiles

__all__ = ["FileStore", "Slot"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the frames of one event are on disk."""

    path: PurePosixPath
    """Master, or the plugin's file, as readers see it."""
    number: int
    """Which event of that file, from 0."""
    facts: Mapping[str, Any]
    """What else the resource document says."""


class FileStore(Protocol):
    """Who writes the frames, and how to see that they are written."""

    writer: Writer
    files: RunFiles
    """Of the run, once it is open."""

    def settle(self) -> None:
        """End what is left of an earlier run."""
        ...

    def settings(self) -> Mapping[Signal, Any]:
        """Return what must be set on the IOC for a run."""
        ...

    def open(self, files: RunFiles, images: int) -> None:
        """Get ready for a run with so many images an event."""
        ...

    def expect(self) -> None:
        """Get ready for the frames of one event."""
        ...

    def find(self, taken: Taken) -> Slot:
        """Return where the frames just taken are, having seen that they are there."""
        ...

    def called_off(self) -> None:
        """Take it that an event's frames may be there in part."""
        ...

    def pixel_type(self) -> str:
        """Return the NumPy type of the pixels just taken, with its byte order."""
        ...

    def close(self) -> None:
        """End the run: see that all frames of its events are on disk."""
        ...
