"""A short run of the fuzzing; `make fuzz` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[1] / "fuzz" / "run.py"


def test_no_bytes_of_strangers_crash_hang_or_take_much_memory() -> None:
    done = subprocess.run(
        [sys.executable, FUZZ, "--together", "--inputs", "60", "--seed", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 7


def test_what_crashes_is_said_with_what_it_was_fed_with(tmp_path: Path) -> None:
    for file in FUZZ.parent.glob("*.py"):
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "targets.py").open("a") as targets:
        targets.write(
            "\n\ndef crash(given):\n    import os\n    os.kill(os.getpid(), 11)\n\n\n"
            "TARGETS['crash'] = lambda: Target(st.just('this'), crash, ())\n"
        )
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py", "crash"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "crash: ended with SIGSEGV, fed with 'this'" in done.stderr
