"""Problems as SARIF 2.1.0, which code scanning services and editors read.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; section numbers below are
those of that standard.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ._checks import Code
from ._problem import Problem
from ._registry import codes
from ._report import Report

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"  # what code scanning takes for the root of the checkout


def render(report: Report) -> str:
    """Return one SARIF log with one run (3.13, 3.14)."""
    rules = codes()
    named = list(dict.fromkeys(problem.code for problem in report.problems))
    run = {
        "tool": {"driver": {"name": "id3c-data validate", "rules": [_rule(rules[name]) for name in named]}},
        "columnKind": "unicodeCodePoints",  # as PyYAML counts
        "artifacts": [{"location": _location(file)} for file in report.files],
        "results": [_result(problem, named.index(problem.code)) for problem in report.problems],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    """Return a reportingDescriptor (3.49)."""
    return {
        "id": code.code,
        "shortDescription": {"text": code.rule},
        "fullDescription": {"text": code.why},
        "defaultConfiguration": {"level": code.severity},
    }


def _result(problem: Problem, rule_index: int) -> dict[str, Any]:
    """Return a result (3.27)."""
    region = {"startLine": problem.line, "startColumn": problem.column, "endColumn": problem.end_column}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule_index,
        "level": problem.severity,
        "message": {"text": f"{problem.what}; {problem.next_step}"},
        "locations": [{"physicalLocation": {"artifactLocation": _location(problem.path), "region": region}}],
    }


def _location(path: Path) -> dict[str, str]:
    """Return an artifactLocation (3.4): a relative path is meant from the root of the sources."""
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": _ROOT}
