"""Reports: for people, for GitHub, for programs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from id3c_data.config import Problem, Report, check, codes, load, render

WRONG = """\
ophyd.EpicsMotor:
  - {name: m1, prefix: "gp:m1", label: [motors]}
  - {name: m1, prefix: "gp:m2"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "devices.yml"


def problem(
    file: Path, line: int = 1, column: int = 1, end: int = 2, code: str = "E205", **words: str
) -> Problem:
    return Problem(
        file, line, column, end, code, words.get("what", "it is wrong"), words.get("step", "mend it")
    )


def text_of(file: Path, written: str, *problems: Problem) -> list[str]:
    """Return the lines that people see of problems in a file."""
    file.write_text(written)
    return render(Report((file,), problems)).splitlines()


def test_text_shows_the_line_and_marks_what_is_meant(file: Path) -> None:
    said = text_of(file, "a:\n  - bad: 1\n", problem(file, 2, 5, 8))
    assert said == [
        f"{file}:2:5: E205: it is wrong; mend it",
        "  2 |   - bad: 1",
        "    |     ^^^",
        "1 error in 1 file",
    ]


def test_marks_stand_below_what_is_meant_after_tabs_and_wide_characters(file: Path) -> None:
    said = text_of(file, "\t検: bad\n", problem(file, 1, 5, 8))
    assert said[1:3] == ["  1 |     検: bad", "    |         ^^^"]


def test_long_line_is_cut_around_what_is_meant(file: Path) -> None:
    said = text_of(file, "x" * 500 + "bad" + "y" * 500 + "\n", problem(file, 1, 501, 504))
    assert len(said[1]) < 120
    assert said[1][said[2].index("^") : said[2].rindex("^") + 1] == "bad"


def test_line_that_is_not_in_the_file_is_left_out(file: Path) -> None:
    assert len(text_of(file, "", problem(file, 7))) == 2


def test_file_that_cannot_be_read_has_no_line_to_show(file: Path) -> None:
    assert render(Report((file,), (problem(file),))).startswith(
        f"{file}:1:1: E205: it is wrong; mend it\n1 error"
    )


def test_terminal_is_told_nothing_by_what_a_file_holds(file: Path) -> None:
    said = "\n".join(text_of(file, "a: '\x1b[2J'\n", problem(file, what="\x1b]0;title\x07")))
    assert "\x1b" not in said
    assert "\x07" not in said


def test_lines_are_counted_as_yaml_counts_them(file: Path) -> None:
    file.write_text("a: 1\r\nb\u2028c: 2\rd: bad\n", newline="")
    (found, *_) = [
        line for line in render(Report((file,), (problem(file, 4, 4, 7),))).splitlines() if "|" in line
    ]
    assert found == "  4 | d: bad"


def test_colours_are_there_only_when_they_are_asked_for(file: Path) -> None:
    report = Report((file,), (problem(file),))
    assert "\x1b[" not in render(report)
    assert "\x1b[31m" in render(report, colours=True)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ((), "no problems in 2 files"),
        (("E101",), "1 error in 2 files"),
        (("W302", "W302"), "2 warnings in 2 files"),
        (("E101", "E102", "W302"), "2 errors and 1 warning in 2 files"),
    ],
)
def test_summary_counts(file: Path, found: tuple[str, ...], says: str) -> None:
    problems = tuple(problem(file, code=code) for code in found)
    assert Report((file, file.with_name("other.yml")), problems).summary == says


def test_notes_stand_before_the_summary(file: Path) -> None:
    assert render(Report((file,), (), ("eiger2: driver 3.6.0",))).splitlines()[0] == "eiger2: driver 3.6.0"


def test_annotation_escapes_what_the_runner_would_take_for_its_own(tmp_path: Path) -> None:
    odd = tmp_path / "a,b:c%.yml"
    said = render(Report((odd,), (problem(odd, what="100 %\nof: it,"),)), "github").splitlines()[0]
    assert said == (
        f"::error file={tmp_path}/a%2Cb%3Ac%25.yml,line=1,endLine=1,col=1,endColumn=2,title=E205::"
        "100 %25%0Aof: it,; mend it"
    )


def test_annotation_of_a_warning_is_one(file: Path) -> None:
    assert render(Report((file,), (problem(file, code="W302"),)), "github").startswith("::warning file=")


def test_json_has_every_field(file: Path) -> None:
    file.write_text(WRONG)
    loaded = load([file], imports=False)
    content = json.loads(render(Report(loaded.files, loaded.problems, ("a: b",)), "json"))
    assert content["files"] == [str(file)]
    assert content["notes"] == ["a: b"]
    assert (content["errors"], content["warnings"]) == (1, 0)
    assert content["problems"][0] == {
        "path": str(file),
        "line": 3,
        "column": 12,
        "end_column": 14,
        "code": "E204",
        "severity": "error",
        "what": loaded.problems[0].what,
        "next_step": loaded.problems[0].next_step,
    }


SARIF: dict[str, Any] = json.loads((Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.json").read_text())
"""The whole schema of the standard, as the npm package @microsoft/jest-sarif 1.0.0-beta.0 has it (MIT)."""


def sarif_of(*problems: Problem, files: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return a SARIF log, of the right form."""
    content = json.loads(render(Report(files, problems), "sarif"))
    jsonschema.validators.validator_for(SARIF)(SARIF, format_checker=jsonschema.FormatChecker()).validate(
        content
    )
    return content


def test_sarif_has_the_form_of_its_standard(file: Path) -> None:
    sarif_of(*(problem(file, code=code) for code in codes()), files=(file,))


def test_sarif_names_a_file_whose_name_is_not_utf_8() -> None:
    file = Path(os.fsdecode(b"devices_\xb5.yml"))
    (run,) = sarif_of(problem(file), files=(file,))["runs"]
    assert run["artifacts"][0]["location"]["uri"] == "devices_%B5.yml"


def test_sarif_without_problems_has_the_form_of_its_standard() -> None:
    assert sarif_of()["runs"][0]["results"] == []


def test_sarif_result_leads_to_its_rule(file: Path) -> None:
    (run,) = sarif_of(problem(file, code="E205"), problem(file, code="E101"), problem(file, code="E205"))[
        "runs"
    ]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_region_is_what_is_meant(file: Path) -> None:
    (run,) = sarif_of(problem(file, 2, 5, 8))["runs"]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 5, "endColumn": 8}


def test_sarif_path_below_the_sources_is_relative() -> None:
    (run,) = sarif_of(problem(Path("my configs/devices.yml")))["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "my%20configs/devices.yml", "uriBaseId": "%SRCROOT%"}


def test_every_problem_of_a_file_is_in_every_format(file: Path) -> None:
    file.write_text(WRONG)
    problems = check([file])
    assert len(problems) == 2
    report = Report((file,), tuple(problems))
    for form in ("text", "github", "json", "sarif"):
        said = render(report, form)  # pyright: ignore[reportArgumentType]
        assert all(said.count(found.code) for found in problems)
