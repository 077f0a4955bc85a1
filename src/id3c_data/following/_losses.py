"""The frames of a run that were promised and could not be given."""

from __future__ import annotations

from ..documents import RunState
from ..errors import FrameNotWritten, Hdf5Error
from ._checks import events_lost

__all__ = ["Losses"]


class Losses:
    """Counts the frames that were promised, and those that could not be given; keeps the first of these.

    Attributes
    ----------
    promised, missing, damaged
        Frames that events have promised so far, those that never came, and those whose bytes are wrong.
    """

    def __init__(self) -> None:
        self.promised = self.missing = self.damaged = 0
        self._first: FrameNotWritten | Hdf5Error | None = None

    def add(self, error: FrameNotWritten | Hdf5Error) -> None:
        """Take in why a frame could not be given: it never came, or it cannot be read."""
        if isinstance(error, FrameNotWritten):
            self.missing += 1
        else:
            self.damaged += 1
        if self._first is None:
            self._first = error

    def words(self, run: RunState | None) -> str:
        """Return how many frames were lost, and events of a run that is over; empty where none were."""
        counts = {"missing": self.missing, "damaged": self.damaged}
        parts = [f"{count} of {self.promised} {what}" for what, count in counts.items() if count]
        lost = 0 if run is None else events_lost(run)
        if lost:
            parts.append(f"{lost} events never came")
        return ", ".join(parts)

    def check(self, run: RunState) -> None:
        """Raise the error about the first frame that could not be given, with how many there are."""
        first, words = self._first, f"in all {self.words(run)}"
        if isinstance(first, FrameNotWritten):
            reason = "; ".join(part for part in (first.reason, words) if part)
            raise FrameNotWritten(first.frame, first.written, first.master, reason) from first
        if first is not None:
            raise type(first)(f"{first.what} ({words})", first.where, first.next_step) from first
