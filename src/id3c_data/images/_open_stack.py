"""Master files in, one lazy array out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..h5api import (
    FINISHED,
    AllowedRoots,
    Patience,
    Reader,
    RootsLike,
    ScanState,
    ScanWatch,
)
from ..paths import PathMapLike
from ._frames import StackFrames
from ._growing import GrowingFrames
from ._recording import RecordingResolver
from ._selection import Selection
from ._stack import FrameStack
from ._view import GrowingView

__all__ = ["open_stack"]


def open_stack(
    *masters: str | os.PathLike[str],
    path_map: PathMapLike = None,
    allowed_roots: RootsLike | AllowedRoots = None,
    channel: str = "threshold_1",
    scan_state: ScanState | ScanWatch = FINISHED,
    retry_timeout: float | None = None,
    settle_timeout: float = 15.0,
) -> FrameStack:
    """Return the frames of one or more masters as one lazy array ``(frames, height, width)``.

    Of a run that is over, its length is what the masters promise. With the state of a run, the stack grows:
    reading waits until all that is asked for is there, iteration gives each frame as it lands and ends with
    the run, and what was promised and never came is `FrameNotWritten`. The first master is waited for here.

    Parameters
    ----------
    masters
        Masters of the detector's file writer, files of the HDF5 plugin, or single data files.
    path_map
        Roots as the files' links name them, and as this host has them mounted; tried after a link as it
        stands.
    allowed_roots
        Folders that no file may lie outside of, whichever link leads there; None allows all.
    channel
        ``threshold_1``, ``threshold_2`` or ``difference``.
    scan_state
        Where the run stands that the files belong to; several stacks may share a `ScanWatch` of it. Files of
        a run that is over (`FINISHED`) are taken as they are at this moment.
    retry_timeout
        Seconds that one read may wait; None for no limit. Not used with `FINISHED`, nor is the next.
    settle_timeout
        Seconds after the end of the run in which what was promised may still come.

    Raises
    ------
    FileMissing, FileUnreadable, FileIncomplete, NotHdf5
        A master cannot be opened.
    FrameNotWritten
        The first master was promised and never came.
    RetryTimeoutException
        It did not come within ``retry_timeout``.
    LayoutUnknown
        A master has no images, or not that channel.
    BrokenLink
        No data file is there, and the master does not say how large the frames are.
    LinkOutsideRoots
        A master or a link leads out of the allowed folders.
    Hdf5Error
        Frames of different size or type, or what HDF5 cannot read.

    Examples
    --------
    >>> stack = open_stack("series_7_master.h5")  # doctest: +SKIP
    >>> stack[0].read()  # doctest: +SKIP
    """
    if not masters:
        raise TypeError("open_stack() needs a master")
    paths = [Path(os.path.abspath(master)) for master in masters]  # noqa: PTH100 (keeps symlinks)
    if scan_state is FINISHED:
        frames = StackFrames(tuple(paths), RecordingResolver(path_map, allowed_roots), channel)
        height, width = frames.type.shape
        return FrameStack(frames, Selection(np.arange(frames.count), range(height), range(width)))
    watch = ScanWatch.of(scan_state, settle_timeout)
    patience = Patience(retry_timeout=retry_timeout, settle_timeout=settle_timeout)
    growing = GrowingFrames(paths, channel, watch, Reader(paths[0], patience, path_map, allowed_roots))
    return FrameStack(growing, GrowingView(growing.type.shape))
