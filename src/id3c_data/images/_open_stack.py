"""Master files in, one lazy array out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..h5api import FINISHED, AllowedRoots, Resolver, RootsLike, ScanState
from ..paths import PathMapLike
from ._frames import Opening, StackFrames
from ._selection import Selection
from ._stack import FrameStack

__all__ = ["open_stack"]


def open_stack(
    *masters: str | os.PathLike[str],
    path_map: PathMapLike = None,
    allowed_roots: RootsLike | AllowedRoots = None,
    channel: str = "threshold_1",
    scan_state: ScanState = FINISHED,
) -> FrameStack:
    """Return the frames of one or more masters as one lazy array ``(frames, height, width)``.

    Its length is what the masters promise at this moment. A promised frame that comes later is found when it
    is asked for; a file that itself grows longer has to be opened again.

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
        Where the scan stands that the files belong to.

    Raises
    ------
    FileMissing, FileUnreadable, FileIncomplete, NotHdf5
        A master cannot be opened.
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
    opening = Opening(Resolver(path_map, allowed_roots), channel, scan_state)
    frames = StackFrames(tuple(Path(master) for master in masters), opening)
    height, width = frames.type.shape
    return FrameStack(frames, Selection(np.arange(frames.count), range(height), range(width)))
