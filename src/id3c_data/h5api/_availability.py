"""Which points of a dataset can be read now, which may still come, and which never will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import FrameNotWritten
from ._looks import NotYet
from ._nodes import Form
from ._rows import Rows
from ._selection import Selection
from ._standing import Standing

__all__ = ["Expected"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What may still come of a dataset.

    Parameters
    ----------
    path
        The file, for errors.
    standing
        Where the scan stood before the look.
    promised
        How many points there are to be in the end, where somebody knows.
    """

    path: Path
    standing: Standing
    promised: int | None

    @property
    def open(self) -> bool:
        """Whether anything may come at all."""
        return not self.standing.over or (self.standing.settling and self.promised is not None)

    def chosen(self, selection: Selection, form: Form, rows: Rows) -> Sequence[int]:
        """Return the points that are selected, all of which can be read now.

        Raises
        ------
        NotYet
            Some may still come.
        IndexError
            A point lies beyond the end; `FrameNotWritten` where it was promised.
        TypeError
            A mask is of another length than its axis.
        """
        length, needed = form.shape[0], selection.points
        selection.check_masks(form.shape, self._longest(form))
        if not self.standing.over and form.grows and (needed is None or needed > length):
            raise NotYet("the scan is not over" if needed is None else _of(needed - 1, length))
        if self.standing.over and self.promised is not None:
            self._check_promise(selection, length)
        chosen = selection.rows(length)
        if self.standing.over and self.promised is None:
            return chosen
        present = rows.present(chosen)
        if present < len(chosen):
            raise self._absent(chosen[present], length)
        return chosen

    def following(self, done: int, batch: int, form: Form, rows: Rows) -> range:
        """Return the next points that can be read, at least one, or none where the data have ended.

        Raises
        ------
        NotYet
            The next point may still come.
        FrameNotWritten
            It was promised and never came.
        """
        length = form.shape[0]
        chosen = range(done, min(length, done + batch))
        if not chosen:
            if not self.standing.over and form.grows:
                raise NotYet(_of(done, length))
            if self.promised is not None and self.promised > done:
                raise self._absent(done, length)
            return chosen
        present = rows.present(chosen)
        if present:
            return chosen[:present]
        if self.standing.over and self.promised is None:
            return chosen[:1]  # never written, and nobody said that it would be: the fill value, as in h5py
        raise self._absent(done, length)

    def _longest(self, form: Form) -> int | None:
        """Return how long the dataset may get; None for no limit."""
        if not self.standing.over and form.grows:
            return None
        return max(form.shape[0], self.promised or 0) if self.open else form.shape[0]

    def _check_promise(self, selection: Selection, length: int) -> None:
        """Raise where a point is selected that was promised and is not there."""
        promised, needed = self.promised or 0, selection.points
        wanted = promised if needed is None else min(needed, promised)
        by_number = needed is not None and needed <= promised and not isinstance(selection.items[0], slice)
        if wanted > length and (self.open or by_number):
            raise self._absent(wanted - 1, length)

    def _absent(self, point: int, length: int) -> NotYet | FrameNotWritten:
        if self.open:
            return NotYet(_of(point, length))
        return FrameNotWritten(point, min(point, length), self.path)


def _of(point: int, length: int) -> str:
    return f"point {point} is not there, {length} are"
