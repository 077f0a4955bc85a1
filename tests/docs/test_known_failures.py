"""The page of known failures names tests that exist, and one for each row."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "explanations" / "known_failures.md").read_text()
TEST = re.compile(r"`((?:tests|src)/[\w/]+\.py)::(test_\w+)`")
ROWS = [
    line
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| what goes wrong"))
]


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((REPOSITORY / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(PAGE))))
def test_test_that_is_named_exists(file: str, name: str) -> None:
    assert name in functions_of(file)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_names_a_test(row: str) -> None:
    assert TEST.search(row.rpartition(" | ")[2])
