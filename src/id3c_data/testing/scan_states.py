"""What every `~id3c_data.h5api.ScanState` must do: a suite that its implementations' tests inherit."""
# ruff: noqa: S101 - asserting is what a test suite is for

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ..h5api import ScanPhase, ScanState

__all__ = ["ScanStateContract", "SteppedScan"]

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class SteppedScan:
    """A scan that the test moves on."""

    state: ScanState
    prepare: Callable[[], None]
    """Makes the scan PREPARED."""
    finish: Callable[[], None]
    """Makes the scan FINISHED."""


class ScanStateContract:
    """Inherit it and give the fixture ``scan``: a scan that is not yet prepared."""

    @pytest.fixture
    def scan(self) -> SteppedScan:
        """A scan that is not yet prepared."""
        raise NotImplementedError("give a fixture `scan` in the inheriting class")

    def test_it_is_a_scan_state(self, scan: SteppedScan) -> None:
        """The protocol is kept."""
        assert isinstance(scan.state, ScanState)

    def test_it_moves_through_the_three_phases(self, scan: SteppedScan) -> None:
        """Each step is seen."""
        seen = [scan.state.phase]
        for step in (scan.prepare, scan.finish):
            step()
            seen.append(scan.state.phase)
        assert seen == [ScanPhase.NOT_PREPARED, ScanPhase.PREPARED, ScanPhase.FINISHED]

    def test_a_change_wakes_all_who_wait(self, scan: SteppedScan) -> None:
        """Nobody waits for a polling period."""
        woken: list[ScanPhase] = []

        def wait() -> None:
            woken.append(scan.state.wait_for_change(ScanPhase.PREPARED, _PATIENCE_S))

        scan.prepare()
        waiters = [threading.Thread(target=wait) for _ in range(3)]
        for waiter in waiters:
            waiter.start()
        scan.finish()
        for waiter in waiters:
            waiter.join(_PATIENCE_S)
        assert woken == [ScanPhase.FINISHED] * 3

    def test_a_change_that_has_happened_is_told_at_once(self, scan: SteppedScan) -> None:
        """A waiter that comes late has missed nothing."""
        scan.prepare()
        assert scan.state.wait_for_change(ScanPhase.NOT_PREPARED) is ScanPhase.PREPARED

    def test_nothing_is_waited_for_after_the_end(self, scan: SteppedScan) -> None:
        """FINISHED is for ever."""
        scan.prepare()
        scan.finish()
        assert scan.state.wait_for_change(ScanPhase.FINISHED) is ScanPhase.FINISHED

    def test_a_wait_ends_with_its_timeout(self, scan: SteppedScan) -> None:
        """The known phase comes back, and not before the time."""
        start = time.monotonic()
        assert scan.state.wait_for_change(ScanPhase.NOT_PREPARED, 0.05) is ScanPhase.NOT_PREPARED
        assert time.monotonic() - start >= 0.05
