"""A look at the frames of a master through HDF5, as readers see them. Runs in a `Looker`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FrameNotWritten, Hdf5Error, Id3cDataError

if TYPE_CHECKING:
    from ..images import FrameStack

__all__ = [
    "Decoded",
    "FramesLook",
    "decode_frames",
    "faults_inside",
    "look_at_frames",
    "read_frames",
    "tree_text",
]


@dataclass(frozen=True, slots=True)
class FramesLook:
    """What was seen of a master's frames.

    Parameters
    ----------
    shape, dtype
        Frames that are promised, their height and width, and their pixel type; empty where that is not known.
    written
        How many frames, from the first on, are there.
    error
        Why no frame can be had, or why the one behind those that are there cannot be read.
    """

    shape: tuple[int, ...] = ()
    dtype: str = ""
    written: int = 0
    error: Id3cDataError | None = None


def look_at_frames(master: Path, path_map: Mapping[str, str]) -> FramesLook:
    """Return what there is to see of a master's frames.

    Parameters
    ----------
    master
        The master, a file of the HDF5 plugin, or a data file.
    path_map
        Roots as links name them, and as this host has them.
    """
    from ..images import open_stack

    try:
        with open_stack(master, path_map=path_map) as stack:
            return FramesLook(stack.shape, str(stack.dtype), stack.written, _refusal(stack))
    except Id3cDataError as error:
        return FramesLook(error=error)


def _refusal(stack: FrameStack) -> Hdf5Error | None:
    """Return why the first frame that is not there cannot be read, where it is not simply missing."""
    n = stack.written
    try:
        next(stack[n : n + 1].compressed(), None)
    except FrameNotWritten:
        return None
    except Hdf5Error as error:
        return error
    return None


def faults_inside(path: Path) -> tuple[Hdf5Error, ...]:
    """Return what HDF5 cannot read in a file that is whole as bytes."""
    from ..h5api import tree_of

    try:
        return tree_of(path).errors
    except Hdf5Error as error:
        return (error,)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of decoding frames.

    Parameters
    ----------
    frames
        How many were decoded.
    size
        Their bytes in memory.
    faults
        Why some could not be decoded.
    seconds
        How long it took.
    """

    frames: int
    size: int
    faults: tuple[Id3cDataError, ...]
    seconds: float


def decode_frames(
    master: Path, path_map: Mapping[str, str], frames: Sequence[int], seconds: float
) -> Decoded:
    """Decode frames of a master one after the other, as many as there is time for; at least one."""
    from ..images import open_stack

    faults: list[Id3cDataError] = []
    decoded = size = 0
    began = time.perf_counter()
    with open_stack(master, path_map=path_map) as stack:
        for frame in frames:
            try:
                size += stack[frame].read().nbytes
            except FrameNotWritten:
                continue
            except Id3cDataError as error:
                faults.append(error)
            decoded += 1
            if time.perf_counter() - began > seconds:
                break
    return Decoded(decoded, size, tuple(faults), time.perf_counter() - began)


def read_frames(master: Path, path_map: Mapping[str, str], channel: str, frames: range) -> Any:
    """Return frames as an array ``(frames, height, width)``."""
    from ..images import open_stack

    with open_stack(master, path_map=path_map, channel=channel) as stack:
        return stack[frames.start : frames.stop].read()


def tree_text(path: Path, path_map: Mapping[str, str]) -> str:
    """Return all that is in a file, as lines of text."""
    from ..h5api import lines_of, tree_of

    return "\n".join(lines_of(tree_of(path, path_map=path_map)))
