"""Checks over whole files: each wrong file says its own problems in comments, the right ones stay silent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from id3c_data.config import CHECKS, Problem, check, codes, find_here, load

HERE = Path(__file__).parent
CONFIGS = HERE.parents[2] / "configs"
WRONG = sorted((HERE / "corpus" / "wrong").glob("*.yml"))
RIGHT = sorted((HERE / "corpus" / "right").glob("*.yml"))


def check_here(file: Path) -> list[Problem]:
    return list(load([file], find=find_here).problems)


def name_of(path: Path) -> str:
    return path.stem


def expected(file: Path) -> list[tuple[int, str]]:
    """Return (line, code) of each code that a comment of the file names."""
    lines = enumerate(file.read_text().splitlines(), 1)
    return [(number, code) for number, line in lines for code in re.findall(r"\b[EW]\d{3}\b", line)]


def found(file: Path) -> list[tuple[int, str]]:
    return sorted((problem.line, problem.code) for problem in check_here(file))


@pytest.mark.parametrize("file", WRONG, ids=name_of)
def test_wrong_file_has_exactly_its_problems(file: Path) -> None:
    assert found(file) == expected(file) != []


@pytest.mark.parametrize("file", RIGHT, ids=name_of)
def test_right_file_has_none(file: Path) -> None:
    assert check_here(file) == []


@pytest.mark.parametrize("file", [CONFIGS / "devices.yml", CONFIGS / "3idc" / "devices.yml"], ids=name_of)
def test_shipped_file_has_none(file: Path) -> None:
    assert check([file], imports=False) == []


def test_commented_plugin_of_3idc_has_the_problems_of_its_placeholders(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text((CONFIGS / "3idc" / "devices.yml").read_text().replace("      # ", "      "))
    write, read = check([file], imports=False)
    assert (write.code, write.what.split(" is ")[0]) == ("E302", "'s3ida/XRD/'")
    assert (read.code, read.line) == ("E302", write.line + 1)


def test_every_code_has_a_wrong_file() -> None:
    by_bytes = {"E101", "E102"}  # tested below: such files are not text
    assert {code for file in WRONG for _, code in expected(file)} | by_bytes == set(codes())


def test_no_code_is_used_twice() -> None:
    used = [rule.code for rule in CHECKS]
    assert sorted(used) == sorted(set(used))


def test_missing_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = check([tmp_path / "devices.yml"], imports=False)
    assert (problem.code, problem.line, problem.column) == ("E101", 1, 1)


def test_file_that_is_not_utf8_is_a_problem_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_bytes(b"ophyd.Signal:\n- {name: a, value: '25 \xb0C'}\n")
    (problem,) = check([file], imports=False)
    assert (problem.code, problem.line) == ("E102", 2)


def test_mapping_that_holds_itself_ends(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text("ophyd.Signal:\n- &a {name: a, value: *a}\n")
    assert check([file], imports=False) == []


def test_mapping_that_merges_itself_ends(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text("ophyd.Signal:\n- &a {name: a, <<: *a}\n")
    assert check([file], imports=False) == []


def test_aliases_of_aliases_take_no_longer(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    doubled = "".join(f"  x{i}: &x{i} [*x{i - 1}, *x{i - 1}]\n" for i in range(1, 60))
    file.write_text(f"types.SimpleNamespace:\n- name: a\n  x0: &x0 {{b: 1}}\n{doubled}")
    assert check([file], imports=False) == []


def test_names_are_unique_across_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    for file in (one, other):
        file.write_text("ophyd.Signal:\n- {name: a}\n")
    (problem,) = check([one, other], imports=False)
    assert (problem.path, problem.code) == (other, "E204")
    assert f"{one}:2:3" in problem.what


def test_nothing_is_imported_without_being_asked(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text("no.such.module.Device:\n- {name: a}\n")
    assert check([file], imports=False) == []


def test_problem_reads_as_place_code_what_and_next_step() -> None:
    problem = Problem(Path("devices.yml"), 4, 7, 10, "E205", "X takes no 'nme'", "did you mean 'name'?")
    assert str(problem) == "devices.yml:4:7: E205: X takes no 'nme'; did you mean 'name'?"


@pytest.mark.parametrize(
    ("file", "next_step"),
    [
        ("class_unknown", "did you mean 'EpicsMotor'?"),
        ("argument_unknown", "did you mean 'labels'?"),
        ("argument_missing", "add `name:` to this device"),
    ],
)
def test_next_step_names_what_to_write(file: str, next_step: str) -> None:
    (problem,) = check_here(HERE / "corpus" / "wrong" / f"{file}.yml")
    assert problem.next_step == next_step


def test_reference_has_the_rule_of_each_code() -> None:
    page = (CONFIGS.parent / "docs" / "reference" / "devices_yml.md").read_text()
    assert dict(re.findall(r"^\| `([EW]\d{3})` \| (.*) \|$", page, re.MULTILINE)) == codes()
