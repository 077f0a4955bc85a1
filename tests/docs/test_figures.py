"""The pictures are what their script draws."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
DRAWN = runpy.run_path(str(FIGURES / "architecture.py"))
TERMINALS = runpy.run_path(str(FIGURES / "terminal.py"))


@pytest.mark.parametrize("name", sorted(DRAWN["PICTURES"]))
def test_picture_is_what_the_script_draws(name: str) -> None:
    drawn = DRAWN["PICTURES"][name]()
    ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert (FIGURES / name).read_text() == drawn


@pytest.mark.parametrize("name", sorted(TERMINALS["SCREENS"]))
def test_terminal_shows_what_its_command_says(name: str) -> None:
    files, *arguments = TERMINALS["SCREENS"][name]
    drawn = TERMINALS["screen"](name, files, *arguments)
    ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert (FIGURES / name).read_text() == drawn


def test_every_room_is_in_the_picture() -> None:
    rooms = FIGURES.parents[1] / "src" / "id3c_data"
    built = {path.name for path in rooms.iterdir() if (path / "__init__.py").exists()}
    built |= {path.stem for path in rooms.glob("*.py") if not path.stem.startswith("__")}
    drawn = DRAWN["ROOMS"].keys() | DRAWN["BESIDE"].keys()
    assert drawn == built
