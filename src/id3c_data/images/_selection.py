"""What a key in square brackets means for a stack of frames that is not read yet."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pixels", "Selection", "expanded", "whole_frame"]

Pixels: TypeAlias = "int | range | NDArray[np.intp]"
"""Which rows or columns: one (the axis is gone), a slice of them, or a list of them."""

_IN_TWO_STEPS = "index in two steps, as in stack[a][:, b]"


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Which frames, in which arrangement, and which of their rows and columns.

    Parameters
    ----------
    frames
        Numbers of frames; its axes are the leading axes of the selection.
    rows, columns
        Which pixels.
    """

    frames: NDArray[np.int64]
    rows: Pixels
    columns: Pixels

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is selected."""
        return (*self.frames.shape, *self.frame_shape)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of what is selected of one frame."""
        return tuple(len(pixels) for pixels in (self.rows, self.columns) if not isinstance(pixels, int))

    def places(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield where each frame stands on the leading axes, and its number."""
        numbers: list[int] = self.frames.reshape(-1).tolist()
        places: Iterator[Any] = np.ndindex(self.frames.shape)
        return zip(places, numbers, strict=True)

    @property
    def row_span(self) -> tuple[int, int]:
        """The first row of those that are selected, and the one behind the last."""
        rows = np.atleast_1d(self.rows)
        return (int(rows.min()), int(rows.max()) + 1) if rows.size else (0, 1)

    def below(self, row: int) -> Selection:
        """Return the selection as one of frames that begin at a row of these."""
        rows = self.rows
        shifted = (
            range(rows.start - row, rows.stop - row, rows.step) if isinstance(rows, range) else rows - row
        )
        return Selection(self.frames, shifted, self.columns)

    def of(self, frame: NDArray[Any]) -> NDArray[Any]:
        """Return what is selected of one frame."""
        rows = _key(self.rows)
        if isinstance(self.rows, int):
            return frame[rows, _key(self.columns)]
        return frame[rows][:, _key(self.columns)]

    def whole_frames(self, height: int, width: int) -> bool:
        """Say whether all pixels are selected, in their order."""
        lists = isinstance(self.rows, np.ndarray) or isinstance(self.columns, np.ndarray)
        return not lists and (self.rows, self.columns) == (range(height), range(width))

    def __getitem__(self, key: Any) -> Selection:
        """Return the selection of a selection; NumPy's rules hold.

        Raises
        ------
        IndexError
            The key is out of range, or one of the rare ones that NumPy alone understands.
        """
        items, dots = expanded(key, len(self.shape))
        leading, pixels = _divided(items, self.frames.ndim)
        _check_lists(leading, pixels, dots)
        frames = np.asarray(self.frames[tuple(leading)])
        rest = iter(pixels)
        rows = self.rows if isinstance(self.rows, int) else _picked(self.rows, next(rest))
        columns = self.columns if isinstance(self.columns, int) else _picked(self.columns, next(rest))
        return Selection(frames, rows, columns)

    def by_event(self, frames_per_event: int) -> Selection:
        """Return the selection of frames as one of events, each of so many frames.

        Raises
        ------
        ValueError
            The frames do not make whole events.
        """
        frames = self.frames
        if frames.ndim != 1 or frames_per_event < 1 or len(frames) % frames_per_event:
            raise ValueError(f"shape {self.shape} is not made of events of {frames_per_event} frames")
        return Selection(frames.reshape(-1, frames_per_event), self.rows, self.columns)


def whole_frame(height: int, width: int) -> Selection:
    """Return the selection of all pixels of one frame."""
    return Selection(np.zeros((), np.int64), range(height), range(width))


def _key(pixels: Pixels) -> Any:
    """Return a key for NumPy."""
    if not isinstance(pixels, range):
        return pixels
    if not pixels:
        return slice(0, 0)
    return slice(pixels.start, pixels.stop if pixels.stop >= 0 else None, pixels.step)


def expanded(key: Any, ndim: int) -> tuple[list[Any], int | None]:
    """Return the items of a key, one for each axis but for masks over several, and where '...' stood."""
    items = [_item(item) for item in cast("tuple[Any, ...]", key if isinstance(key, tuple) else (key,))]
    missing = ndim - sum(_axes(item) for item in items)
    dots = [n for n, item in enumerate(items) if item is Ellipsis]
    if missing < 0:
        raise IndexError(f"too many indices: {ndim - missing} for an array of {ndim} dimensions")
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    at = dots[0] if dots else len(items)
    return [*items[:at], *[slice(None)] * missing, *items[at + 1 :]], at if dots else None


def _item(item: Any) -> Any:
    """Return one item of a key as an integer, a slice, an ellipsis or an array."""
    if item is Ellipsis or isinstance(item, slice):
        return cast("Any", item)
    if item is None or isinstance(item, bool | np.bool_):
        raise IndexError(f"{item!r} is no index here; read first, then index the array")
    try:
        return operator.index(item)
    except TypeError:
        array = np.asarray(item)
    if array.size == 0 and not isinstance(item, np.ndarray):
        array = array.astype(np.intp)  # an empty list selects nothing
    if array.dtype.kind not in "iub":
        raise IndexError(f"{item!r} is no index: integers, slices, lists of them, '...' or masks are")
    return array


def _axes(item: Any) -> int:
    """Return over how many axes an item goes."""
    if item is Ellipsis:
        return 0
    return item.ndim if _is_list(item) and item.dtype == bool else 1


def _is_list(item: Any) -> bool:
    return isinstance(item, np.ndarray)


def _divided(items: list[Any], leading: int) -> tuple[list[Any], list[Any]]:
    """Return the items for the leading axes, and those for rows and columns."""
    axis = 0
    for n, item in enumerate(items):
        if axis == leading:
            return items[:n], items[n:]
        axis += _axes(item)
    if axis > leading:
        raise IndexError("a mask over frames and pixels at once; read first, then index the array")
    return items, []


def _check_lists(leading: list[Any], pixels: list[Any], dots: int | None) -> None:
    """Raise where NumPy would match lists with each other, or move their axes to the front.

    Frames are picked first and pixels then, so that a list among the pixels stays where it is. For NumPy a
    list and a number are apart also where '...' stands for no axis between them.
    """
    items = [*leading, *pixels]
    lists = [n for n, item in enumerate(items) if _is_list(item)]
    if not lists:
        return
    pixel_lists = [item for item in pixels if _is_list(item)]
    if any(item.ndim != 1 for item in pixel_lists):
        raise IndexError("a list of rows or columns has one dimension; read first, then index the array")
    if pixel_lists and len(lists) > 1:
        raise IndexError(f"lists on several axes at once; {_IN_TWO_STEPS}")
    others = [n for n, item in enumerate(items) if not isinstance(item, slice)]
    together = others[-1] - others[0] + 1 == len(others)
    together = together and (dots is None or not others[0] < dots <= others[-1])
    moved = not together and any(isinstance(item, slice) for item in items[: lists[0]])
    among_frames = [n for n in others if n < len(leading)]
    moved_by_us = bool(among_frames) and among_frames[-1] - among_frames[0] + 1 != len(among_frames)
    if moved and not (moved_by_us and not pixel_lists):
        raise IndexError(f"a list and a number with a slice between them; {_IN_TWO_STEPS}")


def _picked(pixels: range | NDArray[np.intp], item: Any) -> Pixels:
    """Return what an item picks out of rows or columns."""
    if isinstance(item, slice):
        return pixels[item]
    if isinstance(item, int):
        if not -len(pixels) <= item < len(pixels):
            raise IndexError(f"index {item} is out of bounds for an axis of {len(pixels)} pixels")
        return int(pixels[item])
    if item.dtype == bool and item.size != len(pixels):
        raise IndexError(f"a mask of {item.size} for an axis of {len(pixels)} pixels")
    return np.asarray(pixels, np.intp)[item]
