"""The masters of a run that may be open: which frames of which of them make the stack."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import FileIncomplete, FileMissing, FrameNotWritten, Hdf5Error, LinkOutsideRoots
from ..h5api import Look, NotYet, PromisingScanState, ScanWatch, Standing
from ._frames import different_kinds
from ._live_master import LiveMaster
from ._parts import FrameType, Lacking, MasterFrames, Place

__all__ = ["LiveMasters"]

_FRAMES: Final = "/entry/data/data"
"""Where the state of a run is asked for the frames of a file, whichever layout it has."""


class LiveMasters:
    """The masters of one stack, in the order of their frames.

    How many frames a master has is what the documents say, where the state of the run knows it, and otherwise
    what the master says itself. The last one may have more on disk than the documents have said so far.

    Parameters
    ----------
    paths
        The masters.
    channel
        Name of the channel.
    watch
        The run.
    """

    def __init__(self, paths: tuple[Path, ...], channel: str, watch: ScanWatch) -> None:
        self._masters = tuple(LiveMaster(path, channel) for path in paths)
        self._watch = watch
        self._promising = isinstance(watch.state, PromisingScanState)
        self._type: FrameType | None = None

    def forget(self) -> None:
        """Have the next look begin afresh."""
        for master in self._masters:
            master.forget()

    def first_type(self, look: Look, standing: Standing) -> FrameType:
        """Return size and pixel type of the frames, from the first master."""
        self._type = self._frames(0, look, standing).type
        return self._type

    def files(self, look: Look, standing: Standing) -> tuple[Path, ...]:
        """Return the files that hold frames."""
        there = (self._now(k, look, standing) for k in range(len(self._masters)))
        sources = (source for frames in there if frames is not None for source in frames.sources)
        return tuple(dict.fromkeys(source.file.path for source in sources))

    def written(self, look: Look, standing: Standing) -> int:
        """Return how many frames, from the first on, are there without a gap."""
        starts, _ = self._starts(look, standing)
        for k, start in enumerate(starts):
            frames = self._now(k, look, standing)
            there = 0 if frames is None else frames.written
            if k + 1 == len(starts) or there < starts[k + 1] - start:
                return start + there
        return 0

    def count(self, look: Look, standing: Standing) -> int:
        """Return how many frames are promised, or there, so far."""
        starts, end = self._starts(look, standing)
        if end is not None:
            return end
        last = len(self._masters) - 1
        promised = self._promised(last)
        if self._promising and (promised is not None or not standing.over):
            frames, so_far = self._now(last, look, standing), promised or 0
            return starts[-1] + so_far + (0 if frames is None else frames.written_from(so_far))
        return starts[-1] + self._own_length(last, look, standing)[0]

    def places(self, look: Look, standing: Standing) -> Callable[[int], Place]:
        """Return what finds the place of a frame by its number in this look.

        It raises `NotYet` where the frame may still come, and `FrameNotWritten` where it never will.
        """
        starts, end = self._starts(look, standing)

        def place(n: int) -> Place:
            if end is not None and n >= end:
                raise NotYet(f"{end} frames are promised")
            k = bisect_right(starts, n) - 1
            return self._place(k, n - starts[k], look, standing)

        return place

    def _place(self, k: int, n: int, look: Look, standing: Standing) -> Place:
        """Return where frame ``n`` of a master is."""
        frames = self._frames(k, look, standing, n)
        place = frames.locate(n)
        if isinstance(place, Place):
            return place
        look.need(frames.holders(n))
        if not standing.over or standing.awaits_files or (standing.settling and n < (self._promised(k) or 0)):
            raise NotYet(place.reason)
        raise place.error(n, frames, self._watch.describe())

    def _frames(self, k: int, look: Look, standing: Standing, n: int = 0) -> MasterFrames:
        """Return the frames of a master, which is needed for its frame ``n``."""
        master = self._masters[k]
        try:
            frames = master.frames(look, standing)
        except Hdf5Error as error:
            if not standing.over or standing.awaits_files or not self._promised(k) or not _missing(error):
                raise
            if standing.settling:
                raise NotYet(str(error)) from error
            lacking = Lacking(error.what, error)
            reason = "; ".join(part for part in (lacking.reason, self._watch.describe()) if part)
            raise FrameNotWritten(n, 0, master.path, reason) from error
        if self._type is not None and frames.type != self._type:
            raise different_kinds(self._type, self._masters[0].path, frames)
        return frames

    def _now(self, k: int, look: Look, standing: Standing) -> MasterFrames | None:
        """Return the frames of a master, or None where it cannot be read at this moment."""
        try:
            return self._frames(k, look, standing)
        except LinkOutsideRoots:
            raise
        except (Hdf5Error, FrameNotWritten):
            return None

    def _starts(self, look: Look, standing: Standing) -> tuple[list[int], int | None]:
        """Return where each master begins, and where the stack ends if that of some is not known yet."""
        starts = [0]
        later = self._last_promised()
        for k in range(len(self._masters) - 1):
            length, closed = self._length(k, look, standing)
            if not closed and k >= later:
                return starts, starts[-1] + length
            starts.append(starts[-1] + length)
        return starts, None

    def _length(self, k: int, look: Look, standing: Standing) -> tuple[int, bool]:
        """Return how many frames a master that is not the last has, and whether it gets no more."""
        promised = self._promised(k)
        if self._promising and (promised is not None or not standing.over):
            return promised or 0, standing.over
        return self._own_length(k, look, standing)

    def _own_length(self, k: int, look: Look, standing: Standing) -> tuple[int, bool]:
        """Return how many frames a master itself says that it has, and whether it gets no more."""
        if standing.over:
            return self._frames(k, look, standing).frames, True
        frames = self._now(k, look, standing)
        return (0, False) if frames is None else (frames.frames, frames.final)

    def _promised(self, k: int) -> int | None:
        return self._watch.promised_points(self._masters[k].path, _FRAMES)

    def _last_promised(self) -> int:
        """Return the number of the last master that the documents know; -1 where there is none."""
        if not self._promising or len(self._masters) == 1:
            return -1
        return next((k for k in reversed(range(len(self._masters))) if self._promised(k) is not None), -1)


def _missing(error: Hdf5Error) -> bool:
    """Say whether a file is not there, or not as a whole."""
    return any(isinstance(reason, FileMissing | FileIncomplete) for reason in (error, error.__cause__))
