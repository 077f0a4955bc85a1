"""What a check of the beamline saw where nothing was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    values
        What was measured, by name with its unit, for programs.
    """

    about: str
    seen: str
    values: Mapping[str, Any] = field(default_factory=dict[str, "Any"])

    def __str__(self) -> str:
        return f"{self.about}: {self.seen}"
