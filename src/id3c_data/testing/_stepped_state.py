"""A scan state that somebody moves on by hand."""

from __future__ import annotations

import threading
from pathlib import Path

from ..h5api import ScanPhase

__all__ = ["SteppedState"]


class SteppedState:
    """A scan state that somebody moves on by hand, and that may know how many points there will be.

    Parameters
    ----------
    promised
        How many points a dataset is to have, by its path.
    """

    def __init__(self, promised: dict[str, int] | None = None) -> None:
        self.promised = promised or {}
        self._phase = ScanPhase.NOT_PREPARED
        self._changed = threading.Condition()

    @property
    def phase(self) -> ScanPhase:
        """The phase at this moment."""
        return self._phase

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._phase != known or self._phase is ScanPhase.FINISHED, timeout)
            return self._phase

    def promised_points(self, path: Path, name: str) -> int | None:  # noqa: ARG002
        """Return how many points a dataset is to have."""
        return self.promised.get(name)

    def prepare(self) -> None:
        """Make the scan PREPARED."""
        self._move_to(ScanPhase.PREPARED)

    def finish(self) -> None:
        """Make the scan FINISHED."""
        self._move_to(ScanPhase.FINISHED)

    def _move_to(self, phase: ScanPhase) -> None:
        with self._changed:
            self._phase = phase
            self._changed.notify_all()
