"""What a rule says where it is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Field", "TemplateProblem", "quoted"]

Field = Literal["write", "read", "write_root", "both"]


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One fault of a pair of templates.

    Parameters
    ----------
    field
        The template that is wrong, or ``"both"`` where they disagree.
    code
        The rule's stable code, such as ``"E313"``; the same as in the check of ``devices.yml``.
    what
        What is wrong, in words.
    next_step
        What to write instead.
    """

    field: Field
    code: str
    what: str
    next_step: str

    def __str__(self) -> str:
        where = "write and read" if self.field == "both" else self.field
        return f"{where}: {self.code}: {self.what}; {self.next_step}"


def quoted(text: str) -> str:
    """Return a text in quotes with its backslashes as they are, and escapes only for what cannot be seen."""
    return "'" + "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in text) + "'"
