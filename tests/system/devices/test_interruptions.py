"""Abort, stop, pause and Ctrl-C in the middle of a point: the next run is as good as any."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import h5py
import hdf5plugin  # noqa: F401 (registers the filter that the files are compressed with)
import numpy as np
import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import stage_wrapper
from bluesky.utils import RunEngineInterrupted, SigintHandler

from id3c_data.errors import DetectorFault

from .conftest import unreadable, wait_until

MODES = [(writer, series) for writer in ("dcu", "hdf5") for series in ("point", "run")]
LONG_S = 2.5


def exposing(bench: Any, detector: Any) -> Any:
    """Return whether the next exposure has begun."""
    if detector.series.get() == "point":
        return lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering"

    def triggered_at() -> float:
        return bench.pv("cam1:Trigger").get_with_metadata(use_monitor=False)["timestamp"]

    before = triggered_at()
    return lambda: triggered_at() > before


def slow(bench: Any, seconds: float = LONG_S) -> None:
    bench.put("cam1:AcquirePeriod", seconds)


@pytest.fixture
def detector(request: pytest.FixtureRequest, bench: Any) -> Any:
    writer, series = request.param
    return bench.detector(writer=writer, series=series)


def interrupt_second_point(
    bench: Any, engine: Any, later: Any, detector: Any, action: Any, seconds: float = LONG_S
) -> None:
    """Run a count whose second point is long, and do something in the middle of it."""

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.checkpoint()
        yield from bps.trigger_and_read([detector])
        slow(bench, seconds)
        later(exposing(bench, detector), action)
        yield from bps.checkpoint()
        yield from bps.trigger_and_read([detector])
        yield from bps.close_run()

    engine(stage_wrapper(plan(), [detector]))


ABORTED = pytest.mark.fault("run aborted", injected="`RE.abort()` or `RE.halt()` while point 2 is exposed")
STOPPED = pytest.mark.fault("run stopped", injected="`RE.stop()` while point 2 is exposed")


@pytest.mark.parametrize(
    ("ending", "detector"),
    [
        *(pytest.param("abort", mode, marks=ABORTED) for mode in MODES),
        pytest.param("stop", MODES[3], marks=STOPPED),
        pytest.param("halt", MODES[1], marks=ABORTED),
    ],
    indirect=["detector"],
)
def test_run_after_an_early_end_is_whole(
    ending: str, bench: Any, engine: Any, docs: Any, later: Any, detector: Any, fault_report: Any
) -> None:
    with pytest.raises(RunEngineInterrupted):
        interrupt_second_point(bench, engine, later, detector, engine.request_pause)
    getattr(engine, ending)()
    assert docs.exit_status == {"abort": "abort", "stop": "success", "halt": "abort"}[ending]
    assert len(docs.of("event")) == 1
    assert bench.idle
    fault_report(ended(docs), lost=unreadable(bench.folder, 1))
    docs.clear()
    bench.put("cam1:AcquirePeriod", 0.01)
    before = bench.get("cam1:SequenceId")
    engine(bp.count([detector], num=2))
    assert len(docs.of("event")) == 2
    assert bench.get("cam1:SequenceId") - before == (1 if detector.series.get() == "run" else 2)


def ended(docs: Any) -> str:
    """What the documents say of how a run ended."""
    return f"the stop document: {docs.exit_status}, with {len(docs.of('event'))} events"


@pytest.mark.fault(
    "run paused and resumed", injected="`RE.request_pause()` while point 2 is exposed; `RE.resume()`"
)
@pytest.mark.parametrize("detector", MODES, indirect=True)
def test_paused_point_is_taken_again(
    bench: Any, engine: Any, docs: Any, later: Any, detector: Any, fault_report: Any
) -> None:
    with pytest.raises(RunEngineInterrupted):
        interrupt_second_point(bench, engine, later, detector, engine.request_pause)
    bench.put("cam1:AcquirePeriod", 0.01)
    engine.resume()
    assert docs.exit_status == "success"
    assert [event["seq_num"] for event in docs.of("event")] == [1, 2]
    frames = [h5_frame(bench, *slot) for slot in docs.slots]
    assert not np.array_equal(*frames)
    assert docs.data("eiger2_stats1_total") == [float(frame.sum(dtype=float)) for frame in frames]
    assert bench.idle
    fault_report(ended(docs))


def h5_frame(bench: Any, path: str, slot: int) -> np.ndarray:
    with h5py.File(bench.folder / path) as file:
        data = file["entry/data"]
        return (data["data"] if "data" in data else data["data_000001"])[slot]


@pytest.mark.parametrize("detector", MODES[2:3], indirect=True)
def test_ctrl_c_twice_pauses_and_the_point_is_taken_again(
    bench: Any, engine: Any, docs: Any, later: Any, detector: Any
) -> None:
    def press() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: engine.deferred_pause_requested)
        time.sleep(0.12)  # the RunEngine takes a second Ctrl-C only 100 ms after the first
        os.kill(os.getpid(), signal.SIGINT)

    engine.context_managers = [SigintHandler]
    with pytest.raises(RunEngineInterrupted):
        # so long that it cannot end before the second press, however busy this machine is
        interrupt_second_point(bench, engine, later, detector, press, 60.0)
    bench.put("cam1:AcquirePeriod", 0.01)
    engine.resume()
    assert docs.exit_status == "success"
    assert len(docs.of("event")) == 2


@pytest.mark.parametrize("detector", MODES[1:3], indirect=True)
def test_deferred_pause_between_points_loses_nothing(
    engine: Any, docs: Any, later: Any, detector: Any
) -> None:
    later(lambda: len(docs.of("event")) == 1, lambda: engine.request_pause(defer=True))
    with pytest.raises(RunEngineInterrupted):
        engine(bp.count([detector], num=4, delay=0.05))
    engine.resume()
    assert docs.exit_status == "success"
    assert [event["seq_num"] for event in docs.of("event")] == [1, 2, 3, 4]
    assert len(set(docs.slots)) == 4


def test_series_whose_triggers_ran_out_goes_on_in_another(bench: Any, engine: Any, docs: Any) -> None:
    from id3c_data.devices import declare_points

    detector = bench.detector(series="run")
    engine.preprocessors.append(declare_points)

    def plan() -> Any:
        yield from bps.open_run(md={"num_points": 2})
        for _ in range(3):
            yield from bps.trigger_and_read([detector])
        yield from bps.close_run()

    engine(stage_wrapper(plan(), [detector]))
    masters = [path for path, _ in docs.slots]
    assert [slot for _, slot in docs.slots] == [0, 1, 0]
    assert masters[0] == masters[1] != masters[2]
    assert len(docs.of("resource")) == 2


def test_declared_series_ends_by_itself(bench: Any, engine: Any, docs: Any) -> None:
    from id3c_data.devices import declare_points

    engine.preprocessors.append(declare_points)
    engine(bp.count([bench.detector(series="run")], num=3))
    assert bench.get("cam1:StatusMessage_RBV", as_string=True) == "Ready"
    (descriptor,) = docs.of("descriptor")
    assert descriptor["configuration"]["eiger2"]["data"]["eiger2_cam_num_triggers"] == 3


def test_number_of_triggers_of_a_declared_run_is_put_back(bench: Any, engine: Any) -> None:
    from id3c_data.devices import declare_points

    bench.put("cam1:NumTriggers", 1000)  # what a run that does not know its points is armed for
    engine.preprocessors.append(declare_points)
    engine(bp.count([bench.detector(series="run")], num=2))
    assert bench.get("cam1:NumTriggers") == 1000


def test_long_last_point_of_a_declared_run_is_taken_again_after_a_pause(
    bench: Any, engine: Any, docs: Any, later: Any
) -> None:
    from id3c_data.devices import declare_points

    detector = bench.detector(series="run", timeout=1.0)
    slow(bench)
    engine.preprocessors.append(declare_points)
    later(exposing(bench, detector), engine.request_pause)
    with pytest.raises(RunEngineInterrupted):
        engine(bp.count([detector]))
    engine.resume()
    assert docs.exit_status == "success"
    assert len(docs.of("event")) == 1


def test_stop_fails_the_exposure_under_way(bench: Any) -> None:
    detector = bench.detector(writer="hdf5")
    slow(bench)
    detector.stage()
    status = detector.trigger()
    wait_until(lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering")
    detector.stop()
    with pytest.raises(DetectorFault, match="called off: stop was called"):
        status.wait(10)
    assert bench.idle
    detector.unstage()


def test_unstaged_exposure_is_no_success_for_who_waits_for_it(bench: Any) -> None:
    detector = bench.detector(writer="hdf5")
    slow(bench)
    detector.stage()
    status = detector.trigger()
    wait_until(lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering")
    detector.unstage()
    with pytest.raises(DetectorFault, match="called off: the detector was unstaged"):
        status.wait(10)
    assert bench.idle


def test_no_ghost_acquisition_after_an_unstage_in_mid_exposure(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    bench.put("cam1:AcquirePeriod", 0.5)
    detector.stage()
    detector.trigger()
    wait_until(lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering")
    detector.unstage()
    bench.put("cam1:AcquirePeriod", 0.01)
    before = bench.get("cam1:SequenceId")
    engine(bp.count([detector], num=2))
    assert len(docs.of("event")) == 2
    assert bench.get("cam1:SequenceId") == before + 2


def test_no_ghost_acquisition_after_an_unstage_while_arming(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector(writer="hdf5")
    for _ in range(5):
        detector.stage()
        detector.trigger()
        detector.unstage()
    before = bench.get("cam1:SequenceId")
    engine(bp.count([detector], num=2))
    assert len(docs.of("event")) == 2
    assert bench.get("cam1:SequenceId") == before + 2


def test_live_view_is_stopped_for_a_run(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    bench.put("cam1:NumImages", 1000)
    bench.pv("cam1:Acquire").put(1)
    wait_until(lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering")
    engine(bp.count([detector], num=2))
    assert docs.exit_status == "success"
    bench.put("cam1:NumImages", 1)
