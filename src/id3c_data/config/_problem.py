"""What a check says where a file is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Finding", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration file.

    Parameters
    ----------
    file
        The file, as it was named by whoever asked.
    line, column
        Where in it, counted from 1.
    code
        The check's stable code, such as ``"E104"``; E for an error, W for a warning.
    what
        What is wrong, in words.
    next_step
        What to write instead, or to do.
    """

    file: Path
    line: int
    column: int
    code: str
    what: str
    next_step: str

    @property
    def where(self) -> str:
        """``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.where}: {self.code}: {self.what}; {self.next_step}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check yields: a fault at a node. The runner adds the file, the position and the check's code.

    Parameters
    ----------
    file
        The file that the node is in.
    at
        The node that is wrong.
    what
        What is wrong, in words.
    next_step
        What to write instead, or to do.
    """

    file: Path
    at: yaml.Node
    what: str
    next_step: str

    def as_problem(self, code: str) -> Problem:
        """Return it as a problem with the code of the check that found it."""
        mark = self.at.start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, code, self.what, self.next_step)
