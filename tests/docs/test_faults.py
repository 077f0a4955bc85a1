"""The table of faults is what the tests recorded, and has a row for each fault that there must be one for."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = runpy.run_path(str(DOCS / "_faults_page.py"))
RECORDS = json.loads(WRITTEN["RECORD"].read_text())
FAULTS = [fault for faults in WRITTEN["CHAPTERS"].values() for fault in faults]


def test_page_is_what_the_script_writes() -> None:
    assert WRITTEN["PAGE"].read_text() == WRITTEN["page"]()


@pytest.mark.parametrize("test", sorted({test.partition("[")[0] for test in RECORDS}))
def test_test_that_reported_exists(test: str) -> None:
    assert WRITTEN["exists"](test)


def test_no_test_reports_a_fault_that_has_no_row() -> None:
    assert {record["fault"] for record in RECORDS.values()} <= set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_a_row(fault: str) -> None:
    assert fault in {record["fault"] for record in RECORDS.values()}


def test_no_cell_is_empty() -> None:
    rows = [line for line in WRITTEN["page"]().splitlines() if line.startswith("| ")]
    assert not [line for line in rows if re.search(r"\|\s*\|", line)]
