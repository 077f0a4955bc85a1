"""Sums, means and the like over a stack: in one pass, in parallel, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, islice
from math import prod
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra
from ..h5api import WORKERS
from ._compressed import CompressedFrame
from ._moments import join, moments_of_frames, moments_of_pixels
from ._selection import Selection

__all__ = ["Axis", "Fetcher", "Kind", "Reduction", "axes_of"]

Axis: TypeAlias = "int | Sequence[int] | None"
Kind: TypeAlias = Literal["sum", "mean", "std", "max", "min"]
Fetcher: TypeAlias = Callable[[], CompressedFrame]
"""Returns a frame; to be called in any thread."""

_Task: TypeAlias = "tuple[tuple[int, ...], list[Fetcher]]"

_TASK_BYTES: Final = 16 << 20
"""Pixels that one thread adds up before its result is joined with those of the others."""

_MOST_MOMENTS: Final = 16
"""Frames whose deviations are summed up from the first of them; more would lose more digits."""


def axes_of(axis: Axis, ndim: int) -> frozenset[int]:
    """Return what NumPy's argument ``axis`` means for an array of so many dimensions; None are all."""
    given = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    for number in given:
        if not -ndim <= number < ndim:
            raise np.exceptions.AxisError(number, ndim)
    axes = frozenset(number % ndim for number in given)
    if len(axes) < len(given):
        raise ValueError(f"axis {axis} names one twice")
    return axes


@dataclass(frozen=True, slots=True)
class Reduction:
    """What is made of the values of a stack along some of its axes.

    Sums of integers are exact, in 64 bits as NumPy's. Standard deviations are worked out from the differences
    to the first frame, and put together from those of a few frames each, so that of large numbers that differ
    little, little is lost, whatever the first frame is like.

    Parameters
    ----------
    kind
        What is made.
    selection
        Of which pixels of which frames.
    gone
        The axes to reduce over.
    dtype
        Pixel type.
    good
        Which of the selected rows and columns count; None for all.
    ddof
        As for `numpy.std`.
    """

    kind: Kind
    selection: Selection
    gone: frozenset[int]
    dtype: np.dtype[Any]
    good: NDArray[np.bool_] | None = None
    ddof: float = 0

    def of(self, frames: Iterable[Fetcher], *, progress: bool = False) -> NDArray[Any]:
        """Return the result.

        Parameters
        ----------
        frames
            The frames, in the order of the selection.
        progress
            Show a progress bar.

        Raises
        ------
        ValueError
            There is no value to make anything of.
        MissingExtra
            A progress bar was asked for, and rich is not installed.
        """
        if not prod(self.selection.shape) and self.kind != "sum":
            raise ValueError(f"there is no {self.kind} of an array of shape {self.selection.shape}")
        rest, origin = iter(frames), np.zeros((), self._work_type)
        if self.kind == "std":
            first = next(rest)
            rest, origin = chain([first], rest), self._origin(first().pixels(self.selection))
        totals = np.full((self._parts, *self._shape), self._neutral, self._work_type)
        with _bar(self.selection.frames.size if progress else 0) as advance:
            work = partial(self._worked_out, origin)
            for place, count, values in WORKERS.in_order(work, self._tasks(rest), self._task_bytes):
                target = totals[(slice(None), *place)]
                self._join(target, values)
                advance(count)
        return self._result(totals)

    @property
    def _pixel_axes(self) -> tuple[int, ...]:
        """The axes of a frame's selected pixels that go."""
        leading = self.selection.frames.ndim
        return tuple(sorted(axis - leading for axis in self.gone if axis >= leading))

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(n for axis, n in enumerate(self.selection.shape) if axis not in self.gone)

    @property
    def _parts(self) -> int:
        """How many numbers are kept for each of the result's: of a deviation, its moments."""
        return 3 if self.kind == "std" else 1

    @property
    def _work_type(self) -> np.dtype[Any]:
        if self.kind in ("max", "min"):
            return self.dtype
        exact = self.dtype.kind in "ui" and self.kind != "std"
        return np.dtype(f"{self.dtype.kind}8" if exact else "f8")

    @property
    def _neutral(self) -> Any:
        """The value that changes nothing."""
        if self.kind not in ("max", "min"):
            return 0
        if self.dtype.kind == "f":
            return -np.inf if self.kind == "max" else np.inf
        limits = np.iinfo(self.dtype)
        return limits.min if self.kind == "max" else limits.max

    @property
    def _ufunc(self) -> np.ufunc:
        return {"max": np.maximum, "min": np.minimum}.get(self.kind, np.add)

    def _join(self, total: NDArray[Any], values: NDArray[Any]) -> None:
        """Add values to a total of them."""
        if self.kind == "std":
            join(total, values, out=total)
        else:
            self._ufunc(total, values, out=total)

    @property
    def _frame_bytes(self) -> int:
        return max(1, prod(self.selection.frame_shape)) * self.dtype.itemsize

    @property
    def _task_bytes(self) -> int:
        joined = self.selection.frames.ndim - 1 in self.gone
        return max(_TASK_BYTES, self._frame_bytes) if joined else self._frame_bytes

    def _tasks(self, frames: Iterator[Fetcher]) -> Iterator[_Task]:
        """Yield consecutive frames for one place in the result each, several at a time."""
        most = max(1, _TASK_BYTES // self._frame_bytes)
        places = (self._kept(place) for place, _ in self.selection.places())
        for place, group in groupby(zip(places, frames, strict=True), key=lambda pair: pair[0]):
            fetchers = (fetcher for _, fetcher in group)
            while some := list(islice(fetchers, most)):
                yield place, some

    def _kept(self, place: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(n for axis, n in enumerate(place) if axis not in self.gone)

    def _worked_out(self, origin: NDArray[Any], task: _Task) -> tuple[tuple[int, ...], int, NDArray[Any]]:
        """Return what comes of some frames, with its place in the result, and how many they were."""
        place, fetchers = task
        totals: NDArray[Any] | None = None
        for start in range(0, len(fetchers), self._together):
            some = fetchers[start : start + self._together]
            values = self._values([fetch().pixels(self.selection) for fetch in some], origin)
            if totals is None:
                totals = values.astype(self._work_type)
            else:
                self._join(totals, values)
        assert totals is not None  # noqa: S101 - no task is empty
        return place, len(fetchers), totals

    @property
    def _together(self) -> int:
        """How many frames are taken together before what they give is joined with that of others."""
        return _MOST_MOMENTS if self.kind == "std" and not self._pixel_axes else 1

    def _values(self, frames: list[NDArray[Any]], origin: NDArray[Any]) -> NDArray[Any]:
        """Return what some frames have to give."""
        axes, pixels = self._pixel_axes, frames[0]
        if self.kind == "std":
            if not axes:
                return moments_of_frames(frames, origin)
            return moments_of_pixels(pixels - origin, axes, self.good)
        if not axes:
            return pixels[np.newaxis]
        if self.good is not None:
            pixels = np.where(self.good, pixels, np.asarray(self._neutral, pixels.dtype))
        if self._ufunc is np.add:
            return pixels.sum(axis=axes, dtype=self._work_type)[np.newaxis]
        return np.asarray(self._ufunc.reduce(pixels, axis=axes))[np.newaxis]

    def _origin(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return the values of a frame, that of others are the differences to."""
        values = pixels.astype(self._work_type)
        if not self._pixel_axes:
            return values
        counted = values if self.good is None else np.where(self.good, values, 0)
        return np.asarray(counted.mean(axis=self._pixel_axes, keepdims=True))

    def _result(self, totals: NDArray[Any]) -> NDArray[Any]:
        count = np.asarray(prod(n for axis, n in enumerate(self.selection.frames.shape) if axis in self.gone))
        good = np.ones(self.selection.frame_shape, bool) if self.good is None else self.good
        counts = np.broadcast_to(count * good.sum(axis=self._pixel_axes, dtype=np.int64), self._shape)
        result = totals[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.kind == "mean":
                result = totals[0] / counts
            elif self.kind == "std":
                result = np.sqrt(totals[2] / np.maximum(counts - self.ddof, 0))
        return result if self.good is None else np.ma.MaskedArray(result, mask=counts == 0)


@contextmanager
def _bar(frames: int) -> Generator[Callable[[int], object]]:
    """Show a progress bar for so many frames; none for 0."""
    if not frames:
        yield lambda _: None
        return
    try:
        from rich.progress import Progress
    except ImportError as error:
        raise MissingExtra("rich", "follow") from error
    with Progress() as bar:
        task = bar.add_task("frames", total=frames)
        yield lambda count: bar.advance(task, count)
