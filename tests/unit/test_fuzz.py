"""A short run of the fuzzing; `make fuzz` is the long one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[1] / "fuzz" / "run.py"


TARGETS = (
    *("chunks", "frames over HTTP", "superblocks", "errors in HTTP headers"),
    *("pickled documents", "spooled documents", "HDF5 files on the server"),
)


def test_no_bytes_of_strangers_crash_hang_or_take_much_memory() -> None:
    command = [sys.executable, FUZZ, "--together", "--inputs", "60", "--seed", "2", *TARGETS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(TARGETS)


def test_what_crashes_is_said_with_its_last_input(tmp_path: Path) -> None:
    for file in FUZZ.parent.glob("*.py"):
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "targets.py").open("a") as targets:
        targets.write(
            "\n\ndef crash(given):\n    import os\n    os.kill(os.getpid(), 11)\n\n\n"
            "TARGETS['crash'] = lambda: Target(st.just('this'), crash, ())\n"
        )
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py", "crash"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    said = re.search(r"crash: ended with SIGSEGV; its last input: (\S+)", done.stderr)
    assert said
    assert Path(said[1]).read_text() == "'this'"
