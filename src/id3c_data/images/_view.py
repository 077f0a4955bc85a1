"""What keys in square brackets mean for a stack that is still growing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np

from ._selection import Selection, expanded

__all__ = ["GrowingView", "Reach"]

_ENDLESS: Final = 1 << 40
"""Frames of a stack that is taken to have no end; more than there ever are."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far into a growing stack a view reaches, along its first axis.

    Parameters
    ----------
    frames
        How many frames the stack must have; None where that is only known when it has its last.
    items
        How many items the view has at most; None where it has no end.
    in_order
        Whether its items come as the frames do, so that none has to wait for those behind it.
    """

    frames: int | None
    items: int | None
    in_order: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing that was asked for: a key between square brackets, or so many frames for each event."""

    key: Any = None
    frames_per_event: int = 0

    def of(self, selection: Selection, *, over: bool) -> Selection:
        """Return what the step makes of a selection; events that are not whole come later, unless over."""
        if not self.frames_per_event:
            return selection[self.key]
        if not over:
            selection = selection[: len(selection.frames) // self.frames_per_event * self.frames_per_event]
        return selection.by_event(self.frames_per_event)


@dataclass(frozen=True, slots=True)
class _Leading:
    """The first axis of a view of a stack without end.

    Parameters
    ----------
    frames
        The frames that are grouped into items.
    each
        Frames of an item.
    items
        Which of the items are meant.
    """

    frames: range
    each: int
    items: range

    @classmethod
    def whole(cls) -> _Leading:
        """Return the axis of the whole stack."""
        return cls(range(_ENDLESS), 1, range(_ENDLESS))

    def cut(self, part: slice) -> _Leading:
        """Return a part of the axis."""
        return _Leading(self.frames, self.each, self.items[part])

    def by_event(self, frames: int) -> _Leading:
        """Return the axis of events of so many frames."""
        taken = self.frames[self.items.start : self.items.stop : self.items.step]
        return _Leading(taken, frames, range(len(taken) // frames))

    def needs(self, item: int) -> int | None:
        """Return how many frames there must be for an item; None for one that is counted from the end."""
        last = self.frames[item * self.each + self.each - 1]
        needed = max(self.frames[item * self.each], last) + 1
        return None if needed > _ENDLESS // 2 else needed

    @property
    def reach(self) -> Reach:
        """How far it reaches."""
        if not self.items:
            return Reach(0, 0, in_order=True)
        needed = self.needs(max(self.items[0], self.items[-1]))
        forwards = self.items.step > 0 and self.frames.step > 0 and self.needs(self.items[0]) is not None
        if needed is not None:
            return Reach(needed, len(self.items), forwards)
        to_the_end = self.items[-1] + self.items.step >= len(self.frames) // self.each
        to_the_end = to_the_end and self.frames[-1] + self.frames.step >= _ENDLESS
        return Reach(None, None, forwards and to_the_end)


@dataclass(frozen=True, slots=True)
class GrowingView:
    """A part of a stack that grows, to be worked out when its frames are there.

    Parameters
    ----------
    frame
        Height and width.
    steps
        What was asked for, one after the other.
    """

    frame: tuple[int, int]
    steps: tuple[_Step, ...] = ()

    def __getitem__(self, key: Any) -> GrowingView:
        """Return the view of a view.

        Raises
        ------
        IndexError
            The key cannot be right, however many frames come.
        """
        return self._and(_Step(key))

    def by_event(self, frames_per_event: int) -> GrowingView:
        """Return the view by events; ValueError where there can be none."""
        if frames_per_event < 1:
            raise ValueError(f"events of {frames_per_event} frames")
        items = self.reach.items
        if items is not None and items % frames_per_event:
            raise ValueError(f"{items} frames are not made of events of {frames_per_event} frames")
        return self._and(_Step(frames_per_event=frames_per_event))

    @property
    def reach(self) -> Reach:
        """How far into the stack the view reaches."""
        leading, view = _Leading.whole(), GrowingView(self.frame)
        for step in self.steps:
            if step.frames_per_event:
                leading = leading.by_event(step.frames_per_event)
            else:
                first: Any = expanded(step.key, view.ndim)[0][0]
                if not isinstance(first, slice):
                    return _picked(leading, np.asarray(first))
                leading = leading.cut(cast("slice[Any, Any, Any]", first))
            view = GrowingView(self.frame, (*view.steps, step))
        return leading.reach

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.selection(self.reach.frames or 0).shape)

    def selection(self, count: int, *, over: bool = False) -> Selection:
        """Return what the view is of a stack of so many frames; IndexError where it lies beyond."""
        height, width = self.frame
        selection = Selection(np.arange(count), range(height), range(width))
        for step in self.steps:
            selection = step.of(selection, over=over)
        return selection

    def _and(self, step: _Step) -> GrowingView:
        view = GrowingView(self.frame, (*self.steps, step))
        reach = view.reach
        if reach.frames is not None or reach.in_order:
            view.selection(reach.frames or 0)
        return view


def _picked(leading: _Leading, picked: Any) -> Reach:
    """Return how far single items of an axis reach."""
    if picked.dtype == bool or not picked.size:  # a mask must be as long as the axis is in the end
        return Reach(None if picked.size else 0, None, in_order=False)
    needed = [leading.needs(leading.items[int(item)]) for item in (picked.max(), picked.min())]
    return Reach(None if None in needed else max(n or 0 for n in needed), None, in_order=False)
