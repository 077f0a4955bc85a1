"""A run in a terminal: how many frames, how fast, how far behind, how many counts; and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..errors import Id3cDataError
from ._event_frames import FollowedFrame
from ._follow import Following

__all__ = ["Ending", "Progress", "watch"]

_LINE_EVERY_S: Final = 1.0
_RATE_OVER: Final = 20  # frames


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Parameters
    ----------
    words
        To be shown.
    well
        Whether it ended as a success, and no frame is missing.
    """

    words: str
    well: bool


@dataclass(slots=True)
class Progress:
    """What is known while frames come.

    Parameters
    ----------
    total
        Frames that the run is to have; None where its start document does not say how many points.
    """

    total: int | None
    frames: int = 0
    counts: int = 0
    lag_s: float = 0.0
    _times: list[float] = field(default_factory=list[float])

    def add(self, frame: FollowedFrame) -> None:
        """Take in a frame."""
        self.frames += 1
        self.lag_s = max(0.0, time.time() - frame.time)
        valid = frame.image[frame.image != np.iinfo(frame.image.dtype).max]  # masked pixels hold the largest
        self.counts = int(valid.sum(dtype=np.uint64))
        self._times = [*self._times[-_RATE_OVER:], time.monotonic()]

    @property
    def rate(self) -> float:
        """Frames per second, lately."""
        span = self._times[-1] - self._times[0] if self._times else 0.0
        return (len(self._times) - 1) / span if span > 0 else 0.0

    def __str__(self) -> str:
        of = f" of {self.total}" if self.total is not None else ""
        return (
            f"{self.frames}{of} frames, {self.rate:.1f} per second, {self.lag_s:.1f} s behind, "
            f"{self.counts:.4g} counts in the last"
        )


def watch(
    following: Following, tell: Callable[[str], None], show: Callable[[Progress], object] | None
) -> Ending:
    """Follow a run to its end, and say how that was; errors of this package are part of that.

    Parameters
    ----------
    following
        From `follow`.
    tell
        Takes a line of text.
    show
        Takes the progress after each frame; without it, `tell` gets a line a second.
    """
    progress, next_line = Progress(None), 0.0
    problem: Id3cDataError | None = None
    try:
        run = following.begin()
        tell(f"run {run.uid}, scan {run.metadata.get('scan_id', '-')}")
        for frame in following:
            if points := run.metadata.get("num_points"):
                progress.total = points * max(1, following.promised // frame.seq_num)
            progress.add(frame)
            if show is not None:
                show(progress)
            elif time.monotonic() >= next_line:
                next_line = time.monotonic() + _LINE_EVERY_S
                tell(str(progress))
    except Id3cDataError as error:
        problem = error
    return _ending(following, progress, problem)


def _ending(following: Following, progress: Progress, problem: Id3cDataError | None) -> Ending:
    run = following.run
    if run is None:
        return Ending(f"no run was watched\n{problem}", well=False)
    ended = run.exit_status is not None
    how = run.failure or ("the run ended as 'success'" if ended else "its end was not seen")
    lost = following.lost or ("none missing" if ended and problem is None else "")
    words = (
        f"{how}; {progress.frames} frames"
        + (f", {lost}" if lost else "")
        + (f"\n{problem}" if problem else "")
    )
    return Ending(words, problem is None and run.exit_status == "success")
