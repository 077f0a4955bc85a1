"""What a check of the beamline saw where nothing was wrong."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Note"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was found right, or is good to know.

    Parameters
    ----------
    about
        The device or the server.
    seen
        What was seen.
    """

    about: str
    seen: str

    def __str__(self) -> str:
        return f"{self.about}: {self.seen}"
