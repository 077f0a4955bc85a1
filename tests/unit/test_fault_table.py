"""The table of faults holds what is the same in every run; a test that says nothing of its fault fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .._fault_table import frames, settled

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("run 0f0e7a4c-3b1e-4b53-8f6f-2f6f1d1c9a11 failed", "run <uid> failed"),
        ("t0a1b2c3d:cam1:Acquire is gone", "ioc:cam1:Acquire is gone"),
        ("/base/test_x0/2026/11/eiger2_0a1b2c3d_17_master.h5", "/data/%Y/%m/eiger2_<id>_<series>_master.h5"),
        ("http://127.0.0.1:40163/api/v1 answers 403", "http://127.0.0.1:<port>/api/v1 answers 403"),
        (
            "no answer within 2.5 s; has 4107 of 8214 bytes",
            "no answer within <time> s; has <number> of <number> bytes",
        ),
        ("secret in\n  two lines", "word in two lines"),
        ("frame 3 of 8, event 12", "frame 3 of 8, event 12"),
    ],
)
def test_what_differs_from_run_to_run_is_replaced(said: str, kept: str) -> None:
    assert settled(said, {"secret": "word"}, "/base") == kept


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ([], "nothing"),
        ([4], "frame 4"),
        ([5, 4], "frames 4, 5"),
        ([4, 6], "frames 4, 6"),
        (range(4, 8), "frames 4 to 7"),
        ("what was overwritten", "what was overwritten"),
    ],
)
def test_lost_frames_are_named(lost: object, words: str) -> None:
    assert frames(lost) == words  # pyright: ignore[reportArgumentType]


FAULTY = """
import pytest

@pytest.mark.fault("a", injected="b")
def test_says_nothing():
    pass

@pytest.mark.fault("a", injected="b")
def test_says_what_nobody_recorded(fault_report):
    fault_report("something")

@pytest.mark.fault("a", injected="b")
def test_says_too_little(fault_report):
    fault_report("")

def test_names_no_fault(fault_report):
    fault_report("something")
"""


def test_reports_that_are_missing_new_or_empty_fail(tmp_path: Path) -> None:
    (tmp_path / "test_faulty.py").write_text(FAULTY)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n0",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        TESTS.parent,
    ]
    command += ["-c", TESTS.parent / "pyproject.toml", "--confcutdir", TESTS, TESTS / "conftest.py"]
    done = subprocess.run(
        [*command, tmp_path / "test_faulty.py"], capture_output=True, text=True, check=False, cwd=TESTS.parent
    )
    for said in (
        "hands fault_report what the user sees",
        "docs/_faults.json has None",
        "a cell of the table would be empty",
        "names it: @pytest.mark.fault",
    ):
        assert said in done.stdout, done.stdout + done.stderr
