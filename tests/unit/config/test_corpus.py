"""Whole files: each wrong one says its own problems in comments, the right ones stay silent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from id3c_data.config import Problem, codes, find_here, load

CORPUS = Path(__file__).parent / "corpus"
WRONG = sorted((CORPUS / "wrong").glob("*.yml"))
RIGHT = sorted((CORPUS / "right").glob("*.yml"))
BY_BYTES = {"E101", "E102"}  # such files are no text: test_check.py has them


def name_of(path: Path) -> str:
    return path.stem


def expected(file: Path) -> list[tuple[int, str]]:
    """Return (line, code) of each code that a comment of the file names, but for those that it silences."""
    lines = enumerate(file.read_text().splitlines(), 1)
    return [(number, code) for number, line in lines for code in re.findall(r"(?<![=,])\b[EW]\d{3}\b", line)]


def problems_of(file: Path) -> list[Problem]:
    """Check a file; what it names is imported here, unless it names what only a beamline has installed."""
    imports = not file.read_text().startswith("# without imports")
    return list(load([file], imports=imports, find=find_here).problems)


@pytest.mark.parametrize("file", WRONG, ids=name_of)
def test_wrong_file_has_exactly_its_problems(file: Path) -> None:
    found = sorted((problem.line, problem.code) for problem in problems_of(file))
    assert found == sorted(expected(file)) != []


@pytest.mark.parametrize("file", RIGHT, ids=name_of)
def test_right_file_has_none(file: Path) -> None:
    assert problems_of(file) == []


@pytest.mark.parametrize("file", WRONG, ids=name_of)
def test_problem_marks_characters_of_its_line(file: Path) -> None:
    lines = file.read_text().splitlines()
    for problem in problems_of(file):
        line = lines[problem.line - 1]
        marked = line[problem.column - 1 : problem.end_column - 1]
        is_empty_value = line[: problem.column - 1].endswith(":")
        assert marked.strip() or is_empty_value or problem.code in ("E103", "E106")


@pytest.mark.parametrize("file", WRONG, ids=name_of)
def test_problem_says_what_to_do(file: Path) -> None:
    assert all(problem.what and problem.next_step for problem in problems_of(file))


def test_every_code_of_a_file_of_devices_has_a_wrong_file() -> None:
    of_devices = {code for code in codes() if code[1] in "123"}
    assert {code for file in WRONG for _, code in expected(file)} | BY_BYTES == of_devices
