"""The one place where the server opens masters; some of them stay open from one request to the next.

What stays is where the frames are, not what they hold: each read asks the file system first whether all
files that were opened are as they were (device, inode, size, time of modification). Where one is not, the
master is opened again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple

from ..h5api import FINISHED, ScanState
from ..images import FrameStack, open_stack

__all__ = ["Masters", "open_master"]

_FRAMES: Final = 2_000_000
"""Frames of all masters whose places are kept: 24 bytes each."""
_FINISHED: Final = 1000
_GROWING: Final = 16  # each keeps some files open


class _Key(NamedTuple):
    path: Path
    roots: tuple[str, ...]
    channel: str
    wait_s: float | None


class Masters:
    """Open masters, of which those are forgotten that were not used for the longest time; thread-safe.

    A stack that is forgotten stays usable for whoever has it.

    Parameters
    ----------
    most
        How many masters are kept.
    most_frames
        How many frames they have at most, all together.
    """

    def __init__(self, most: int, most_frames: int) -> None:
        self._most, self._most_frames = most, most_frames
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[FrameStack, int]] = OrderedDict()
        self._frames = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: _Key) -> FrameStack | None:
        """Return the stack of a master if it is known and its files are as they were."""
        with self._lock:
            stack, _ = self._kept.get(key, (None, 0))
        if stack is None:
            return None
        unchanged = stack.unchanged
        with self._lock:
            if key in self._kept and unchanged:
                self._kept.move_to_end(key)
        return stack if unchanged else None

    def keep(self, key: _Key, stack: FrameStack, frames: int) -> None:
        """Keep a stack in the place of an older one of the same master."""
        with self._lock:
            self._forget(key)
            self._kept[key] = stack, frames
            self._frames += frames
            while len(self._kept) > self._most or self._frames > self._most_frames:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: _Key) -> None:
        _, frames = self._kept.pop(key, (None, 0))
        self._frames -= frames


_finished = Masters(_FINISHED, _FRAMES)
_growing = Masters(_GROWING, _FRAMES)


def open_master(
    path: Path,
    *,
    roots: tuple[str, ...],
    channel: str = "threshold_1",
    run: ScanState = FINISHED,
    wait_s: float | None = None,
) -> FrameStack:
    """Return the frames of a master; they stay the server's, so that nobody closes them.

    Parameters
    ----------
    path
        The master.
    roots
        Folders that no file may lie outside of.
    channel
        Which of the detector's images.
    run
        Where the run stands. While it is open, each read looks at the files again.
    wait_s
        Seconds that one read may wait for what is not on disk yet.

    Raises
    ------
    Hdf5Error
        What `id3c_data.images.open_stack` raises.
    """
    over = run is FINISHED
    masters = _finished if over else _growing
    key = _Key(path, roots, channel, None if over else wait_s)
    stack = masters.get(key)
    if stack is None:
        stack = open_stack(path, allowed_roots=roots, channel=channel, scan_state=run, retry_timeout=wait_s)
        masters.keep(key, stack, len(stack) if over else 0)
    return stack
