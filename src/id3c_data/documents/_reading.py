"""Reading what a datum promises from its master file, or saying that it never came."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BrokenLink, FileIncomplete, FileMissing, FrameNotWritten
from ..h5api import FINISHED
from ..paths import PathMap, PathMapLike
from ._specs import Channel

if TYPE_CHECKING:
    from ..images import FrameStack
    from ._run_state import RunState

__all__ = ["MasterReader"]


class MasterReader:
    """Frames of one master file by number, opened when first asked for.

    Parameters
    ----------
    master
        As the documents name it.
    path_map
        Where this host has the documents' roots.
    allowed_roots
        Folders that links may lead to; without them, see `id3c_data.images.open_stack`.
    run_state
        The run that the master belongs to: it says why a promised frame is not there.
    """

    def __init__(
        self,
        master: str | PurePath,
        *,
        path_map: PathMapLike = None,
        allowed_roots: Sequence[str] | None = None,
        run_state: RunState | None = None,
    ) -> None:
        self._path_map = PathMap.of(path_map)
        self._allowed_roots = allowed_roots
        self._run_state = run_state
        self._stacks: dict[Channel, FrameStack] = {}
        self._lock = threading.Lock()
        self.master = Path(self._path_map.to_here(master))

    def read(self, frames: range | None = None, channel: Channel = "threshold_1") -> np.ndarray:
        """Return frames ``(n, height, width)`` as an array of the caller's own; all of them without a range.

        Raises
        ------
        FrameNotWritten
            Where one of them is not on disk.
        Hdf5Error
            Where the file cannot be read.
        """
        wanted = frames[0] if frames else 0
        with self._missing_frames_explained(wanted):
            stack = self._stack(channel, frames.stop if frames else 0)
            if frames is None:
                return stack.read()
            if frames.stop > len(stack):
                raise FrameNotWritten(max(frames.start, len(stack)), stack.written, self.master)
            return stack[frames.start : frames.stop].read()

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
            if stack is None or len(stack) < length:  # the file may have grown since it was opened
                stack = self._stacks[channel] = self._open(channel)
            return stack

    def _open(self, channel: Channel) -> FrameStack:
        from ..images import open_stack

        return open_stack(
            self.master,
            path_map=self._path_map,
            allowed_roots=self._allowed_roots,
            channel=channel,
            scan_state=self._run_state or FINISHED,
        )

    @contextmanager
    def _missing_frames_explained(self, wanted: int) -> Iterator[None]:
        why = self._run_state.failure if self._run_state else ""
        try:
            yield
        except FrameNotWritten as error:
            if not why:
                raise
            reason = f"{why}; {error.reason}" if error.reason else why
            raise FrameNotWritten(error.frame, error.written, error.master, reason) from error
        except (BrokenLink, FileIncomplete, FileMissing) as error:  # not even the master says what there is
            if not why:
                raise
            raise FrameNotWritten(wanted, 0, self.master, f"{why}; {error.what}") from error
