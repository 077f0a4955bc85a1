"""The frames of several masters, one after the other; all views of a stack share one such object."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FrameNotWritten, Hdf5Error
from ..h5api import Resolver, ScanPhase, ScanState
from ._descriptors import DESCRIPTORS
from ._layouts import read_master
from ._mask import mask_from_frame, read_mask
from ._metadata import FrameMetadata, read_metadata
from ._parts import FrameType, MasterFrames
from ._selection import Selection

__all__ = ["Opening", "StackFrames"]


@dataclass(frozen=True, slots=True)
class Opening:
    """How masters are opened.

    Parameters
    ----------
    resolver
        Opens files and follows links.
    channel
        Name of the channel.
    scan_state
        Where the scan stands that the masters belong to.
    """

    resolver: Resolver
    channel: str
    scan_state: ScanState


class StackFrames:
    """The frames of several masters, one after the other.

    Parameters
    ----------
    paths
        The masters.
    opening
        How they are opened.
    """

    def __init__(self, paths: tuple[Path, ...], opening: Opening) -> None:
        self._opening, self._closed = opening, False
        self._masters = [self._read_master(path) for path in paths]
        self._starts = [0, *accumulate(master.frames for master in self._masters)]
        self.type = self._common_type()

    @property
    def count(self) -> int:
        """Number of frames that the masters promise."""
        return self._starts[-1]

    @property
    def masters(self) -> tuple[Path, ...]:
        """The masters."""
        return tuple(master.path for master in self._masters)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold frames."""
        sources = (source for master in self._masters for source in master.sources)
        return tuple(dict.fromkeys(source.file.path for source in sources))

    @property
    def written(self) -> int:
        """How many frames, from the first on, are there without a gap."""
        total = 0
        for master in self._masters:
            written = master.written
            total += written
            if written < master.frames:
                break
        return total

    @cached_property
    def metadata(self) -> FrameMetadata:
        """What the first master says about detector and beam."""
        resolver, channel = self._opening.resolver, self._opening.channel
        with resolver.open(self._masters[0].path) as file:
            return read_metadata(resolver, file, channel)

    @cached_property
    def mask(self) -> NDArray[np.uint32]:
        """The pixel mask of the first master, or what its first frame shows to be masked."""
        resolver, channel = self._opening.resolver, self._opening.channel
        with resolver.open(self._masters[0].path) as file:
            mask = read_mask(resolver, file, channel)
        if mask is None or mask.shape != self.type.shape:
            frame = np.empty(self.type.shape, self.type.dtype)
            self.read_into(0, frame)
            mask = mask_from_frame(frame)
        mask.flags.writeable = False
        return mask

    def read(self, selection: Selection) -> NDArray[Any]:
        """Return the pixels of a selection as an array of the caller's own."""
        out = np.empty(selection.shape, self.type.dtype)
        numbers = [int(n) for n in selection.frames.reshape(-1)]
        flat = out.reshape(len(numbers), *selection.frame_shape)
        if selection.whole_frames(*self.type.shape):
            for position, n in enumerate(numbers):
                self.read_into(n, flat[position])
            return out
        frame = np.empty(self.type.shape, self.type.dtype)
        for position, n in enumerate(numbers):
            self.read_into(n, frame)
            flat[position] = selection.of(frame)
        return out

    def read_into(self, n: int, out: NDArray[Any]) -> None:
        """Write the pixels of frame ``n`` into an array."""
        if self._closed:
            raise Hdf5Error("the stack is closed", str(self.masters[0]), "open it again")
        at = bisect_right(self._starts, n) - 1
        ended = self._opening.scan_state.phase is ScanPhase.FINISHED
        try:
            self._masters[at].read_into(n - self._starts[at], out, ended=ended)
        except FrameNotWritten:
            self._look_again(at)
            self._masters[at].read_into(n - self._starts[at], out, ended=ended)

    def close(self) -> None:
        """Close the files."""
        self._closed = True
        DESCRIPTORS.forget(source.file for master in self._masters for source in master.sources)

    def _read_master(self, path: Path) -> MasterFrames:
        with self._opening.resolver.open(path) as file:
            return read_master(self._opening.resolver, file, self._opening.channel)

    def _look_again(self, at: int) -> None:
        """See which frames of a master have come since; how many it promises stays as it was."""
        old, new = self._masters[at], self._read_master(self._masters[at].path)
        if new.type != old.type:
            raise _different_kinds(old, new)
        self._masters[at] = new

    def _common_type(self) -> FrameType:
        """Return size and type of all frames."""
        first = self._masters[0]
        for other in self._masters:
            if other.type != first.type:
                raise _different_kinds(first, other)
        return first.type


def _different_kinds(first: MasterFrames, other: MasterFrames) -> Hdf5Error:
    return Hdf5Error(
        f"frames of different kinds in one stack: {first.type}, but {other.type} in {other.path}",
        str(first.path),
        "open them one by one",
    )
