"""Whether an iteration still reads what it began with."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..errors import FileReplaced
from ._agreement import same
from ._looks import Look, NotYet
from ._nodes import Form
from ._open import FileIdentity
from ._rows import Rows
from ._standing import Standing

__all__ = ["Continuity"]

_COMPARED: Final = 1 << 18
"""Values of a point that are remembered; of a larger one some of all parts."""


class Continuity:
    """Compares the first point where a file was replaced, or a dataset became shorter than what was given.

    A file that is delivered again, as movers do, has the same first point. One of another run has not, where
    the points are frames of a detector or anything else that is measured.

    Parameters
    ----------
    where
        File and path, for errors.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._first: Any = None
        self._begun = False
        self._origin: tuple[int, int] | None = None

    def begin(self, point: Any) -> None:
        """Remember the first point; nothing happens with the others."""
        if not self._begun:
            self._begun, self._first = True, _sample(point)

    def check(
        self, look: Look, standing: Standing, file: FileIdentity | None, form: Form, rows: Rows, done: int
    ) -> None:
        """Raise where the points that follow belong to others than those that were given.

        Parameters
        ----------
        look, standing
            The look, and where the scan stood before it.
        file
            The state of the file.
        form, rows
            The dataset as it is now.
        done
            How many points were given.

        Raises
        ------
        FileReplaced
            The first point is another one, or after the end of the scan fewer are there than were given.
        NotYet
            The first point is not there yet.
        """
        origin = None if file is None else (file.device, file.inode)
        length = form.shape[0]
        if self._begun and (origin != self._origin or length < done):
            there = length and rows.present(range(1))
            if there and not same(self._first, _sample(rows.fetch(range(1)).values(look.check_bytes)[0])):
                raise self._replaced("its first point is another one")
            if standing.over and length < done:
                raise self._replaced(f"it has {length} points")
            if not there:
                raise NotYet("the file was replaced, and has no points yet")
        self._origin = origin

    def _replaced(self, how: str) -> FileReplaced:
        return FileReplaced(
            f"the file was replaced while it was iterated over: {how}",
            self._where,
            "begin again; what was given so far is of the file before",
        )


def _sample(point: Any) -> Any:
    """Return so much of a point as tells it from others."""
    values = np.asarray(point).reshape(-1)
    return values[:: max(1, values.size // _COMPARED)].copy()
