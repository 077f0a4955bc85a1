"""The scripts that CI and `make` call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
CI = REPOSITORY / ".ci"


def run(*command: str | Path, cwd: Path = REPOSITORY, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {
        key: value for key, value in os.environ.items() if "MAKE" not in key and key not in ("ARGS", "VENV")
    }
    env |= environment  # without what a `make` above this test says to those below it
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty git repository with the check for registries."""
    run("git", "init", "-q", tmp_path)
    (tmp_path / "constraints").mkdir()
    (tmp_path / "constraints" / "one.txt").write_text(
        "# pins\nnumpy==2.4.6\nuvloop==0.23.0 ; os_name == 'posix'\n"
    )
    (tmp_path / ".ci").mkdir()
    shutil.copy(CI / "no-registry-hosts", tmp_path / ".ci")
    return tmp_path


def test_environment_says_what_is_missing_and_makes_nothing(tmp_path: Path) -> None:
    said = run(CI / "environment", tmp_path / "venv", "pins.txt", "14", PYTHON="no-such-python")
    assert said.returncode == 1
    assert "Looked at: no-such-python." in said.stderr
    assert "python3-venv" in said.stderr
    assert not (tmp_path / "venv").exists()


def test_environment_refuses_a_python_that_the_pins_are_not_for(tmp_path: Path) -> None:
    said = run(CI / "environment", tmp_path / "venv", "pins.txt", "10", PYTHON=sys.executable)
    assert "this needs Python 3.11 to 3.10" in said.stderr


def test_help_of_make_names_every_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:"))
    listed = [line.split()[1] for line in run("make", "help").stdout.splitlines()]
    assert sorted(listed) == sorted(phony.split()[1:])


def test_environment_is_left_alone_on_request(tmp_path: Path) -> None:
    planned = run("make", "-n", "demo", AS_IS="1", VENV=str(tmp_path / "venv")).stdout
    assert planned.strip() == f"exec {tmp_path / 'venv'}/bin/id3c-data demo"


def test_files_without_a_registry_pass(repository: Path) -> None:
    assert run(repository / ".ci" / "no-registry-hosts").returncode == 0


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("setup.cfg", "extra-index" + "-url = somewhere"),
        ("README.md", "see https://mirror.example" + "/simple/ for wheels"),
        ("constraints/one.txt", "-e git+ssh://example/id3c"),
        ("constraints/one.txt", "numpy @ file:///wheels/numpy.whl"),
        ("constraints/one.txt", "numpy>=2"),
    ],
)
def test_line_that_names_a_registry_or_is_no_pin_fails(repository: Path, file: str, line: str) -> None:
    with (repository / file).open("a") as out:
        out.write(f"{line}\n")
    said = run(repository / ".ci" / "no-registry-hosts")
    assert said.returncode == 1
    assert line in said.stdout


@pytest.mark.parametrize(
    ("before", "after"), [("a\n", "a\n"), ("a", "a\n"), ("a\n\n\n", "a\n"), ("", ""), ("\n", "")]
)
def test_end_of_a_file_is_one_newline(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "file.txt"
    file.write_text(before)
    said = run(sys.executable, CI / "end_of_file.py", file)
    assert file.read_text() == after
    assert said.returncode == int(before != after)


@pytest.fixture
def audit(repository: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run the audit of pins, with a pip-audit that says what the test wants."""

    def say(answer: str) -> subprocess.CompletedProcess[str]:
        shutil.copy(CI / "audit", repository / ".ci")
        (repository / "pip_audit.py").write_text(f"print({answer!r})")
        return run(sys.executable, repository / ".ci" / "audit", PYTHONPATH=str(repository))

    return say


def test_pins_with_an_advisory_fail_the_audit(audit: Callable[[str], Any]) -> None:
    bad = {"name": "numpy", "version": "2.4.6", "vulns": [{"id": "GHSA-1", "fix_versions": ["2.4.7"]}]}
    good = {"name": "uvloop", "version": "0.23.0", "vulns": []}
    said = audit(json.dumps({"dependencies": [bad, good]}))
    assert said.returncode == 1
    assert said.stdout.splitlines() == [
        "one.txt: 2 pins asked for",
        "  numpy==2.4.6: GHSA-1, mended in 2.4.7",
    ]


@pytest.mark.parametrize(
    "answer", ["", json.dumps({"dependencies": [{"name": "numpy", "skip_reason": "not found"}]})]
)
def test_pins_that_nobody_can_be_asked_about_are_said_not_to_be_audited(
    answer: str, audit: Callable[[str], Any]
) -> None:
    said = audit(answer)
    assert (said.returncode, said.stdout.split(":")[1].strip()) == (0, "NOT AUDITED")
