"""A run of frames, put together from parts that lie in different files."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileIncomplete, FileMissing, FrameNotWritten, Hdf5Error
from ._frame_source import FrameSource, Image

__all__ = ["FrameType", "MasterFrames", "Part"]


@dataclass(frozen=True, slots=True)
class FrameType:
    """What all frames of a stack have in common: size and pixel type."""

    height: int
    width: int
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    def __str__(self) -> str:
        return f"{self.height} x {self.width} {self.dtype}"


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive frames that one dataset holds, or should hold.

    Parameters
    ----------
    start
        Number of the first frame, from 0.
    count
        How many.
    source
        Where they are; None where nothing is there.
    source_start
        Number of the first of them in the source.
    missing
        Why nothing is there.
    """

    start: int
    count: int
    source: FrameSource | None = None
    source_start: int = 0
    missing: Hdf5Error | None = None

    @property
    def stop(self) -> int:
        """Number of the frame behind the last."""
        return self.start + self.count

    def cut(self, start: int, stop: int, shift: int) -> Part | None:
        """Return what lies in a range of frames, moved by a number of frames; None where nothing does."""
        first, last = max(self.start, start), min(self.stop, stop)
        if first >= last:
            return None
        source_start = self.source_start + first - self.start
        return replace(self, start=first + shift, count=last - first, source_start=source_start)

    def written(self) -> int:
        """Return how many frames, from the first on, are there without a gap."""
        if self.source is None:
            return 0
        for n in range(self.count):
            if not self.source.written(self.source_start + n):
                return n
        return self.count


@dataclass(frozen=True, slots=True)
class MasterFrames:
    """The frames that one master promises.

    Parameters
    ----------
    path
        The master.
    parts
        In order and without overlap; frames between them are in no file.
    frames
        How many frames are promised.
    type
        Size and pixel type.
    """

    path: Path
    parts: tuple[Part, ...]
    frames: int
    type: FrameType

    @property
    def written(self) -> int:
        """How many frames, from the first on, are there without a gap."""
        total = 0
        for part in self.parts:
            if part.start != total:
                break
            there = part.written()
            total += there
            if there < part.count:
                break
        return total

    @property
    def sources(self) -> tuple[FrameSource, ...]:
        """Where frames are."""
        return tuple(part.source for part in self.parts if part.source is not None)

    def read_into(self, n: int, out: Image, *, ended: bool) -> None:
        """Write the pixels of frame ``n`` into an array.

        Raises
        ------
        FrameNotWritten
            The frame is promised and not there.
        Hdf5Error
            It is there, or its link is, and cannot be read.
        """
        at = bisect_right(self.parts, n, key=lambda part: part.start) - 1
        part = self.parts[at] if at >= 0 else None
        if part is None or n >= part.stop:
            raise self._not_written(n, "no data file has it", ended)
        if part.source is None:
            raise self._missing(n, part.missing, ended)
        place = part.source_start + n - part.start
        if place >= part.source.image.frames or not part.source.written(place):
            raise self._not_written(n, f"{part.source.where} does not hold it", ended)
        part.source.read_into(place, out)

    def _missing(self, n: int, error: Hdf5Error | None, ended: bool) -> Exception:
        """Return the error for a frame whose file could not be opened."""
        if error is None or isinstance(error.__cause__, FileMissing | FileIncomplete):
            not_written = self._not_written(n, f"{error.where}: {error.what}" if error else "", ended)
            not_written.__cause__ = error
            return not_written
        again = type(error)(*error.args)  # a fresh one, so that no traceback grows from read to read
        again.__cause__ = error
        return again

    def _not_written(self, n: int, reason: str, ended: bool) -> FrameNotWritten:
        going_on = "" if ended else "; the run is still going on"
        return FrameNotWritten(n, self.written, self.path, reason + going_on)
