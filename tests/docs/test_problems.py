"""The reference of problems is what the checks say of themselves."""

from __future__ import annotations

import runpy
from pathlib import Path

from id3c_data.config import codes

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = runpy.run_path(str(DOCS / "_problems_page.py"))


def test_page_is_what_the_script_writes() -> None:
    assert WRITTEN["PAGE"].read_text() == WRITTEN["page"]()


def test_every_code_has_its_section() -> None:
    sections = {
        line.removeprefix("### ") for line in WRITTEN["page"]().splitlines() if line.startswith("### ")
    }
    assert sections == set(codes())
