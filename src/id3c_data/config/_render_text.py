"""Problems for people: each in one line that editors can jump to, below it the line that is meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click

from ._document import LINE_END
from ._problem import Problem
from ._report import Report

__all__ = ["render"]

_WIDEST = 100  # characters of a line that are shown
_BEFORE = 60  # of those, before what is meant
_TAB = 4
_COLOUR = {"error": "red", "warning": "yellow"}


def render(report: Report, *, colours: bool = False) -> str:
    """Return all problems with the lines that they mean, and a summary."""
    lines = _Lines()
    parts = [_problem(problem, lines.at(problem)) for problem in report.problems]
    parts += [f"{_shown(note)}\n" for note in report.notes]
    colour = "red" if report.errors else "yellow" if report.warnings else "green"
    text = "".join([*parts, click.style(report.summary, fg=colour, bold=True), "\n"])
    return text if colours else click.unstyle(text)


class _Lines:
    """The lines of files, each file read once."""

    def __init__(self) -> None:
        self._of: dict[Path, list[str]] = {}

    def at(self, problem: Problem) -> str:
        """Return the line that a problem means; empty where the file has none, or cannot be read."""
        if problem.path not in self._of:
            try:
                content = problem.path.read_bytes() if problem.path.is_file() else b""  # not of a pipe
            except OSError:
                content = b""
            text = content.decode("utf-8-sig", errors="replace")
            self._of[problem.path] = LINE_END.split(text)
        lines = self._of[problem.path]
        return lines[problem.line - 1] if problem.line <= len(lines) else ""


def _problem(problem: Problem, line: str) -> str:
    colour = _COLOUR[problem.severity]
    head = (
        f"{click.style(_shown(problem.location), bold=True)}: "
        f"{click.style(problem.code, fg=colour, bold=True)}: "
        f"{_shown(problem.what)}; {_shown(problem.next_step)}\n"
    )
    return head + (_excerpt(problem, line, colour) if line.strip() else "")


def _excerpt(problem: Problem, line: str, colour: str) -> str:
    """Return the line with its number, and carets below what is meant."""
    start = problem.column - 1
    end = max(start + 1, min(problem.end_column - 1, len(line)))
    first = max(0, start - _BEFORE) if len(line) > _WIDEST else 0
    last = min(len(line), first + _WIDEST)
    left, right = "…" if first else "", "…" if last < len(line) else ""
    before, meant = left + _expanded(line[first:start]), _expanded(line[start : min(end, last)])
    shown = before + meant + _expanded(line[min(end, last) : last]) + right
    number = str(problem.line)
    carets = click.style("^" * max(1, _width(meant)), fg=colour, bold=True)
    bar = click.style("|", dim=True)
    return (
        f"  {click.style(number, dim=True)} {bar} {shown.rstrip()}\n"
        f"  {' ' * len(number)} {bar} {' ' * _width(before)}{carets}\n"
    )


def _expanded(text: str) -> str:
    return _shown(text.replace("\t", " " * _TAB))


def _shown(text: str) -> str:
    """Return a text without what a terminal would obey: a file can hold escape sequences."""
    return "".join(_characters(text))


def _characters(text: str) -> Iterator[str]:
    for character in text:
        yield "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cf") else character


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    marks = sum(unicodedata.combining(character) != 0 for character in text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - marks
