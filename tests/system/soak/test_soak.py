"""A short run of the soak; `make soak` is the long one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOAK = Path(__file__).parents[2] / "soak" / "run.py"
PARTS = ("thousand runs in a row", "run of 10 000 points", "run of 100 000 frames")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a two-hundredth of the soak finds."""
    record = tmp_path_factory.mktemp("soak") / "soak.json"
    command = [sys.executable, SOAK, "--scale", "0.005", "--record", record]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(record.read_text())


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(
            part, marks=pytest.mark.fault(part, injected="`make soak`; a two-hundredth of it in the tests")
        )
        for part in PARTS
    ],
)
def test_nothing_is_lost_and_nothing_grows(part: str, found: dict[str, Any], fault_report: Any) -> None:
    processes = found[part]["processes"]
    assert {"session", "IOC", "server"} <= processes.keys()
    assert all(figures["memory_mb"] > 10 for figures in processes.values())
    fault_report(f"nothing: all frames are read; {', '.join(sorted(processes))} do not grow (figures below)")
