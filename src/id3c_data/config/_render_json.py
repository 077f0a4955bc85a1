"""Problems as JSON, for programs."""

from __future__ import annotations

import json

from ._problem import Problem
from ._report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """Return one object: files, problems, notes, and how many errors and warnings there are."""
    content = {
        "files": [str(file) for file in report.files],
        "problems": [_problem(problem) for problem in report.problems],
        "notes": list(report.notes),
        "errors": report.errors,
        "warnings": report.warnings,
    }
    return json.dumps(content, indent=2) + "\n"


def _problem(problem: Problem) -> dict[str, str | int]:
    return {
        "path": str(problem.path),
        "line": problem.line,
        "column": problem.column,
        "end_column": problem.end_column,
        "code": problem.code,
        "severity": problem.severity,
        "what": problem.what,
        "next_step": problem.next_step,
    }
