"""A run of frames, put together from parts that lie in different files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import FileIncomplete, FileMissing, FrameNotWritten, Hdf5Error
from ._compressed import CompressedFrame
from ._frame_source import FrameSource
from ._late import Late
from ._selection import Selection

__all__ = ["Absent", "Content", "FrameType", "Lacking", "MasterFrames", "Part", "Place"]


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

    @property
    def nbytes(self) -> int:
        """Bytes of a decoded frame."""
        return self.height * self.width * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.height} x {self.width} {self.dtype}"


@dataclass(frozen=True, slots=True)
class Absent:
    """Why nothing is where a dataset should be.

    Parameters
    ----------
    error
        What was found instead.
    awaited
        Whether the file is missing or not complete, so that it may have been on its way.
    tried
        Where the file was looked for.
    """

    error: Hdf5Error
    awaited: bool
    tried: tuple[Path, ...] = ()

    @classmethod
    def because(cls, error: Hdf5Error, tried: Iterable[Path] = ()) -> Absent:
        """Return the reason for the error that opening the dataset ended in."""
        return cls(error, isinstance(error.__cause__, FileMissing | FileIncomplete), tuple(tried))

    def again(self) -> Hdf5Error:
        """Return the error as a fresh one, so that no traceback grows from read to read."""
        error = type(self.error)(*self.error.args)
        error.__cause__ = self.error
        return error


Content: TypeAlias = "tuple[Part, ...] | Absent"
"""What is behind a link: parts, numbered as they are there, or why it cannot be read."""


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
        Where they are, or why they are not.
    source_start
        Number of the first of them in the source.
    """

    start: int
    count: int
    source: FrameSource | Absent | Late[Content]
    source_start: int = 0

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

    def known(self) -> tuple[Part, ...]:
        """Return the parts that this one turns out to be, when a link that was left for later is followed."""
        if not isinstance(self.source, Late):
            return (self,)
        content = self.source.get()
        if isinstance(content, Absent):
            return (replace(self, source=content),)
        first, shift = self.source_start, self.start - self.source_start
        cut = (part.cut(first, first + self.count, shift) for part in content)
        return tuple(part for part in cut if part is not None)

    def written(self) -> int:
        """Return how many frames, from the first on, are there without a gap."""
        if isinstance(self.source, Absent):
            return 0
        if isinstance(self.source, Late):
            return sum(part.written() for part in self.known()[:1])
        return self.source.written_from(self.source_start, self.count)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame is: in which dataset, and its number there."""

    source: FrameSource
    number: int

    def compressed(self) -> CompressedFrame:
        """Return the frame as it stands in its file."""
        return self.source.compressed(self.number)

    def read(self, part: Selection, out: NDArray[Any]) -> None:
        """Put the pixels of the frame into an array: all, or a part of them."""
        self.source.read(self.number, part, out)


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why a frame is nowhere."""

    reason: str
    cause: Hdf5Error | None = None

    def error(self, n: int, master: MasterFrames, run: str = "") -> FrameNotWritten:
        """Return the error for frame ``n`` of a master, and of a run that was to write it."""
        reason = f"{self.reason}; {run}" if run else self.reason
        error = FrameNotWritten(n, master.written, master.path, reason)
        error.__cause__ = self.cause
        return error


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
    final
        Whether the master itself says how many frames there will be.
    """

    path: Path
    parts: tuple[Part, ...]
    frames: int
    type: FrameType
    final: bool = False

    @property
    def written(self) -> int:
        """How many frames, from the first on, are there without a gap."""
        return self.written_from(0)

    def written_from(self, n: int) -> int:
        """Return how many frames, from frame ``n`` on, are there without a gap."""
        stop = n
        for part in self._known():
            if part.stop <= stop:
                continue
            rest = part.cut(stop, part.stop, 0) if part.start <= stop else None
            if rest is None:
                break
            there = rest.written()
            stop += there
            if there < rest.count:
                break
        return stop - n

    @property
    def sources(self) -> tuple[FrameSource, ...]:
        """Where frames are."""
        return tuple(part.source for part in self._known() if not isinstance(part.source, Absent | Late))

    @property
    def used(self) -> tuple[FrameSource, ...]:
        """Where frames are that somebody may have read."""
        parts = (part for part in self.parts if not isinstance(part.source, Late) or part.source.known)
        return self._with(parts).sources

    def known(self) -> MasterFrames:
        """Return these frames, with all links followed that were left for later."""
        return self._with(self._known())

    def _known(self) -> Iterator[Part]:
        return (known for part in self.parts for known in part.known())

    def place(self, n: int) -> Place:
        """Return where frame ``n`` is.

        Raises
        ------
        FrameNotWritten
            The frame is promised and not there.
        Hdf5Error
            Its link is there, and cannot be read.
        """
        place = self.locate(n)
        if isinstance(place, Lacking):
            raise place.error(n, self)
        return place

    def locate(self, n: int) -> Place | Lacking:
        """Return where frame ``n`` is, or why it is nowhere.

        Raises
        ------
        Hdf5Error
            Its link is there, and cannot be read.
        """
        return _located(self.parts, n)

    def holders(self, n: int) -> tuple[Path, ...]:
        """Return the files that are to hold frame ``n``, as far as that is known."""
        part = _part_with(self.parts, n)
        if part is None:
            return ()
        if isinstance(part.source, Late):
            return self._with(part.known()).holders(n)
        return part.source.tried if isinstance(part.source, Absent) else (part.source.file.path,)

    def _with(self, parts: Iterable[Part]) -> MasterFrames:
        return replace(self, parts=tuple(parts))


_start = attrgetter("start")


def _part_with(parts: tuple[Part, ...], n: int) -> Part | None:
    """Return the part that has frame ``n``."""
    at = bisect_right(parts, n, key=_start) - 1
    return parts[at] if at >= 0 and n < parts[at].stop else None


def _located(parts: tuple[Part, ...], n: int) -> Place | Lacking:
    """Return where frame ``n`` of some parts is, or why it is nowhere."""
    part = _part_with(parts, n)
    if part is None:
        return Lacking("no data file has it")
    source, number = part.source, part.source_start + n - part.start
    if isinstance(source, Late):
        content = source.get()
        if not isinstance(content, Absent):
            return _located(content, number)
        source = content
    if isinstance(source, Absent):
        if not source.awaited:
            raise source.again()
        return Lacking(f"{source.error.where}: {source.error.what}", source.error)
    if not source.written_from(number, 1):
        return Lacking(f"{source.where} has no data for it")
    return Place(source, number)
