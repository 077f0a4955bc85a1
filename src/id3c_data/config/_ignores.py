"""Comments that silence warnings: ``# id3c: ignore=W201`` on the line that a warning names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ._problem import Problem

__all__ = ["ignored_codes", "without_ignored"]

_COMMENT = re.compile(r"(?:^|\s)#\s*id3c:\s*ignore\s*=\s*(\w+(?:\s*,\s*\w+)*)")


def ignored_codes(line: str) -> tuple[str, ...]:
    """Return the codes that a comment in this line names."""
    found = _COMMENT.search(line)
    return tuple(re.split(r"\s*,\s*", found[1])) if found else ()


def without_ignored(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems without the warnings that a comment on their line silences; errors always stay."""
    lines: dict[Path, list[str]] = {}
    for problem in problems:
        if problem.severity == "error":
            yield problem
            continue
        if problem.path not in lines:
            lines[problem.path] = problem.path.read_text("utf-8", errors="replace").splitlines()
        written = lines[problem.path]
        line = written[problem.line - 1] if problem.line <= len(written) else ""
        if problem.code not in ignored_codes(line):
            yield problem
