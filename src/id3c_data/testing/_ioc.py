"""The simulated IOC as a process of its own, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from id3c_data.testing._channel_access import CaPorts

__all__ = ["RunningIoc", "running_ioc"]

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class RunningIoc:
    """An IOC that serves."""

    prefix: str
    """Start of all PV names, with its colon."""
    environment: Mapping[str, str]
    """What a client of another process must have in its environment."""
    mounts: Mapping[str, Path]
    """The IOC's views and the real folders."""
    process: subprocess.Popen[str]
    log: Path
    """What the IOC said on stderr, until it is stopped."""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> int:
        """Stop the IOC as Ctrl-C would, and return its exit code; nothing happens when it has ended."""
        if self.alive:
            self.process.terminate()
        try:
            return self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self) -> None:
        """End the IOC without a chance to clean up, as a power failure would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running_ioc(
    *,
    prefix: str | None = None,
    ports: CaPorts | None = None,
    size: tuple[int, int] = (514, 1030),
    bit_depth: int = 32,
    arm_time_s: float = 0.1,
    rate_hz: float = 10.0,
    driver: str = "3.6",
    mounts: Mapping[str, Path] | None = None,
    faults: Sequence[str] = (),
) -> Iterator[RunningIoc]:
    """Run the simulated IOC in a process of its own.

    Parameters
    ----------
    prefix
        Start of all PV names; without, a random one.
    ports
        Where it listens, see `isolate_channel_access`; without, on free ports, and only processes with the
        IOC's environment can be its clients.
    size
        Height and width of a frame.
    bit_depth
        Bits of a pixel.
    arm_time_s, rate_hz
        Seconds to arm; frames a second until a client sets them.
    driver
        Generation of the driver, ``"3.5"`` or ``"3.6"``.
    mounts
        The IOC's views of folders and the real folders; without, it sees the disk as it is.
    faults
        Faults from the start on, such as ``"dropfile=2"``.

    Raises
    ------
    RuntimeError
        It does not start; what it said stands in the message.
    """
    prefix = prefix or f"t{secrets.token_hex(4)}:"
    options: dict[str, Any] = {
        "--prefix": prefix,
        "--size": f"{size[0]}x{size[1]}",
        "--bit-depth": bit_depth,
        "--arm-time": arm_time_s,
        "--rate": rate_hz,
        "--driver": driver,
    }
    if ports is not None:
        options |= {"--port": ports.server, "--repeater-port": ports.repeater}
    command = [sys.executable, "-m", "id3c_data.sim.ioc", "--json"]
    command += [str(part) for pair in options.items() for part in pair]
    command += [f"--mount={view}={folder}" for view, folder in (mounts or {}).items()]
    command += [f"--fault={fault}" for fault in faults]
    with tempfile.TemporaryDirectory(prefix="id3c-ioc-") as scratch:
        log = Path(scratch) / "stderr.txt"
        with log.open("w") as stderr:
            process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "TMPDIR": scratch},
                start_new_session=True,  # Ctrl-C at a terminal is for the client, which then stops this
                text=True,
            )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            environment = _wait_until_ready(process, process.stdout, log)
            ioc = RunningIoc(prefix, environment, dict(mounts or {}), process, log)
            yield ioc
            ioc.stop()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _wait_until_ready(process: subprocess.Popen[str], stdout: IO[str], log: Path) -> Mapping[str, str]:
    """Return the environment that the IOC prints when it is ready."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
    line = stdout.readline() if ready else ""
    if not line:
        process.kill()
        raise RuntimeError(
            f"the simulated IOC did not start within {_START_TIMEOUT_S:g} s (exit code {process.wait()}): "
            f"{log.read_text().strip() or 'it said nothing'}"
        )
    return json.loads(line)["environment"]
