"""The demo as a newcomer runs it: a command in a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
TIMEOUT_S = 90.0


@dataclass(frozen=True)
class Terminal:
    """Where the demo runs: what it writes for the user, what it must remove, what it must leave alone."""

    out: Path
    scratch: Path
    spool: Path

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "-m", "id3c_data", "demo", "--out", str(self.out), *options]
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(self.scratch), "ID3C_DATA_SPOOL": str(self.spool)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a shell's background jobs
        )

    def processes_left(self) -> list[str]:
        """Return the command lines of processes that still use the scratch folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                if str(self.scratch).encode() in entry.read_bytes():
                    found.append(entry.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # it has ended meanwhile
        return found


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "out", tmp_path / "scratch", tmp_path / "spool")
    terminal.scratch.mkdir()
    return terminal


def wait_for_line(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what a process says up to a line that matches; its timeout is the test's."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"it ended without saying {pattern!r}:\n{said}")


@pytest.fixture
def running(terminal: Terminal) -> Iterator[subprocess.Popen[str]]:
    """A demo in the middle of its run."""
    process = terminal.start("--num", "100")
    try:
        wait_for_line(process, r"^3\. RE\(")
        time.sleep(1.0)  # somewhere within a point; the outcome is the same wherever it is
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_ends_with_the_shape_of_the_frames_and_leaves_nothing_behind(terminal: Terminal) -> None:
    process = terminal.start("--writer", "hdf5", "--num", "2", "--images", "3")  # the tutorial has no options
    said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, said
    assert said.splitlines()[-1] == 'cat[-1].primary["eiger2_image"].shape == (2, 3, 514, 1030)'
    assert "All 3,176,520 pixels are those that the detector made." in said
    assert (terminal.out / "first_frame.png").read_bytes().startswith(b"\x89PNG")
    assert list(terminal.scratch.iterdir()) == []
    assert terminal.processes_left() == []
    assert not terminal.spool.exists()  # what is in there has nothing to do with a demo


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_cleans_up_after_itself(
    terminal: Terminal, running: subprocess.Popen[str], number: signal.Signals
) -> None:
    running.send_signal(number)
    said, _ = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert "interrupted; detector and catalog are stopped, their files removed" in said
    assert list(terminal.scratch.iterdir()) == []
    assert terminal.processes_left() == []


def test_kept_running_it_says_what_to_paste_and_that_works(terminal: Terminal) -> None:
    process = terminal.start("--keep", "--num", "1")
    try:
        said = wait_for_line(process, "^Ctrl-C ends them")
        pasted = said[said.index("import os\n") : said.index("and then, for example")]
        assert not re.search(r"[0-9a-f]{32}", said)  # no key on the terminal
        said_next = said[said.rindex("RE(bp.count(") : said.index("Ctrl-C ends them")]
        said_next = said_next.replace("num=10", "num=2")
        check = "print(images.shape, images[1].read().max())"
        session = subprocess.run(
            [sys.executable, "-c", f"{pasted}\n{said_next}\n{check}"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        assert session.returncode == 0, session.stderr
        assert session.stdout.splitlines()[-1] == "(2, 514, 1030) 4294967295"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert list(terminal.scratch.iterdir()) == []
    assert [file.name for file in terminal.out.iterdir()] == ["first_frame.png"]
    assert not terminal.spool.exists()
