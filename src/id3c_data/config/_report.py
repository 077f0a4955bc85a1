"""What one run of the checks says: the files, their problems, and in which formats that is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

from ._problem import Problem, Severity

__all__ = ["FORMATS", "Format", "Report", "render"]

Format = Literal["text", "github", "json", "sarif"]

FORMATS: tuple[Format, ...] = get_args(Format)
"""Every format that `render` knows."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run of the checks.

    Parameters
    ----------
    files
        Every file that was looked at.
    problems
        What is wrong with them.
    notes
        What a check of the beamline saw, a line each.
    """

    files: tuple[Path, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        """How many problems are errors."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many problems are warnings."""
        return self._count("warning")

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        files = _plural(len(self.files), "file")
        if not self.problems:
            return f"no problems in {files}"
        counts = [(self.errors, "error"), (self.warnings, "warning")]
        return f"{' and '.join(_plural(n, name) for n, name in counts if n)} in {files}"

    def _count(self, severity: Severity) -> int:
        return sum(problem.severity == severity for problem in self.problems)


def render(report: Report, form: Format = "text", *, colours: bool = False) -> str:
    """Return a report as text for people or for a program.

    Parameters
    ----------
    report
        What to say.
    form
        ``"text"`` for people; ``"github"`` for annotations of GitHub Actions; ``"json"``; ``"sarif"`` for
        SARIF 2.1.0, which code scanning and editors read.
    colours
        Whether ``"text"`` may hold colours, as escape sequences of terminals.
    """
    write: Callable[..., str] = import_module(f"{__package__}._render_{form}").render
    return write(report, colours=colours) if form == "text" else write(report)


def _plural(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
