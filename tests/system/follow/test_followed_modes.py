"""Ways to take a run that leave their files in other ways, each followed from other processes meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import epics
import pytest
from bluesky.utils import RunEngineInterrupted

from id3c_data.catalog import Server
from id3c_data.devices import declare_points
from id3c_data.sim import FrameModel
from id3c_data.testing import RunningIoc

from .conftest import PATIENCE_S, PERIOD_S, put
from .scene import POINTS, Scene, digests_of, series_in_plugin_file, series_of

LONG_S = 1.0


@pytest.fixture
def scene(
    engine: Any, server: Server, proxy: tuple[str, str], followers: Callable[..., Any]
) -> Callable[..., Scene]:
    return lambda **options: Scene(engine, server, proxy, followers, **options)


@pytest.fixture
def settings(ioc: RunningIoc) -> Iterator[Callable[..., None]]:
    """Set records of the camera, until the test is over."""
    before: dict[str, Any] = {}

    def set_all(**values: Any) -> None:
        for name, value in values.items():
            before.setdefault(
                name, epics.caget(f"{ioc.prefix}cam1:{name}_RBV", as_string=isinstance(value, str))
            )
            put(ioc, f"cam1:{name}", value)

    yield set_all
    for name, value in before.items():
        put(ioc, f"cam1:{name}", value)


def seq_nums(follower: Any) -> list[int]:
    return [frame["seq_num"] for frame in follower.frames]


def test_frames_come_while_the_plugin_s_file_is_written_in_swmr_mode(
    scene: Any, detector: Callable[..., Any], model: FrameModel
) -> None:
    made = scene()
    made.run(detector(writer="hdf5", swmr=True), POINTS // 2 + 1)
    for follower in made.following:
        assert follower.end() == {"exit_status": "success"}
        assert seq_nums(follower) == list(range(1, POINTS + 1))
        series = series_in_plugin_file(model, follower.frames)
        assert series == list(range(series[0], series[0] + POINTS))
    assert len(made.following) == 2


def test_the_second_threshold_is_followed_by_its_data_key(
    scene: Any, detector: Callable[..., Any], model: FrameModel, settings: Any
) -> None:
    settings(FWHDF5Format="v2024.2", Threshold2Enable=1)
    made = scene(keys=["eiger2_image_threshold2"])
    made.run(detector(writer="dcu", series="point"), 2)
    for follower in made.following:
        assert follower.end() == {"exit_status": "success"}
        assert seq_nums(follower) == list(range(1, POINTS + 1))
        assert follower.digests == digests_of(model, follower.frames, "threshold_2")
    assert len(made.following) == 2


@pytest.fixture
def declaring(engine: Any) -> Iterator[Any]:
    """A RunEngine that tells detectors of the number of points, so that a series has no trigger to spare."""
    engine.preprocessors.append(declare_points)
    yield engine
    engine.preprocessors.remove(declare_points)


def test_a_run_that_needs_another_series_after_a_pause_is_followed_through_both(
    scene: Any,
    detector: Callable[..., Any],
    model: FrameModel,
    ioc: RunningIoc,
    declaring: Any,
    settings: Any,
) -> None:
    made = scene()
    device = detector(writer="dcu", series="run", images_per_file=2)

    def pause_in_the_next_point() -> None:
        settings(AcquirePeriod=LONG_S)
        trigger = epics.get_pv(f"{ioc.prefix}cam1:Trigger")
        assert trigger.wait_for_connection(PATIENCE_S)
        threading.Thread(
            target=after_the_next, args=(trigger, put_at(trigger), declaring.request_pause)
        ).start()

    with pytest.raises(RunEngineInterrupted):
        made.run(device, 2, in_the_middle=pause_in_the_next_point)
    settings(AcquirePeriod=PERIOD_S)
    declaring.resume()
    for follower in made.following:
        assert follower.end() == {"exit_status": "success"}
        assert seq_nums(follower) == list(range(1, POINTS + 1))
        assert follower.digests == digests_of(model, follower.frames)
        assert [series_of(frame) for frame in follower.frames] == two_series(follower.frames)
    assert len(made.following) == 2


def two_series(frames: list[dict[str, Any]]) -> list[int]:
    """Return the series of each point: the last lies in the one after that of the others."""
    first = series_of(frames[0])
    return [*[first] * (POINTS - 1), first + 1]


def put_at(pv: Any) -> float:
    return pv.get_with_metadata(use_monitor=False)["timestamp"]


def after_the_next(pv: Any, before: float, action: Callable[[], object]) -> None:
    """Do something when a record was put to once more."""
    deadline = time.monotonic() + PATIENCE_S
    while put_at(pv) == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    action()
