"""The checks as a whole: which files, which order, what is imported, what comments silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from id3c_data.config import CHECKS, Problem, Report, check, error_of, find_here, load, render
from id3c_data.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs"
SIGNAL = "ophyd.Signal:\n- {name: %s}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "devices.yml"


def codes_of(file: Path) -> list[str]:
    return [problem.code for problem in check([file], imports=False)]


# The files that this project ships


def test_shipped_file_has_no_problem() -> None:
    assert check([CONFIGS / "devices.yml"]) == []


def test_file_of_3idc_says_only_that_no_image_is_kept() -> None:
    (problem,) = check([CONFIGS / "3idc" / "devices.yml"], imports=False)
    assert (problem.code, problem.severity) == ("W202", "warning")


def test_commented_plugin_of_3idc_has_the_problems_of_its_placeholders(file: Path) -> None:
    text = (CONFIGS / "3idc" / "devices.yml").read_text().replace("      # ", "      ")
    file.write_text(text)
    problems = check([file], imports=False)
    write = next(n for n, line in enumerate(text.splitlines(), 1) if "write_path_template" in line)
    assert [(problem.code, problem.line - write) for problem in problems] == [
        ("E313", 0),  # "s3ida/XRD/" starts nowhere
        ("W303", 0),  # and says FIXME itself
        ("E304", 1),  # "/path/to/" is a placeholder
        ("W303", 1),
    ]


# Which files


def test_missing_file_is_a_problem(file: Path) -> None:
    (problem,) = check([file], imports=False)
    assert (problem.code, problem.line, problem.column) == ("E101", 1, 1)


def test_all_missing_arguments_are_to_be_added(file: Path) -> None:
    file.write_text("textwrap.indent:\n- {predicate: x}\n")
    (problem,) = load([file], find=find_here).problems
    assert (problem.code, problem.next_step) == ("E206", "add `text:` and `prefix:` to this device")


def test_value_of_any_size_is_said_shortly(file: Path) -> None:
    value = "x"
    for _ in range(4):
        value = f"[{', '.join([value] * 6)}]"
    file.write_text(SIGNAL % value)
    (problem,) = check([file], imports=False)
    assert len(problem.what) < 500


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "devices.yml"
    os.mkfifo(pipe)
    problems = check([pipe], imports=False)
    assert [(problem.code, problem.what) for problem in problems] == [
        ("E101", "is a pipe or a device, not a file")
    ]
    assert "devices.yml:1:1: E101" in render(Report((pipe,), tuple(problems)))


def test_folder_stands_for_its_files_of_devices(tmp_path: Path) -> None:
    for name in ("devices.yml", "devices_aps_only.yaml", "iconfig.yml"):
        (tmp_path / name).write_text(SIGNAL % "1a")
    problems = [problem for problem in check([tmp_path], imports=False) if problem.code == "E203"]
    assert [problem.path.name for problem in problems] == ["devices.yml", "devices_aps_only.yaml"]


@pytest.mark.parametrize("kind", [str, Path])
def test_one_file_need_not_be_in_a_list(file: Path, kind: type) -> None:
    file.write_text(SIGNAL % "1a")
    assert [problem.path for problem in check(kind(file), imports=False)] == [file]


def test_folder_without_any_is_a_problem(tmp_path: Path) -> None:
    (problem,) = check([tmp_path], imports=False)
    assert (problem.path, problem.code) == (tmp_path, "E101")
    assert problem.what == "is a folder without any file of devices"


def test_file_in_two_spellings_is_read_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("ophyd.EpicsMotor:\n- {name: m-1}\n")
    link = tmp_path / "link.yml"
    link.symlink_to(file)
    monkeypatch.chdir(file.parent)
    (problem,) = check([file.name, file, link], imports=False)
    assert problem.path == Path(file.name)


def test_file_that_is_named_twice_is_read_once(file: Path) -> None:
    file.write_text(SIGNAL % "a")
    assert check([file, file, file.parent], imports=False) == []


def test_names_are_unique_across_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    for path in (one, other):
        path.write_text(SIGNAL % "a")
    (problem,) = check([other, one], imports=False)
    assert (problem.path, problem.code) == (one, "E204")
    assert f"{other}:2:3" in problem.what


def test_problems_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    later, first = tmp_path / "a.yml", tmp_path / "b.yml"
    later.write_text(SIGNAL % "1a")
    first.write_text("Signal:\n- {name: 1b}\n- {name: 1c, labels: x}\n")
    problems = check([first, later], imports=False)
    assert [(problem.path, problem.line) for problem in problems] == [
        (first, 1),
        (first, 2),
        (first, 3),
        (first, 3),
        (later, 2),
    ]


# What keeps a file from being read


def test_file_that_is_not_utf8_is_a_problem_with_its_place(file: Path) -> None:
    file.write_bytes(b"ophyd.Signal:\n- {name: a, value: '25 \xb0C'}\n")
    (problem,) = check([file], imports=False)
    assert (problem.code, problem.line, problem.column) == ("E102", 2, 24)


def test_character_that_yaml_refuses_is_a_problem_with_its_place(file: Path) -> None:
    file.write_text("ophyd.Signal:\n- {name: a\0}\n")
    (problem,) = check([file], imports=False)
    assert (problem.code, problem.line, problem.column) == ("E103", 2, 11)


def test_byte_order_mark_is_no_problem(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + (SIGNAL % "a").encode())
    assert codes_of(file) == []


def test_line_ends_of_windows_are_no_problem(file: Path) -> None:
    file.write_bytes((SIGNAL % "a" + "# id3c: ignore=W999").replace("\n", "\r\n").encode())
    assert [problem.line for problem in check([file], imports=False)] == [3]


def test_too_deep_file_is_a_problem(file: Path) -> None:
    file.write_text("ophyd.Signal:\n- {name: a, value: " + "[" * 2000 + "]" * 2000 + "}\n")
    assert codes_of(file) == ["E103"]


@pytest.mark.parametrize("inner", ["value: *a", "<<: *a"])
def test_mapping_that_holds_itself_ends(file: Path, inner: str) -> None:
    file.write_text(f'ophyd.EpicsMotor:\n- &a {{name: a, prefix: "gp:m1", {inner}}}\n')
    assert codes_of(file) == []


@pytest.mark.parametrize("argument", ["x", "labels", "prefix", "plugins", "kind"])
def test_aliases_of_aliases_take_no_longer(file: Path, argument: str) -> None:
    doubled = "".join(f"  x{i}: &x{i} [*x{i - 1}, *x{i - 1}]\n" for i in range(1, 60))
    file.write_text(f"my.Device:\n- name: a\n  x0: &x0 {{b: 1}}\n{doubled}  {argument}: *x59\n")
    assert len(codes_of(file)) < 10


# Imports


def test_nothing_is_imported_without_being_asked(file: Path) -> None:
    file.write_text("no.such.module.Device:\n- {name: a}\n")
    assert check([file], imports=False) == []


def test_what_is_imported_is_not_imported_here(file: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "of_a_beamline.py").write_text(
        "import sys\nsys.leave_a_trace = True\ndef make(*, name): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    file.write_text("of_a_beamline.make:\n- {nme: a}\n")
    assert {problem.code for problem in check([file])} == {"E205", "E206"}
    assert "of_a_beamline" not in __import__("sys").modules


def test_class_of_a_part_is_looked_at_too(file: Path) -> None:
    file.write_text("types.SimpleNamespace:\n- {name: a, parts: [{class: textwrap.indnt}]}\n")
    (problem,) = load([file], find=find_here).problems
    assert (problem.code, problem.line, problem.next_step) == ("E202", 2, "did you mean 'indent'?")


# Comments


def test_warning_is_silenced_by_a_comment_on_its_line(file: Path) -> None:
    file.write_text("ophyd.Signal:\n- {name: cat} # mine; # id3c: ignore=W203\n")
    assert codes_of(file) == []


def test_warning_is_not_silenced_from_another_line(file: Path) -> None:
    file.write_text("# id3c: ignore=W203\nophyd.Signal:\n- {name: cat}\n")
    assert codes_of(file) == ["W203"]


def test_error_cannot_be_silenced(file: Path) -> None:
    file.write_text("ophyd.Signal:\n- {name: 1a} # id3c: ignore=E203\n")
    assert codes_of(file) == ["E203", "W101"]


# Problems


def test_problem_reads_as_place_code_what_and_next_step() -> None:
    problem = Problem(Path("devices.yml"), 4, 7, 10, "E205", "X takes no 'nme'", "did you mean 'name'?")
    assert str(problem) == "devices.yml:4:7: E205: X takes no 'nme'; did you mean 'name'?"


def test_letter_of_the_code_says_how_grave_it_is() -> None:
    problems = [Problem(Path("x"), 1, 1, 2, code, "", "") for code in ("E101", "W101")]
    assert [problem.severity for problem in problems] == ["error", "warning"]


def test_one_problem_is_one_error_with_its_code() -> None:
    error = error_of([Problem(Path("devices.yml"), 4, 7, 10, "E205", "X takes no 'nme'", "mend it")])
    assert isinstance(error, ConfigError)
    assert str(error) == "devices.yml:4:7: E205: X takes no 'nme'; mend it"


def test_node_of_several_lines_is_marked_to_the_end_of_its_first(file: Path) -> None:
    file.write_text("ophyd.Signal:\n  name: a  \n  value: 1\n")
    (problem,) = check([file], imports=False)
    assert (problem.code, problem.line, problem.column, problem.end_column) == ("E105", 2, 3, 10)


def test_no_code_belongs_to_two_checks() -> None:
    used = [code.code for rule in CHECKS for code in rule.codes]
    assert sorted(used) == sorted(set(used))


def test_template_left_empty_is_to_be_filled_in(file: Path) -> None:
    file.write_text(
        "id3c_data.devices.Eiger2Detector:\n- name: eiger2\n  prefix: 'dp_eiger_sn:'\n"
        "  write_path_template:\n  read_path_template: /data/eiger2/\n"
    )
    (problem,) = check(file, imports=False)
    assert problem.code == "E301"
    assert problem.next_step == "write after `write_path_template:` the same folder from the other side"


# Classes that derive from this package's


@pytest.fixture
def derived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the import path of a class of an instrument that derives from `Eiger2Detector`."""
    (tmp_path / "of_an_instrument.py").write_text(
        "from id3c_data.devices import Eiger2Detector\n"
        "class Mine(Eiger2Detector):\n"
        "    def __init__(self, *args, sample: str, **kwargs):\n"
        "        super().__init__(*args, **kwargs)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "of_an_instrument.Mine"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("num_images: 0", "E207"),
        ("writer: hdf", "E207"),
        ("timeout: soon", "E207"),
        ("num_imags: 3", "E205"),
        ("prefix: eiger", "E211"),
        ("file_prefix: a/b", "E210"),
        ("hinted: [stats1.totl]", "E215"),
    ],
)
def test_derived_class_keeps_the_rules_of_its_base(file: Path, derived: str, change: str, code: str) -> None:
    right = {
        "name": "eiger2",
        "prefix": '"dp_eiger_sn:"',
        "sample": "none",
        "write_path_template": "/detector/%Y/",
        "read_path_template": "/data/%Y/",
    }
    name, _, value = change.partition(": ")
    for arguments, expected in ((right, []), ({**right, name: value}, [code])):
        given = ", ".join(f"{name}: {value}" for name, value in arguments.items())
        file.write_text(f"{derived}:\n  - {{{given}}}\n")
        assert [problem.code for problem in check([file])] == expected
