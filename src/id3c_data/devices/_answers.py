"""How long the IOC may take to answer, and errors of the libraries that ask it."""

from __future__ import annotations

from typing import Final

from ..errors import DetectorFault, Id3cDataError

__all__ = ["ANSWER_S", "NEWS_S", "as_ours"]

ANSWER_S: Final = 10.0
"""For a put to be taken, or a PV to connect."""

NEWS_S: Final = 1.0
"""For what is on its way already: put-callback and monitors come by different threads of the IOC."""


def as_ours(error: Exception, where: str) -> Id3cDataError:
    """Return an error of our tree: ophyd and pyepics have their own."""
    if isinstance(error, Id3cDataError):
        return error
    ours = DetectorFault(
        f"{type(error).__name__}: {error}",
        where=where,
        next_step="see whether the IOC runs and answers",
    )
    ours.__cause__ = error
    return ours
