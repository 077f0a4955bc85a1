"""Reading what a datum promises from its master file, or saying that it never came."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import numpy as np

from ..errors import FrameNotWritten
from ..h5api import FINISHED, ScanState, ScanWatch
from ..paths import PathMap, PathMapLike
from ._run_state import RunState
from ._specs import Channel

if TYPE_CHECKING:
    from ..images import FrameStack

__all__ = ["DEFAULT_RETRY_TIMEOUT_S", "MasterReader", "Opening"]

DEFAULT_RETRY_TIMEOUT_S: Final = 60.0
"""How long an event's images may be waited for while its run is open. Whoever fills events may keep the run's
next documents waiting, so there is an end to it; and NFS hides a new file for up to a minute."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How masters are opened.

    Parameters
    ----------
    path_map
        Where this host has the documents' roots.
    allowed_roots
        Folders that links may lead to; without them, see `id3c_data.images.open_stack`.
    scan_state
        The run that the masters belong to. While it is open, what is not there yet is waited for.
    retry_timeout
        Seconds that one read may wait; None for no limit.
    settle_timeout
        Seconds after the end of the run in which what was promised may still come.
    """

    path_map: PathMapLike = None
    allowed_roots: Sequence[str] | None = None
    scan_state: ScanState | ScanWatch = FINISHED
    retry_timeout: float | None = DEFAULT_RETRY_TIMEOUT_S
    settle_timeout: float = 15.0


class MasterReader:
    """Frames of one master file by number, opened when first asked for; thread-safe.

    Parameters
    ----------
    master
        As the documents name it.
    opening
        How it is opened.
    """

    def __init__(self, master: str | PurePath, opening: Opening) -> None:
        self._opening = opening
        self._stacks: dict[Channel, FrameStack] = {}
        self._lock = threading.Lock()
        path_map = PathMap.of(opening.path_map)
        self.master = Path(path_map.to_here(master))
        run = opening.scan_state.state if isinstance(opening.scan_state, ScanWatch) else opening.scan_state
        if isinstance(run, RunState):
            run.also_mapped(path_map)  # it is asked what it promises of this file

    def read(self, frames: range | None = None, channel: Channel = "threshold_1") -> np.ndarray:
        """Return frames ``(n, height, width)`` as an array of the caller's own; all of them without a range.

        Raises
        ------
        FrameNotWritten
            Where one of them is not on disk.
        RetryTimeoutException
            Where one of them did not come in time, and the run is still open.
        Hdf5Error
            Where the file cannot be read.
        """
        stack = self._stack(channel, frames.stop if frames else 0)
        if frames is None:
            return stack.read()
        try:
            return stack[np.array(frames, np.intp)].read()  # numbers, because a slice would be cut
        except FrameNotWritten:
            raise
        except IndexError:
            run = ScanWatch.of(self._opening.scan_state, 0).describe()
            raise FrameNotWritten(max(frames.start, len(stack)), stack.written, self.master, run) from None

    @property
    def files(self) -> tuple[Path, ...]:
        """The master and the files that it leads to."""
        stack = self._stack("threshold_1", 0)
        return tuple(dict.fromkeys((*stack.masters, *stack.files)))

    def close(self) -> None:
        """Close what was opened; the next read opens it again."""
        with self._lock:
            while self._stacks:
                self._stacks.popitem()[1].close()

    def _stack(self, channel: Channel, length: int) -> FrameStack:
        with self._lock:
            stack = self._stacks.get(channel)
            over = self._opening.scan_state is FINISHED
            if stack is None or (over and len(stack) < length):  # it may have grown since it was opened
                stack = self._stacks[channel] = self._open(channel)
            return stack

    def _open(self, channel: Channel) -> FrameStack:
        from ..images import open_stack

        opening = self._opening
        return open_stack(
            self.master,
            path_map=opening.path_map,
            allowed_roots=opening.allowed_roots,
            channel=channel,
            scan_state=opening.scan_state,
            retry_timeout=opening.retry_timeout,
            settle_timeout=opening.settle_timeout,
        )
