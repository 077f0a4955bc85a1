"""Pixels of a selection, decoded in parallel: as one array, or one item after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..h5api import WORKERS
from ._parts import FrameType, Place
from ._selection import Selection

__all__ = ["Locate", "check_out", "iterate_frames", "read_frames"]

Locate: TypeAlias = Callable[[int], Place]
"""Returns where the frame of a number is; called in several threads."""


def read_frames(
    selection: Selection, frames: FrameType, locate: Locate, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return the pixels of a selection as an array of the caller's own.

    Parameters
    ----------
    selection
        Which pixels of which frames.
    frames
        Size and pixel type of the frames.
    locate
        Where the frames are.
    out
        Where the pixels go; None for a new array.

    Raises
    ------
    ValueError
        `out` is of another shape, or its type cannot hold all pixel values.
    """
    if out is None:
        out = np.empty(selection.shape, frames.dtype)
    else:
        check_out(out, selection.shape, frames.dtype)

    def read(place: tuple[Any, int]) -> None:
        at, n = place
        locate(n).read(selection, out[(*at, ...)])

    for _ in WORKERS.in_order(read, selection.places(), frames.nbytes):
        pass
    return out


def check_out(out: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse (`ValueError`) an array that pixels of that shape and type do not go into."""
    if out.shape != shape or not np.can_cast(dtype, out.dtype):
        found = f"{out.dtype} of shape {out.shape}"
        raise ValueError(f"{dtype} of shape {shape} does not go into {found}")


def iterate_frames(selection: Selection, frames: FrameType, locate: Locate) -> Iterator[NDArray[Any]]:
    """Yield what is along the first axis of a selection, read-only, some of it read ahead.

    Parameters
    ----------
    selection, frames, locate
        As `read_frames` takes them.
    """
    axes = selection.frames.shape
    if len(axes) == 1:
        numbers: list[int] = selection.frames.tolist()
        items = WORKERS.in_order(lambda n: locate(n).compressed().pixels(selection), numbers, frames.nbytes)
    elif selection.frames.size and axes:
        items = _groups(selection, frames, locate)
    else:
        items = iter(read_frames(selection, frames, locate))
    for item in items:
        item.flags.writeable = False
        yield item


def _groups(selection: Selection, frames: FrameType, locate: Locate) -> Iterator[NDArray[Any]]:
    """Yield the groups of frames along the first axis."""
    count, *axes = selection.frames.shape
    each = prod(axes)
    outs: dict[int, NDArray[Any]] = {}

    def places() -> Iterator[tuple[NDArray[Any], int]]:
        for group in range(count):
            out = outs[group] = np.empty((*axes, *selection.frame_shape), frames.dtype)
            flat = out.reshape(each, *selection.frame_shape)
            yield from ((flat[k, ...], int(n)) for k, n in enumerate(selection.frames[group].flat))

    def read(place: tuple[NDArray[Any], int]) -> None:
        out, n = place
        locate(n).read(selection, out)

    for done, _ in enumerate(WORKERS.in_order(read, places(), frames.nbytes), 1):
        if done % each == 0:
            yield outs.pop(done // each - 1)
