"""Telling detectors how many points a plan has."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import run_wrapper, stage_wrapper
from ophyd import Device, Signal

from id3c_data.devices import declare_points


class Counted(Device):
    """A detector that notes what it is told."""

    def __init__(self) -> None:
        super().__init__("", name="counted")
        self.told: list[int | None] = []

    def declare_points(self, points: int | None) -> None:
        self.told.append(points)


@pytest.fixture
def detector() -> Counted:
    return Counted()


def messages(plan: Generator[Any, Any, Any]) -> list[str]:
    """The commands of a plan, run to its end with empty answers."""
    return [message.command for message in declare_points(plan)]


def test_detector_staged_before_the_run_is_told(detector: Counted) -> None:
    messages(bp.count([detector], num=7))
    assert detector.told[-1] == 7


def test_scans_tell_their_points_too(detector: Counted) -> None:
    motor = Signal(name="motor", value=0)
    messages(bp.list_scan([detector], motor, [1, 2, 3]))
    assert detector.told[-1] == 3


def test_detector_staged_within_the_run_is_told(detector: Counted) -> None:
    messages(run_wrapper(stage_wrapper(bps.null(), [detector]), md={"num_points": 4}))
    assert detector.told == [4]


def test_plan_that_does_not_know_says_so(detector: Counted) -> None:
    messages(stage_wrapper(run_wrapper(bps.null()), [detector]))
    assert detector.told[-1] is None


def test_number_of_one_run_is_not_that_of_the_next(detector: Counted) -> None:
    def plan() -> Any:
        yield from run_wrapper(bps.null(), md={"num_points": 5})
        yield from stage_wrapper(bps.null(), [detector])

    messages(plan())
    assert detector.told == [None]


def test_devices_that_cannot_be_told_are_left_alone() -> None:
    signal = Signal(name="s", value=0)
    assert "stage" in messages(stage_wrapper(bps.null(), [Device(name="d")]))
    assert "trigger" in messages(bps.trigger(signal))


def test_plan_returns_what_it_returned() -> None:
    def plan() -> Any:
        yield from bps.null()
        return 42

    def outer() -> Any:
        results.append((yield from declare_points(plan())))

    results: list[int] = []
    assert len(list(outer())) == 1
    assert results == [42]
