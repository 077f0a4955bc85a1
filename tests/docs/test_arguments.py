"""The reference of arguments is what the models say of themselves."""

from __future__ import annotations

import runpy
from pathlib import Path

from id3c_data.config import schema

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = runpy.run_path(str(DOCS / "_arguments_page.py"))


def test_page_is_what_the_script_writes() -> None:
    assert WRITTEN["PAGE"].read_text() == WRITTEN["page"]()


def test_every_section_that_the_schema_knows_is_there() -> None:
    sections = [line.removeprefix("## ") for line in WRITTEN["page"]().splitlines() if line.startswith("## ")]
    assert sections == list(schema()["properties"])
