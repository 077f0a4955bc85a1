"""Channel Access kept to the loopback interface, with ports and a caRepeater of the test session's own.

libca reads its addresses and ports once in the life of a process: call `isolate_channel_access` before
anything imports pyepics or ophyd, and start all IOCs of the session on the port that it returns.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from id3c_data.sim._ports import LOOPBACK, free_port, is_free

__all__ = ["CaPorts", "ca_repeater", "isolate_channel_access"]

_START_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class CaPorts:
    """The ports of one test session."""

    server: int
    """Where an IOC listens, one at a time."""
    repeater: int
    """Where the session's caRepeater listens."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for clients."""
        return {
            "EPICS_CA_ADDR_LIST": LOOPBACK,
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(self.server),
            "EPICS_CA_REPEATER_PORT": str(self.repeater),
            "EPICS_CA_MAX_ARRAY_BYTES": "10000000",
        }


def isolate_channel_access() -> CaPorts:
    """Choose free ports, set this process' environment accordingly, and return the ports."""
    if "epics" in sys.modules:
        raise RuntimeError("pyepics is imported already; isolate Channel Access before that")
    ports = CaPorts(free_port(), free_port())
    os.environ.update(ports.environment)
    with contextlib.suppress(ImportError):
        import epicscorelibs.path.pyepics  # noqa: F401 - ophyd wants this before pyepics, else it warns
    return ports


@contextlib.contextmanager
def ca_repeater(ports: CaPorts) -> Iterator[None]:
    """Run a caRepeater for this session's clients."""
    command = [sys.executable, "-m", "id3c_data.sim._repeater"]
    process = subprocess.Popen(command, env={**os.environ, **ports.environment})  # noqa: S603 - our own code
    try:
        _wait_until_taken(ports.repeater, process)
        yield
    finally:
        process.kill()  # it has nothing to clean up
        process.wait()


def _wait_until_taken(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the caRepeater listens; a client that came earlier would try to start another one."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while is_free(port, udp=True):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the caRepeater does not start on port {port} (exit code {process.poll()})")
        time.sleep(0.02)
