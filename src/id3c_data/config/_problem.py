"""What a check says where a file is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

__all__ = ["Finding", "Problem", "Severity", "severity_of"]

Severity = Literal["error", "warning"]


def severity_of(code: str) -> Severity:
    """Return how grave the problems of a code are: W begins a warning, any other letter an error."""
    return "warning" if code.startswith("W") else "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration file.

    Parameters
    ----------
    path
        The file, as it was named by whoever asked.
    line, column
        Where in it, counted from 1.
    end_column
        One beyond the last character in this line that is meant; above ``column``.
    code
        Its stable code, such as ``"E104"``: `codes` says more about each.
    what
        What is wrong, in words.
    next_step
        What to write instead, or to do.
    """

    path: Path
    line: int
    column: int
    end_column: int
    code: str
    what: str
    next_step: str

    @property
    def severity(self) -> Severity:
        """``"error"``, or ``"warning"`` for what may be meant so."""
        return severity_of(self.code)

    @property
    def location(self) -> str:
        """``path:line:column``."""
        return f"{self.path}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.location}: {self.code}: {self.what}; {self.next_step}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check yields: a fault at a node. The runner makes a `Problem` of it.

    Parameters
    ----------
    path
        The file that the node is in.
    at
        The node that is wrong.
    what
        What is wrong, in words.
    next_step
        What to write instead, or to do.
    code
        Which of the check's codes it is; empty for the first.
    """

    path: Path
    at: yaml.Node
    what: str
    next_step: str
    code: str = ""

    def as_problem(self, code: str) -> Problem:
        """Return it as a problem, of the code given unless it has one itself."""
        start = self.at.start_mark
        return Problem(
            self.path,
            start.line + 1,
            start.column + 1,
            _end_in_line(self.at) + 1,
            self.code or code,
            self.what,
            self.next_step,
        )


def _end_in_line(node: yaml.Node) -> int:
    """Return the column after the node's last character in the line where it starts."""
    start, end = node.start_mark, node.end_mark
    if end.line == start.line:
        return max(end.column, start.column + 1)
    line = (start.buffer or "")[start.pointer :].split("\n", 1)[0].rstrip("\0").rstrip()
    return start.column + max(len(line), 1)
