"""YAML's own errors, in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from id3c_data.config import Problem, read_document


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a:\n- b\n c: 2\n", (3, 3), "a colon stands where a value is already"),
        ("a:\n  - name: m2\n   prefix: x\n", (3, 4), "this line is indented in another way"),
        ("a: b\n- c\n", (2, 1), "this line is indented in another way"),
        ('a: "b" FIXME\n', (1, 8), "there is text after a value in quotes"),
        ("a: b: c\n", (1, 5), "a colon stands where a value is already"),
        ("a\n  - b: 1\n", (1, 1), "there is no colon after 'a'"),
        ("a:\n  - b m1\n    c: 1\n", (2, 5), "there is no colon after 'b'"),
        ("a:\n  - b gp:m1 # c\n    c: 1\n", (2, 5), "there is no colon after 'b'"),
        ("a:\n  -b: m1\n    c: 1\n", (2, 3), "there is no space after the dash of '-b:'"),
        ("a:\n  - m1\n    b: 1\n", (3, 6), "a colon stands where a value is already"),
        ("a: " + "[" * 2000 + "]" * 2000 + "\n", (1, 1), "is nested too deeply"),
        ("a:\n  b: 1\n  c\nd: 2\n", (3, 3), "a name stands alone here"),
        ("a: %Y/%m\n", (1, 4), "a value cannot start with this character"),
        ("a: [1, 2\nb: 3\n", (2, 2), "']' or a comma is missing before this"),
        ("x: 1\na: {b: 1\n", (2, 4), "what begins here has no end"),
        ("x: 1\na: 'b\n\n\n", (2, 4), "what begins here has no end"),
        ('a: "D:\\data\\%Y\\"\n', (1, 8), "a backslash in double quotes begins an escape"),
        ('a: "D:\\x"\n', (1, 9), "a backslash in double quotes begins an escape"),
        ("a: *b\n", (1, 4), "no anchor &b stands before this"),
        (
            "a: !!python/object:os.x {}\n",
            (1, 4),
            "the tag 'tag:yaml.org,2002:python/object:os.x' is no plain",
        ),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document begins here"),
        ("a: &x &y b\n", (1, 7), "not YAML: expected <block end>, but found '<anchor>'"),
    ],
)
def test_error_says_what_it_means_and_where(
    tmp_path: Path, text: str, place: tuple[int, int], what: str
) -> None:
    file = tmp_path / "devices.yml"
    file.write_text(text)
    problem = read_document(file)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.line, problem.column) == ("E103", *place)
    assert problem.what.startswith(what)
    assert problem.next_step


def test_tab_has_a_code_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text("a:\n\t- 1\n")
    problem = read_document(file)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.line, problem.next_step) == ("E106", 2, "put spaces in its place")
