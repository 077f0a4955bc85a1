"""The one place where the server comes by the frames of masters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol

from ..images import CompressedFrame, FrameStack
from ._kept import MOST_FRAMES, KeptStacks
from ._masters_elsewhere import FramesElsewhere, Master, found

__all__ = ["MasterFrames", "open_master"]

_MASTERS: Final = 1000


class MasterFrames(Protocol):
    """The frames of a master, as much as the server needs of a `FrameStack`."""

    def __len__(self) -> int:
        """Return how many there are; of a run that goes on nobody knows, and it is 0."""
        ...

    def compressed(self) -> Iterator[CompressedFrame]:
        """Yield the frames as they stand in their files."""
        ...

    def __getitem__(self, key: Any, /) -> MasterFrames:
        """Return some of the frames."""
        ...


_kept: Final = KeptStacks(_MASTERS, MOST_FRAMES)


def open_master(master: Master) -> MasterFrames:
    """Return the frames of a master; no HDF5 file is opened in this process.

    Raises
    ------
    Hdf5Error
        What `id3c_data.images.open_stack` raises; of a run that goes on, reading the frames does.
    """
    if not master.over:
        return FramesElsewhere(master)
    stack = _known(master)
    return FramesElsewhere(master, len(stack)) if stack.needs_hdf5 else stack


def _known(master: Master) -> FrameStack:
    """Return where the frames of a master are."""
    stack = _kept.get(master)
    if stack is None:
        stack = found(master)
        if stack.written == len(stack):  # else what is missing is looked for with each read
            _kept.keep(master, stack, len(stack))
    return stack
