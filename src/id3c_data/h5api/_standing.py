"""Where a scan stands as one reader sees it: still open, settling, or over for good."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from ..errors import ConfigError
from ._scan_state import DescribedScanState, ScanPhase, ScanState

__all__ = ["PromisingScanState", "ScanWatch", "Standing"]


_QUESTION_SHARE: Final = 10


@runtime_checkable
class PromisingScanState(ScanState, Protocol):
    """A scan state that also knows how much data there will be."""

    def promised_points(self, path: Path, name: str) -> int | None:
        """Return how many points a dataset is to have, as far as is known; None where nothing is known.

        Parameters
        ----------
        path
            The file that the reader opened.
        name
            Path of the dataset in it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a scan stood at one moment.

    Parameters
    ----------
    phase
        Its phase.
    settling
        It is FINISHED, and what was promised may still be on its way.
    awaits_files
        It is not FINISHED, or only just, so that files which are named but not readable may still come.
    """

    phase: ScanPhase
    settling: bool
    awaits_files: bool

    @property
    def over(self) -> bool:
        """Whether the scan is FINISHED."""
        return self.phase is ScanPhase.FINISHED


class ScanWatch:
    """One scan as one file object sees it, or no scan at all.

    Parameters
    ----------
    state
        The scan; None for what belongs to no scan, such as the top level of a BLISS file.
    settle_timeout
        Seconds after FINISHED in which promised data may still come.
    polled
        The state looks at a file whenever it is asked: it is asked for a tenth of the time only.

    Attributes
    ----------
    finished_at
        When it was first seen to be FINISHED (`time.monotonic`).

    Raises
    ------
    ConfigError
        The state is none.
    """

    def __init__(self, state: ScanState | None, settle_timeout: float, *, polled: bool = False) -> None:
        if state is not None and not hasattr(state, "wait_for_change"):
            raise ConfigError(
                f"scan_state is of the type {type(state).__name__}, which is no state of a scan",
                next_step="give FINISHED, a RunState of documents, or a CatalogRunState of a run in Tiled",
            )
        self.state, self._settle_timeout, self._polled = state, settle_timeout, polled
        self._last_phase, self._next_question = ScanPhase.NOT_PREPARED, 0.0
        self._promising = state if isinstance(state, PromisingScanState) else None
        self.finished_at: float | None = None
        self._met_finished = False
        self._standing: Standing | None = None

    @classmethod
    def of(cls, state: ScanState | ScanWatch, settle_timeout: float) -> ScanWatch:
        """Return the watch over a scan: a new one, unless that is what was given."""
        return state if isinstance(state, ScanWatch) else cls(state, settle_timeout)

    def describe(self) -> str:
        """Return which scan it is and how it ended, in words for errors; empty where its state cannot say."""
        return self.state.describe() if isinstance(self.state, DescribedScanState) else ""

    @property
    def phase(self) -> ScanPhase:
        """The phase at this moment, or a moment ago where asking takes its time."""
        if self.state is None:
            return ScanPhase.NOT_PREPARED
        if not self._polled:
            return self.state.phase
        began = time.monotonic()
        if began >= self._next_question:
            self._last_phase = self.state.phase
            now = time.monotonic()
            self._next_question = now + _QUESTION_SHARE * (now - began)
        return self._last_phase

    @property
    def settled_at(self) -> float | None:
        """When the settling ends or ended (`time.monotonic`); None before FINISHED."""
        return None if self.finished_at is None else self.finished_at + self._settle_timeout

    def standing(self) -> Standing:
        """Return where the scan stands now."""
        phase, now = self.phase, time.monotonic()
        if phase is ScanPhase.FINISHED and self.finished_at is None:
            self.finished_at, self._met_finished = now, self._standing is None
        settling = self.settled_at is not None and now < self.settled_at
        self._standing = Standing(
            phase, settling, phase is not ScanPhase.FINISHED or (settling and not self._met_finished)
        )
        return self._standing

    def promised_points(self, path: Path, name: str) -> int | None:
        """Return how many points a dataset is to have, if the scan's state knows."""
        return None if self._promising is None else self._promising.promised_points(path, name)

    def wait(self, known: ScanPhase, seconds: float) -> bool:
        """Wait that long; shorter where the phase changes, and then say so."""
        if self.state is None or self._polled or known is ScanPhase.FINISHED:
            time.sleep(seconds)
            return False
        return self.state.wait_for_change(known, seconds) is not known
