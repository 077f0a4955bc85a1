"""What the reference says about each code is true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from id3c_data.config import Code, codes, find_here, load
from id3c_data.paths import template_problems, template_warnings

CODES = [code for code in codes().values() if not code.live and (code.wrong or code.code == "E101")]
"""Those whose example says all; of the others the outcome depends on the machine or the beamline."""


def found(example: str | Mapping[str, str], folder: Path, *, imports: bool) -> set[str]:
    files = {"devices.yml": example} if isinstance(example, str) else example
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    problems = load([folder / "devices.yml"], imports=imports, find=find_here, beside=True).problems
    return {problem.code for problem in problems}


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_wrong_example_has_its_problem_and_no_other(code: Code, tmp_path: Path) -> None:
    assert found(code.wrong, tmp_path, imports=code.needs_imports) == {code.code}


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_right_example_has_no_problem(code: Code, tmp_path: Path) -> None:
    assert found(code.right, tmp_path, imports=code.needs_imports) == set()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_only_what_needs_imports_says_so(code: Code, tmp_path: Path) -> None:
    assert (found(code.wrong, tmp_path, imports=False) == set()) == code.needs_imports


@pytest.mark.parametrize("code", codes().values(), ids=lambda code: code.code)
def test_code_has_a_rule_in_one_line_and_a_reason(code: Code) -> None:
    assert re.fullmatch(r"[EW][1-5]\d\d", code.code)
    assert code.rule
    assert "\n" not in code.rule
    assert not code.rule.endswith(".")
    assert code.why.endswith(".")


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "x", None, "posix"),
        (7, "$HOME/%Q/", None, "posix"),
        ("FIXME/\u00b5/../x /", "D:\\x", "/r/%Y/", "posix"),
        ("a:b\\", "/%Y/", "/", "windows"),
        ("/x", "/y", None, "vms"),
        ("/%%/", "/data/x", None, "posix"),
    ],
)
def test_paths_know_no_code_that_is_not_registered(arguments: tuple) -> None:
    problems = [*template_problems(*arguments)]
    assert problems
    assert {problem.code for problem in problems} <= set(codes())


def test_paths_warn_by_registered_codes() -> None:
    warnings = {problem.code for problem in template_warnings("/dev/shm/%M", "/data/%M")}  # noqa: S108
    assert warnings == {"W301", "W302", "W305"} <= set(codes())
