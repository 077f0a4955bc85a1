"""Where the run of a node stands, by what the catalog knows of it."""

from __future__ import annotations

import time

import pytest

from id3c_data.catalog._open_run import SETTLE_VARIABLE, OpenRun, run_of, settle_timeout
from id3c_data.errors import ConfigError
from id3c_data.h5api import FINISHED, ScanPhase, ScanState

SETTLE_S = 15.0


@pytest.mark.parametrize("metadata", [{}, {"run_ended": None}, {"spec": "x"}])
def test_a_run_without_an_end_is_open(metadata: dict[str, object]) -> None:
    assert run_of(metadata, SETTLE_S).phase is ScanPhase.PREPARED


def test_a_run_that_has_only_just_ended_may_still_get_files() -> None:
    assert run_of({"run_ended": time.time()}, SETTLE_S).phase is ScanPhase.PREPARED


def test_a_run_that_ended_longer_ago_is_over() -> None:
    assert run_of({"run_ended": time.time() - SETTLE_S - 1}, SETTLE_S) is FINISHED


@pytest.mark.parametrize("ended", [True, "yes"])
def test_a_run_whose_end_has_no_time_is_over(ended: object) -> None:
    assert run_of({"run_ended": ended}, SETTLE_S) is FINISHED


def test_an_open_run_is_a_state_that_does_not_change() -> None:
    run = OpenRun()
    assert isinstance(run, ScanState)
    began = time.monotonic()
    assert run.wait_for_change(ScanPhase.PREPARED, 0.01) is ScanPhase.PREPARED
    assert time.monotonic() - began >= 0.01
    assert run.wait_for_change(ScanPhase.NOT_PREPARED) is ScanPhase.PREPARED


@pytest.mark.parametrize(("said", "seconds"), [(None, 15.0), ("60", 60.0), ("0", 0.0), (" ", 15.0)])
def test_the_environment_says_how_long_files_may_still_come(
    said: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SETTLE_VARIABLE, raising=False)
    if said is not None:
        monkeypatch.setenv(SETTLE_VARIABLE, said)
    assert settle_timeout() == seconds


@pytest.mark.parametrize("said", ["soon", "inf", "nan", "-1"])
def test_what_is_no_number_of_seconds_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTLE_VARIABLE, said)
    with pytest.raises(ConfigError, match=f"{SETTLE_VARIABLE}: '{said}' is no number of seconds"):
        settle_timeout()
