"""All points of a dataset, one after the other: while they come, and when all are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk, Id3cDataError
from ._looks import Look, NotYet
from ._points import Fetched, Points, decoded
from ._reader import Attempt
from ._standing import Standing

__all__ = ["Iteration", "following_batch"]
_Batch: TypeAlias = NDArray[Any] | Sequence[Points]
"""Points that are decoded, or parts that are yet to be; none where the data have ended."""


class Iteration:
    """The points of a dataset, each as soon as it is there; for one loop.

    While the scan is open they are decoded in the look that finds them, because half of a chunk that is being
    written is only seen to be one when it is decoded. When it is over they are decoded by several threads, a
    little ahead of the loop.

    Parameters
    ----------
    find
        Finds the next points after so many, in a look, and while the scan is open at most so many of them;
        None where the data have ended.
    until
        Makes looks until an attempt at the next point after so many counts.
    """

    def __init__(
        self,
        find: Callable[[Look, Standing, int, int], Fetched | None],
        until: Callable[[Attempt[_Batch], int], _Batch],
    ) -> None:
        self._find, self._until = find, until
        self._done, self._most, self._damaged = 0, 1, False

    def __iter__(self) -> Iterator[Any]:
        while len(batch := self._until(self._next, self._done)):
            self._damaged, self._most = False, following_batch(self._most, len(batch))
            for values in self._values(batch):
                if values is None:  # to be looked at once more, as after any other error
                    self._damaged = True
                    break
                for point in values:
                    self._done += 1
                    yield point

    def _next(self, look: Look, standing: Standing) -> _Batch:
        """Return the next points."""
        fetched = self._find(look, standing, self._done, self._most)
        if fetched is None:
            return ()
        look.confirm()
        if not standing.over:
            try:
                return fetched.values(look.check_bytes)
            except DamagedChunk:
                if self._most == 1:
                    raise
                self._most = 1  # those before it are to come
                return self._next(look, standing)
        parts = fetched.load(look.check_bytes)
        return parts[0].values() if self._damaged else parts

    def _values(self, batch: _Batch) -> Iterator[NDArray[Any] | None]:
        """Yield the values of a batch, and of what can be read after it; None for what is damaged."""
        if isinstance(batch, np.ndarray):
            yield batch
        else:
            yield from decoded(self._parts(batch), _values_or_none)

    def _parts(self, batch: Sequence[Points]) -> Iterator[Points]:
        """Yield the parts of a batch, and of those after it that can be read without waiting."""
        ahead = self._done

        def following(look: Look, standing: Standing) -> Sequence[Points]:
            try:
                fetched = self._find(look, standing, ahead, self._most)
                look.confirm()
                return () if fetched is None else fetched.load(look.check_bytes)
            except (NotYet, Id3cDataError):  # met again when all before it were given
                return ()

        some: _Batch = batch
        while len(some) and not isinstance(some, np.ndarray):
            yield from some
            ahead += sum(part.count for part in some)
            some = self._until(following, ahead)


def following_batch(most: int, came: int) -> int:
    """Return how many points to take in one look when the last one gave so many of the most that it might.

    Who keeps up gets each as soon as it is there. Who is behind takes ever more at once, since to look takes
    as long as to read some of them.
    """
    return 2 * most if came >= most else came


def _values_or_none(part: Points) -> NDArray[Any] | None:
    """Return the values of points, or None where what stands in the file contradicts itself."""
    try:
        return part.values()
    except DamagedChunk:
        return None
