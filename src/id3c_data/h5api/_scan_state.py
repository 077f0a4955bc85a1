"""Where a scan stands, for readers of files that are still being written."""

from __future__ import annotations

import enum
from typing import Final, Protocol, runtime_checkable

__all__ = ["FINISHED", "DescribedScanState", "ScanPhase", "ScanState"]


class ScanPhase(enum.IntEnum):
    """The three phases of a scan; it only ever moves on."""

    NOT_PREPARED = 0
    """It is not known yet which data there will be."""
    PREPARED = 1
    """All names are known, data may still come."""
    FINISHED = 2
    """Nothing more will be written, but files may still be on their way."""


@runtime_checkable
class ScanState(Protocol):
    """Where a scan stands, and a way to wait for it to move on.

    The only thing that the reading side needs from the control side.
    """

    @property
    def phase(self) -> ScanPhase:
        """The phase at this moment."""
        ...

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Block until the phase is another than ``known`` and return the phase.

        Returns at once when ``known`` is FINISHED, after which nothing changes any more.

        Parameters
        ----------
        known
            The phase that the caller knows of.
        timeout
            Seconds to wait at most, after which ``known`` comes back; None waits for ever.
        """
        ...


@runtime_checkable
class DescribedScanState(ScanState, Protocol):
    """A scan state that can say which scan it is."""

    def describe(self) -> str:
        """Return which scan it is, and how it ended where that says something, in words for errors."""
        ...


class _Finished:
    """The state of a scan that is over."""

    __slots__ = ()

    @property
    def phase(self) -> ScanPhase:
        return ScanPhase.FINISHED

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:  # noqa: ARG002
        return ScanPhase.FINISHED

    def __repr__(self) -> str:
        return "FINISHED"

    def __reduce__(self) -> str:
        return "FINISHED"  # one object, also after pickling


FINISHED: Final[ScanState] = _Finished()
"""The state of a scan that is over, for files that nobody writes to any more."""
