"""Problems as workflow commands, which GitHub Actions shows beside the lines of a change.

The commands and their escapes are those of the runner (GitHub Docs, "Workflow commands for GitHub Actions";
``escapeData`` and ``escapeProperty`` of actions/toolkit).
"""

from __future__ import annotations

from ._problem import Problem
from ._report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """Return one command a problem, and the summary as a line of the log."""
    notes = [_message(note) for note in report.notes]
    return "\n".join([*map(_annotation, report.problems), *notes, report.summary, ""])


def _annotation(problem: Problem) -> str:
    properties = {
        "file": str(problem.path),
        "line": problem.line,
        "endLine": problem.line,
        "col": problem.column,
        "endColumn": problem.end_column,
        "title": problem.code,
    }
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{problem.severity} {given}::{_message(f'{problem.what}; {problem.next_step}')}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
