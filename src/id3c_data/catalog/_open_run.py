"""The run of a node as the server knows it: still open, only just over, or over for good."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..h5api import FINISHED, ScanPhase, ScanState

__all__ = ["RUN_ENDED", "SETTLE_VARIABLE", "OpenRun", "run_of", "settle_timeout"]

RUN_ENDED = "run_ended"
"""Key of a node's metadata: when its run ended, in seconds of the Unix epoch by the clock of who wrote it."""

SETTLE_VARIABLE = "ID3C_DATA_SETTLE_TIMEOUT"
"""Environment variable of the server: seconds after a run's end in which its files may still come."""

_SETTLE_S = 15.0


@dataclass(frozen=True, slots=True)
class OpenRun:
    """The state of a run that somebody else has to tell the end of: for as long as it is asked it is open."""

    @property
    def phase(self) -> ScanPhase:
        """The phase: all names are known, data may still come."""
        return ScanPhase.PREPARED

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase, after the timeout where it is the known one."""
        if known is ScanPhase.PREPARED:
            threading.Event().wait(timeout)
        return self.phase


def run_of(metadata: Mapping[str, Any], settle_s: float) -> ScanState:
    """Return where the run of a node stands.

    Parameters
    ----------
    metadata
        Of the node.
    settle_s
        Seconds after the end of the run in which its files may still come.
    """
    ended = metadata.get(RUN_ENDED)
    if not ended:
        return OpenRun()
    if isinstance(ended, bool) or not isinstance(ended, (int, float)):
        return FINISHED  # by a writer that does not say when
    return OpenRun() if time.time() < ended + settle_s else FINISHED


def settle_timeout() -> float:
    """Return the seconds that the environment says, or 15.

    Raises
    ------
    ConfigError
        What it says is no number of seconds; one without end would leave runs open for ever.
    """
    said = os.environ.get(SETTLE_VARIABLE, "").strip()
    if not said:
        return _SETTLE_S
    try:
        seconds = float(said)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ConfigError(
            f"{said!r} is no number of seconds, from 0 on",
            where=f"environment variable {SETTLE_VARIABLE}",
            next_step=f"set it to a number such as {_SETTLE_S:g}, or leave it out",
        )
    return seconds
