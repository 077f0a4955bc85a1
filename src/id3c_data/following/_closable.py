"""A run as one follower sees it, who may close at any moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..documents import RunState
from ..errors import FileClosed
from ..h5api import ScanPhase

__all__ = ["ClosableRun"]


class ClosableRun:
    """A run whose follower may close while he waits for it: a `~id3c_data.h5api.PromisingScanState`.

    Whoever asks or waits then gets `FileClosed`, also what reads files for him. Others who have the same
    `RunState` see nothing of that.

    Parameters
    ----------
    run
        The run.
    closed
        Says whether the follower has closed; he also wakes the run then.
    """

    def __init__(self, run: RunState, closed: Callable[[], bool]) -> None:
        self._run, self._closed = run, closed

    @property
    def phase(self) -> ScanPhase:
        """The phase of the run."""
        self._check()
        return self._run.phase

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds."""
        phase = self._run.wait_for_change(known, timeout, unless=self._closed)
        self._check()
        return phase

    def wait_for_stream(self, timeout: float | None) -> bool:
        """Block until the stream has begun or the run is over; say whether that is so."""
        begun = self._run.wait_for_stream(timeout, unless=self._closed)
        self._check()
        return begun

    def wait_for_promises(self, data_key: str, known: int, timeout: float | None) -> bool:
        """Block until more than ``known`` events promise something or the run is over; say whether so."""
        more = self._run.wait_for_promises(data_key, known, timeout, unless=self._closed)
        self._check()
        return more

    def promised_points(self, path: Path, name: str) -> int | None:
        """Return how many points the events so far promise of a dataset; None where nothing is known."""
        return self._run.promised_points(path, name)

    def describe(self) -> str:
        """Return which run it is, and how it ended if not with success."""
        return self._run.describe()

    def _check(self) -> None:
        if self._closed():
            raise FileClosed("following was closed", self._run.describe(), "follow the run again to go on")
