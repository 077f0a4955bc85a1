"""The page of dependencies names what pyproject.toml has, each once, and nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PAGE = (REPOSITORY / "docs" / "explanations" / "dependencies.md").read_text()
ROW = re.compile(r"^\| `([\w.-]+)` \| .{10,} \|$", re.MULTILINE)


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found[0]


def test_page_names_every_dependency_once_with_a_reason() -> None:
    project = PYPROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PYPROJECT["dependency-groups"].values()]
    texts = [*PYPROJECT["build-system"]["requires"], *project["dependencies"]]
    texts += [entry for group in groups for entry in group if isinstance(entry, str)]
    assert sorted(ROW.findall(PAGE)) == sorted({name_of(text) for text in texts} - {project["name"]})


def test_every_dependency_is_pinned_in_a_set_of_ci() -> None:
    sets = (REPOSITORY / "constraints").glob("*.txt")
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for file in sets
        for line in file.read_text().splitlines()
    }
    assert {name.lower() for name in ROW.findall(PAGE)} <= pinned
