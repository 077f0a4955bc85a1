"""The page of the command line has every command, and every option of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from id3c_data.cli import COMMANDS, main

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "command_line.md").read_text()
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def section(command: str) -> str:
    """Return what the page says about a command."""
    return PAGE.split(f"## `id3c-data {command}`\n")[1].split("\n## ")[0]


def test_every_command_has_its_section_and_no_other() -> None:
    assert sorted(re.findall(r"^## `id3c-data (\w+)`$", PAGE, re.MULTILINE)) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_on_the_page(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    shown = CliRunner().invoke(main, [command, "--help"]).output + capfd.readouterr().out
    assert "--help" in shown
    options = set(OPTION.findall(shown)) - {"--help"}
    assert options == set(OPTION.findall(section(command)))
