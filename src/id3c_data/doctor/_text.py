"""A diagnosis for people, a line for each hop, and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ._diagnose import Diagnosis
from ._hop import Fault, HopResult

__all__ = ["as_json", "headline_of", "line_of"]

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "not reached": "bright_black"}
_HOP_WIDTH, _STATE_WIDTH = 15, 12
_INDENT = " " * (_HOP_WIDTH + _STATE_WIDTH)
SCHEMA = 1
"""Version of the JSON."""


def line_of(result: HopResult) -> str:
    """Return what was found at a hop: one line, and below it what is wrong and what to do."""
    state = click.style(f"{result.state:<{_STATE_WIDTH}}", fg=_COLOURS[result.state], bold=True)
    seen = "; ".join(result.seen)
    first = f"{result.hop:<{_HOP_WIDTH}}{state}{_shown(seen)}".rstrip()
    return "\n".join([first, *(line for fault in result.faults for line in _fault_lines(fault))])


def _fault_lines(fault: Fault) -> Iterator[str]:
    mark = "✗" if fault.severity == "error" else "!"
    where = f" [{fault.where}]" if fault.where else ""
    yield f"{_INDENT}{mark} {_shown(fault.what)}{_shown(where)}"
    if fault.next_step:
        yield f"{_INDENT}  → {_shown(fault.next_step)}"


def headline_of(diagnosis: Diagnosis) -> str:
    """Return the first hop that fails with its cause and next step, or that none does."""
    failing = diagnosis.first_failing
    if failing is None:
        reached = sum(result.state != "not reached" for result in diagnosis.results)
        warned = sum(result.state == "warning" for result in diagnosis.results)
        words = f"no hop failed: {reached} of {len(diagnosis.results)} were looked at"
        return click.style(words + (f", {warned} with a warning" if warned else ""), fg="green", bold=True)
    fault = failing.faults[0]
    head = click.style(f"The chain breaks at: {failing.hop}", fg="red", bold=True)
    where = f"\n  where: {_shown(fault.where)}" if fault.where else ""
    return f"{head}\n  cause: {_shown(fault.what)}{where}\n  next:  {_shown(fault.next_step)}"


def as_json(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as JSON."""
    failing = diagnosis.first_failing
    content = {
        "schema": SCHEMA,
        "first_failing": failing.hop if failing else None,
        "exit_code": diagnosis.exit_code,
        "hops": [_as_mapping(result) for result in diagnosis.results],
    }
    return json.dumps(content, indent=2, default=str, ensure_ascii=False)


def _as_mapping(result: HopResult) -> Mapping[str, Any]:
    return {
        "hop": result.hop,
        "state": result.state,
        "seen": list(result.seen),
        "measured": dict(result.values),
        "seconds": round(result.seconds, 3),
        "faults": [
            {"severity": f.severity, "what": f.what, "where": f.where, "next_step": f.next_step}
            for f in result.faults
        ],
    }


def _shown(text: str) -> str:
    """Return a text without what a terminal would obey: names come from files and servers."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
