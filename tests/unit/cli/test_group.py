"""The group of all commands."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import id3c_data.cli
from id3c_data.cli import COMMANDS, CommandGroup, main
from id3c_data.errors import DetectorFault


@click.group(cls=CommandGroup)
@click.option("--traceback", is_flag=True)
def group(*, traceback: bool) -> None:
    """Stand in for ``main`` with commands of the test's own."""


@pytest.fixture
def failing_command(monkeypatch: pytest.MonkeyPatch) -> click.Group:
    @click.command()
    def fail() -> None:
        raise DetectorFault("the detector says ERROR", "sim:cam1:DetectorState_RBV", "initialise it")

    monkeypatch.setattr(group, "get_command", lambda *_: fail)
    return group


def test_help_lists_every_command_with_its_line() -> None:
    output = CliRunner().invoke(main, ["--help"], terminal_width=200).output
    assert [line.split(maxsplit=1) for line in output.split("Commands:\n")[1].splitlines()] == [
        [name, text] for name, text in sorted(COMMANDS.items())
    ]


def test_every_command_module_stands_in_the_table() -> None:
    modules = {module.name for module in pkgutil.iter_modules(id3c_data.cli.__path__)}
    assert {name for name in modules if not name.startswith("_")} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_table_says_what_the_command_itself_says(name: str) -> None:
    command = getattr(importlib.import_module(f"id3c_data.cli.{name}"), name)
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"], prog_name="id3c-data")
    assert result.exit_code == 0, result.output
    assert f"usage: id3c-data {name} [" in result.output.lower()


def test_help_imports_no_command() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from id3c_data.cli import COMMANDS, main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print([name for name in COMMANDS if f'id3c_data.cli.{name}' in sys.modules])\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == "[]\n"


def test_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["dem"])
    assert result.exit_code == 2
    assert "No such command 'dem'" in result.output


def test_version_is_the_distribution_s() -> None:
    assert CliRunner().invoke(main, ["--version"]).output.startswith("id3c-data, version ")


def test_error_of_the_package_is_one_message(failing_command: click.Group) -> None:
    result = CliRunner().invoke(failing_command, ["fail"])
    assert result.exit_code == 1
    assert result.output == ("Error: sim:cam1:DetectorState_RBV: the detector says ERROR; initialise it\n")


def test_traceback_is_there_when_asked_for(failing_command: click.Group) -> None:
    result = CliRunner().invoke(failing_command, ["--traceback", "fail"])
    assert isinstance(result.exception, DetectorFault)


def test_module_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "id3c_data", "--help"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.startswith("Usage: id3c-data ")
