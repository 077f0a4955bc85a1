"""The frames of masters that nobody writes to any more."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileClosed, FrameNotWritten, Hdf5Error
from ..h5api import WORKERS
from ._compressed import CompressedFrame
from ._descriptors import DESCRIPTORS
from ._frame_source import LibrarySource
from ._layouts import read_master
from ._mask import mask_from_frame, read_mask
from ._metadata import FrameMetadata, read_metadata
from ._parts import FrameType, MasterFrames, Place
from ._read_frames import iterate_frames, read_frames
from ._recording import RecordingResolver
from ._reductions import Fetcher
from ._selection import Selection

__all__ = ["StackFrames", "different_kinds"]


class StackFrames:
    """The frames of several masters, one after the other.

    Parameters
    ----------
    paths
        The masters.
    resolver
        Opens files and follows links.
    channel
        Name of the channel.
    """

    def __init__(self, paths: tuple[Path, ...], resolver: RecordingResolver, channel: str) -> None:
        self._resolver, self._channel, self._closed = resolver, channel, False
        self._looks_again = True
        self._masters = [self._read_master(path) for path in paths]
        self._starts = [0, *accumulate(master.frames for master in self._masters)]
        self.type = self._common_type()
        self._metadata: FrameMetadata | None = None
        self._mask: NDArray[np.uint32] | None = None

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

    @property
    def unchanged(self) -> bool:
        """Whether each file that was opened is for sure as it was then."""
        return self._resolver.unchanged

    @property
    def needs_hdf5(self) -> bool:
        """Whether HDF5 itself has to decode some of the frames."""
        return any(isinstance(source, LibrarySource) for master in self._masters for source in master.sources)

    def as_found(self) -> StackFrames:
        """Return these frames without those that come later, with all data files looked into."""
        found = copy.copy(self)
        found._looks_again, found._masters = False, [master.known() for master in self._masters]
        return found

    @property
    def metadata(self) -> FrameMetadata:
        """What the first master says about detector and beam."""
        if self._metadata is None:
            with self._resolver.open(self._masters[0].path) as file:
                self._metadata = read_metadata(self._resolver, file, self._channel)
        return self._metadata

    @property
    def mask(self) -> NDArray[np.uint32]:
        """The pixel mask of the first master, or what its first frame shows to be masked."""
        if self._mask is None:
            with self._resolver.open(self._masters[0].path) as file:
                mask = read_mask(self._resolver, file, self._channel)
            if mask is None or mask.shape != self.type.shape:
                mask = mask_from_frame(self._fetch(0).pixels())
            self._mask = mask
        return self._mask

    def selection(self, view: Selection) -> Selection:
        """Return the selection itself."""
        return view

    def read(self, view: Selection, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the pixels of a selection, in an array of the caller's own."""
        return read_frames(view, self.type, self._place, out)

    def items(self, view: Selection) -> Iterator[NDArray[Any]]:
        """Yield what is along the first axis of a selection, read-only."""
        return iterate_frames(view, self.type, self._place)

    def compressed(self, view: Selection) -> Iterator[CompressedFrame]:
        """Yield the frames of a selection as they stand in their files."""
        numbers = view.frames.reshape(-1).tolist()
        return WORKERS.in_order(self._fetch, numbers, self.type.nbytes)

    def awaited(self, view: Selection) -> Selection:
        """Return the selection itself."""
        return view

    def fetchers(self, view: Selection) -> Iterator[Fetcher]:
        """Yield for each frame of a selection what fetches it."""
        numbers: list[int] = view.frames.reshape(-1).tolist()
        return (partial(self._fetch, n) for n in numbers)

    def _fetch(self, n: int) -> CompressedFrame:
        """Return frame ``n`` as it stands in its file."""
        return self._place(n).compressed()

    def _place(self, n: int) -> Place:
        """Return where frame ``n`` is."""
        if self._closed:
            raise FileClosed("the stack is closed", str(self.masters[0]), "open it again")
        at = bisect_right(self._starts, n) - 1
        try:
            return self._masters[at].place(n - self._starts[at])
        except FrameNotWritten:
            if not self._looks_again:
                raise
            self._look_again(at)
            return self._masters[at].place(n - self._starts[at])

    def close(self) -> None:
        """Close the files."""
        self._closed = True
        DESCRIPTORS.forget(source.file for master in self._masters for source in master.used)

    def _read_master(self, path: Path) -> MasterFrames:
        with self._resolver.open(path) as file:
            return read_master(self._resolver, file, self._channel)

    def _look_again(self, at: int) -> None:
        """See which frames of a master have come since; how many it promises stays as it was."""
        old, new = self._masters[at], self._read_master(self._masters[at].path)
        if new.type != old.type:
            raise different_kinds(old.type, old.path, new)
        self._masters[at] = new

    def _common_type(self) -> FrameType:
        """Return size and type of all frames."""
        first = self._masters[0]
        for other in self._masters:
            if other.type != first.type:
                raise different_kinds(first.type, first.path, other)
        return first.type


def different_kinds(frames: FrameType, path: Path, other: MasterFrames) -> Hdf5Error:
    """Return the error for a master whose frames do not fit those of another one."""
    return Hdf5Error(
        f"frames of different kinds in one stack: {frames}, but {other.type} in {other.path}",
        str(path),
        "open them one by one",
    )
