"""The seam between taking frames and where they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

import numpy as np
from ophyd.signal import Signal

from ..documents import Writer
from ._exposing import Taken
from ._run_files import RunFiles
from ._signals import Eiger2CamIO
from ._watch import SignalWatch

__all__ = ["FileStore", "ImageType", "Slot"]


@dataclass(frozen=True, slots=True)
class ImageType:
    """What a frame looks like."""

    height: int
    width: int
    dtype_numpy: str
    """With its byte order."""

    @classmethod
    def of_cam(cls, cam: Eiger2CamIO, watch: SignalWatch, *, signed: bool) -> ImageType:
        """Return what the detector says of its frames."""
        size = cam.array_size
        return cls(
            size.array_size_y.get(),
            size.array_size_x.get(),
            np.dtype(f"{'i' if signed else 'u'}{watch[cam.bit_depth_image] // 8}").str,
        )

    def __str__(self) -> str:
        return f"{self.height} x {self.width} {self.dtype_numpy}"


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

    @property
    def unchecked(self) -> bool:
        """Whether there are events whose files were not looked at when they were whole."""
        ...

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

    def image_type(self) -> ImageType:
        """Return what the frames just taken look like; before the first ones, what they will."""
        ...

    def close(self) -> None:
        """End the run: see that all frames of its events are on disk."""
        ...
