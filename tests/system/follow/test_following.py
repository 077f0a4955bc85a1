"""Runs on the simulated IOC, followed from other processes over 0MQ and over Tiled while they go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from id3c_data.catalog import Server
from id3c_data.errors import FramesMissing
from id3c_data.sim import FrameModel

from .scene import POINTS, Scene, digests_of, series_in_plugin_file

WAYS = {
    "dcu point": ({"writer": "dcu", "series": "point"}, 2),
    "dcu run": ({"writer": "dcu", "series": "run", "images_per_file": 4}, 4),
    "hdf5": ({"writer": "hdf5"}, 0),
}
"""Arguments of the detector, and frames that followers must have seen before the run may go on."""


@pytest.fixture
def scene(engine: Any, server: Server, proxy: tuple[str, str], followers: Callable[..., Any]) -> Any:
    """Followers, and a run that they follow."""
    return lambda settle="15": Scene(engine, server, proxy, followers, settle)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_is_followed_while_it_goes_on(
    way: str, scene: Any, detector: Callable[..., Any], model: FrameModel
) -> None:
    arguments, seen = WAYS[way]
    made = scene()
    made.run(detector(**arguments), seen)
    for follower in made.following:
        assert follower.end() == {"exit_status": "success"}
        frames = follower.frames
        assert [frame["seq_num"] for frame in frames] == list(range(1, POINTS + 1))
        if way != "hdf5":
            assert [frame["digest"] for frame in frames] == digests_of(model, frames)
        else:
            series = series_in_plugin_file(model, frames)
            assert series == list(range(series[0], series[0] + POINTS))
    assert len(made.following) == 2
    assert made.following[0].digests == made.following[1].digests


@pytest.mark.fault("run failed", injected="the plan raises an error after 5 of 8 points")
def test_a_run_that_fails_half_way_gives_what_came_and_says_how_it_ended(
    scene: Any, detector: Callable[..., Any], model: FrameModel, fault_report: Any
) -> None:
    made = scene()
    with pytest.raises(RuntimeError, match="no beam"):
        made.run(detector(writer="dcu", series="point"), 2, fail_after=5)
    for follower in made.following:
        assert follower.end() == {"exit_status": "fail"}
        assert [frame["seq_num"] for frame in follower.frames] == [1, 2, 3, 4, 5]
        assert follower.digests == digests_of(model, follower.frames)
    fault_report(f"{len(follower.frames)} frames, and then {follower.end()}")


@pytest.mark.fault(
    "DCU drops one data file", injected="`Sim:DropFile`: data file 2 of a run's series never appears"
)
def test_a_data_file_that_never_comes_is_told_after_the_last_frame_that_came(
    scene: Any,
    detector: Callable[..., Any],
    model: FrameModel,
    knob: Callable[[str, Any], None],
    fault_report: Any,
) -> None:
    made = scene(settle="0.5")
    knob("DropFile", 2)
    with pytest.raises(FramesMissing):
        made.run(detector(writer="dcu", series="run", images_per_file=4), 4)
    for follower in made.following:
        end = follower.end()
        assert (end["error"], end["missing"]) == ("FrameNotWritten", POINTS - 4)
        assert [frame["seq_num"] for frame in follower.frames] == [1, 2, 3, 4]
        assert follower.digests == digests_of(model, follower.frames)
    fault_report(end["words"], lost=range(4, POINTS))
