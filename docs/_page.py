"""One page of the documentation while its code runs: a folder, an environment, a shell, a Python session."""

from __future__ import annotations

import contextlib
import doctest
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("_worker.py")
END = re.compile(r"-- end of command (\d+)\n")
TIMEOUT_S = 100.0  # less than a test's own timeout, so that this message comes first
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

Need = Callable[[Path], AbstractContextManager[Mapping[str, str]]]
"""Starts what a page needs beside itself, given its folder; gives the environment of its clients."""


class Page:
    """Runs the blocks of one page in order; whatever they start ends with `close`.

    Parameters
    ----------
    needs
        What must run beside the page.
    """

    def __init__(self, needs: Iterable[Need] = ()) -> None:
        self._stack = contextlib.ExitStack()
        scratch = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="id3c-page-"))
        self.folder = Path(scratch).resolve()
        self._checkout = _checkout(self.folder)
        self._environment = {**_environment(), "ID3C_DATA_SPOOL": str(self.folder / "spool")}
        try:
            for need in needs:
                self._environment |= self._stack.enter_context(need(self.folder))
        except BaseException:
            self.close()
            raise
        self._shell: _Shell | None = None
        self._python: _Python | None = None

    def here(self, text: str) -> str:
        """Return a text of the page with its ``/tmp/`` made this page's own folder."""
        return text.replace("/tmp/", f"{self.folder}/")  # noqa: S108 - a name in the text

    def run_python(self, source: str, file: str, line: int, language: str) -> str | None:
        """Run a block in the page's Python session; return why it failed."""
        if self._python is None:
            self._python = _Python(self._checkout, self._environment, self.folder)
            self._stack.callback(self._python.close)
        return self._python.run(self.here(source), file, line, language)

    def run_shell(self, command: str, expected: str | None, *, background: bool = False) -> str | None:
        """Run a command in the page's shell; return why it failed.

        Without expected output it must succeed. With it the output is compared. A command in the background
        is waited for until it has said that, and goes on.
        """
        if self._shell is None:
            self._shell = _Shell(self._checkout, self._environment)
            self._stack.callback(self._shell.close)
        said = None if expected is None else self.here(expected)
        return self._shell.run(self.here(command), said, background=background)

    def close(self) -> None:
        """End all that the page started, and remove its folder."""
        self._stack.close()


class _Shell:
    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [shutil.which("bash") or "/bin/bash", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._said = ""

    def run(self, command: str, expected: str | None, *, background: bool) -> str | None:
        self._said = ""
        end = " &" if background else ""
        self._stdin.write(f"{{ {command}{end}\n}} </dev/null\necho '-- end of command' $?\n".encode())
        self._stdin.flush()
        if not self._read_until(lambda: END.search(self._said) is not None):
            return f"$ {command}\n{self._why_unfinished()}; it said:\n{self._said}"
        before, code, after = END.split(self._said)
        self._said = before + after
        if expected is None:
            return None if code == "0" else f"$ {command}\nexit code {code}; it said:\n{self._said}"
        if self._agrees(expected) or (background and self._read_until(lambda: self._agrees(expected))):
            return None
        return f"$ {command}\nexpected:\n{expected}\nsaid:\n{self._said}"

    def _why_unfinished(self) -> str:
        try:
            return f"the shell ended with exit code {self._process.wait(1)}"
        except subprocess.TimeoutExpired:
            return f"not finished within {TIMEOUT_S:g} s"

    def _agrees(self, expected: str) -> bool:
        return doctest.OutputChecker().check_output(expected, self._said, OPTIONS)

    def _read_until(self, done: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + TIMEOUT_S
        while not done():
            ready, _, _ = select.select([self._stdout], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self._stdout.fileno(), 65536) if ready else b""
            if not piece:
                return done()
            self._said += piece.decode(errors="replace")
        return True

    def close(self) -> None:
        """End the shell and all its background jobs, as closing the terminal would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._stdin.close()
        deadline = time.monotonic() + 10
        while _group_lives(self._process) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._stdout.close()
        self._process.wait()


class _Python:
    def __init__(self, folder: Path, environment: Mapping[str, str], logs: Path) -> None:
        read_end, write_end = os.pipe()
        self._log = (logs / "python.log").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-u", str(WORKER), str(write_end)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            pass_fds=[write_end],
            text=True,
        )
        os.close(write_end)
        self._answers = os.fdopen(read_end)

    def run(self, source: str, file: str, line: int, language: str) -> str | None:
        request = {"language": language, "source": source, "file": file, "line": line}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._answers], [], [], TIMEOUT_S)
        answer = self._answers.readline() if ready else ""
        if answer:
            return json.loads(answer)["failure"]
        state = "ended" if ready else f"did not answer within {TIMEOUT_S:g} s"
        self._log.seek(0)
        return f"the page's Python {state}; it said:\n{self._log.read()[-4000:]}"

    def close(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._log.close()


def _group_lives(leader: subprocess.Popen[bytes]) -> bool:
    leader.poll()  # else it stays in its group as a zombie
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _checkout(folder: Path) -> Path:
    """Return a folder with all that the repository has, in which what a page writes is not written there."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for entry in REPOSITORY.iterdir():
        if not entry.name.startswith(".") or entry.name == ".ci":
            (checkout / entry.name).symlink_to(entry)
    return checkout


def _environment() -> dict[str, str]:
    """Return this process' environment, with its own installation as what `make` and the shell find."""
    venv = Path(sys.prefix)
    own = {"VENV": str(venv), "AS_IS": "1", "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    inherited = {key: value for key, value in os.environ.items() if "MAKE" not in key and key != "ARGS"}
    return {**inherited, **own, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "default"}
