"""Open stacks that stay from one request to the next.

What stays is where the frames are, not what they hold: each read asks the file system first whether all
files that were opened are as they were (device, inode, size, time of modification). Where one is not, the
master is opened again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from ..images import FrameStack

__all__ = ["MOST_FRAMES", "KeptStacks"]

MOST_FRAMES: Final = 2_000_000
"""Frames of all stacks of a process whose places are kept: 24 bytes each."""


class KeptStacks:
    """Open stacks, of which those are forgotten that were not used for the longest time; thread-safe.

    A stack that is forgotten stays usable for whoever has it.

    Parameters
    ----------
    most
        How many stacks are kept.
    most_frames
        How many frames they have at most, all together.
    """

    def __init__(self, most: int, most_frames: int) -> None:
        self._most, self._most_frames = most, most_frames
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[FrameStack, int]] = OrderedDict()
        self._frames = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> FrameStack | None:
        """Return a stack if it is known and its files are as they were."""
        with self._lock:
            stack, _ = self._kept.get(key, (None, 0))
        if stack is None:
            return None
        unchanged = stack.unchanged
        with self._lock:
            if key in self._kept and unchanged:
                self._kept.move_to_end(key)
        return stack if unchanged else None

    def keep(self, key: Hashable, stack: FrameStack, frames: int = 0) -> None:
        """Keep a stack, in the place of an older one of the same key.

        Parameters
        ----------
        key
            What it is found by.
        stack
            The stack.
        frames
            Frames whose places it has in memory.
        """
        with self._lock:
            self._forget(key)
            self._kept[key] = stack, frames
            self._frames += frames
            while len(self._kept) > self._most or self._frames > self._most_frames:
                self._forget(next(iter(self._kept)))

    def forget(self, key: Hashable) -> None:
        """Let a stack go."""
        with self._lock:
            self._forget(key)

    def _forget(self, key: Hashable) -> None:
        _, frames = self._kept.pop(key, (None, 0))
        self._frames -= frames
