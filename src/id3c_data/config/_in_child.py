"""Importing in a process of its own: if it hangs or dies, that is a fault of what it imports."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from .._own_python import command, environment, module_places
from ..errors import ConfigError
from ._signatures import Arguments

__all__ = ["find_in_child"]

_START_S = 60.0
_ALONE = {
    "OPHYD_CONTROL_LAYER": "dummy",
    "EPICS_CA_ADDR_LIST": "127.0.0.1",
    "EPICS_CA_AUTO_ADDR_LIST": "NO",
    "EPICS_CA_NAME_SERVERS": "",
    "EPICS_PVA_ADDR_LIST": "127.0.0.1",
    "EPICS_PVA_AUTO_ADDR_LIST": "NO",
    "EPICS_PVA_NAME_SERVERS": "",
}
"""What keeps an import from looking for PVs on the network."""


def find_in_child(paths: Sequence[str], timeout: float) -> dict[str, Arguments | ConfigError]:
    """Return what classes and functions take, or why they cannot be used; they are imported elsewhere.

    Parameters
    ----------
    paths
        Import paths.
    timeout
        Seconds that one import may take.
    """
    found: dict[str, Arguments | ConfigError] = {}
    while remaining := [path for path in paths if path not in found]:
        found |= _ask_one_child(remaining, timeout)
    return found


def _ask_one_child(paths: Sequence[str], timeout: float) -> dict[str, Arguments | ConfigError]:
    """Return the answers of a new child, up to and with the first module that it did not survive."""
    found: dict[str, Arguments | ConfigError] = {}
    with tempfile.TemporaryFile("w+", errors="replace") as said, _Child(said) as child:
        child.ask(paths)
        for path in paths:
            try:
                answer = child.answer(timeout)
            except queue.Empty:
                next_step = "see what the module waits for when it is imported, and take that out of it"
                return found | _failed(paths, path, f"that does not end within {timeout:g} s", next_step)
            if answer is None:
                next_step = "import it in a Python of your own to see why"
                return found | _failed(paths, path, f"its process {child.end()}{_last_line(said)}", next_step)
            found[path] = _as_found(answer)
    return found


def _failed(paths: Sequence[str], path: str, what: str, next_step: str) -> dict[str, ConfigError]:
    """Return the error of a path, for all that are in the same module: none of them is tried again."""
    module = path.rpartition(".")[0]
    error = ConfigError(f"{module!r} cannot be imported: {what}", next_step=next_step)
    remaining = paths[paths.index(path) :]
    return {other: error for other in remaining if other.rpartition(".")[0] == module}


class _Child:
    """A Python process with this one's module search path, in a session of its own so that it ends whole."""

    def __init__(self, said: IO[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this very Python, on a module of this package
            command(f"{__package__}._child"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=environment(_ALONE),
            start_new_session=True,
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what it did not take any more
                    pipe.close()

    def ask(self, paths: Sequence[str]) -> None:
        """Say what is to be imported, once the process runs: its start is no import's time."""
        with suppress(queue.Empty):
            self.answer(_START_S)
        asked = json.dumps({"paths": paths, "sys_path": module_places()}) + "\n"
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it is dead, and the answer will be that
                self._process.stdin.write(asked)
                self._process.stdin.flush()

    def answer(self, timeout: float) -> dict[str, Any] | None:
        """Return the next answer, or None where the process ended; raises `queue.Empty` when time is up."""
        line = self._answers.get(timeout=timeout)
        if not line.endswith("\n"):
            self._answers.put("")  # an end stays one, however often it is asked for
            return None
        return json.loads(line)

    def end(self) -> str:
        """End the process, and whatever an import started in it, and return how it ended."""
        if self._process.returncode is None:  # once reaped, its number may be another one's
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        return f"died of {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put("")


def _last_line(said: IO[str]) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read()[-2000:].splitlines() if line.strip()]
    return f": {lines[-1]}" if lines else ""


def _as_found(answer: dict[str, Any]) -> Arguments | ConfigError:
    if "what" in answer:
        return ConfigError(answer["what"], next_step=answer["next_step"])
    given: dict[str, Any] = answer["arguments"]  # JSON made lists of its tuples
    kinds = {name: tuple(kinds) for name, kinds in given.pop("kinds").items()}
    tuples = {name: tuple(given.pop(name)) for name in ("names", "required", "signals")}
    return Arguments(**tuples, kinds=kinds, **given)
