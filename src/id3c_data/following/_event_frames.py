"""The frames of a run's events, read from their masters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..documents import Promise
from ..errors import (
    BrokenLink,
    FileIncomplete,
    FileMissing,
    FileUnreadable,
    FrameNotWritten,
    Hdf5Error,
    LayoutUnknown,
    LinkOutsideRoots,
)
from ..h5api import ScanPhase, ScanWatch
from ..images import FrameStack, open_stack
from ..paths import PathMap
from ._losses import Losses

__all__ = ["EventFrames", "FollowedFrame"]

_ABSENT = (BrokenLink, FileIncomplete, FileMissing, IndexError)
_REFUSALS = (FileUnreadable, LayoutUnknown, LinkOutsideRoots)
"""What keeps a reader from all frames, and will be mended outside of the run."""


@dataclass(frozen=True, slots=True, eq=False)
class FollowedFrame:
    """One frame of a run.

    Parameters
    ----------
    seq_num
        Of its event, from 1.
    index
        Which of the event's frames, from 0.
    image
        Pixels ``(height, width)``.
    master, number
        The master on this host, and the frame's number in it, from 0.
    time
        When its event was, in seconds since 1970 by the clock of the RunEngine's machine.
    """

    seq_num: int
    index: int
    image: np.ndarray
    master: Path
    number: int
    time: float


class EventFrames:
    """Reads the frames that events promise, waiting for them as long as they may come; keeps one master open.

    Parameters
    ----------
    watch
        The run.
    path_map
        From the documents' roots to where this host has them.
    allowed_roots
        Folders that links may lead to; None allows all.
    retry_timeout
        Seconds to wait for each frame; None for no limit.
    settle_timeout
        Seconds after the end of the run in which promised frames may still come.
    losses
        Takes the frames that cannot be given.
    """

    def __init__(
        self,
        watch: ScanWatch,
        *,
        path_map: PathMap,
        allowed_roots: Sequence[str] | None,
        retry_timeout: float | None,
        settle_timeout: float,
        losses: Losses,
    ) -> None:
        self._watch, self._path_map, self._losses = watch, path_map, losses
        self._options: dict[str, Any] = {
            "path_map": path_map,
            "allowed_roots": allowed_roots,
            "scan_state": watch,
            "retry_timeout": retry_timeout,
            "settle_timeout": settle_timeout,
        }
        self._stack: FrameStack | None = None
        self._master: Path | None = None

    def of(self, promise: Promise) -> Iterator[FollowedFrame]:
        """Yield the frames of an event, each as soon as it is there, and pass over those that are lost."""
        master = Path(self._path_map.to_here(promise.path))
        self._losses.promised += len(promise.frames)
        for index, number in enumerate(promise.frames):
            try:
                image = self._stack_of(master, promise)[number].read()
            except _REFUSALS:
                raise
            except (Hdf5Error, IndexError) as error:  # FrameNotWritten is one too
                if self._watch.phase is not ScanPhase.FINISHED:
                    raise
                self._losses.add(self._loss(number, master, error))
            else:
                yield FollowedFrame(promise.seq_num, index, image, master, number, promise.time)

    def close(self) -> None:
        """Close the master."""
        if self._stack is not None:
            self._stack.close()
            self._stack = None

    def _stack_of(self, master: Path, promise: Promise) -> FrameStack:
        if self._stack is None or self._master != master:
            self.close()
            self._stack = open_stack(master, channel=promise.channel, **self._options)
            self._master = master
        return self._stack

    def _loss(self, number: int, master: Path, error: Any) -> Hdf5Error | FrameNotWritten:
        """Return the error that says of a frame why it cannot be given, and how the run ended."""
        if isinstance(error, FrameNotWritten) or not isinstance(error, _ABSENT):
            return error
        written = 0 if self._stack is None else self._stack.written
        reason = "; ".join(
            part for part in (self._watch.describe(), getattr(error, "what", str(error))) if part
        )
        made = FrameNotWritten(number, written, master, reason)
        made.__cause__ = error
        return made
