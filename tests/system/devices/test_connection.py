"""Connecting: all PVs, other generations of the driver, a fresh boot, an IOC that goes and comes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import stage_wrapper
from epics import ca
from ophyd.device import Staged

from id3c_data.devices import Eiger2Cam, Eiger2Detector
from id3c_data.errors import ConfigError, DetectorFault, DetectorTimeout, DeviceError, Id3cDataError
from id3c_data.testing import CaPorts, running_ioc

from .conftest import PERIOD_S, SIZE, VIEW, Bench, cause, unreadable, wait_until


@pytest.mark.parametrize(("writer", "series"), [("dcu", "point"), ("hdf5", "run")])
def test_freshly_booted_ioc_needs_no_priming(
    writer: str, series: str, fresh_bench: Bench, engine: Any, docs: Any
) -> None:
    engine(bp.count([fresh_bench.detector(writer=writer, series=series)], num=2))
    assert docs.exit_status == "success"
    assert len(docs.of("event")) == 2


def test_stream_declared_before_the_first_exposure_has_the_true_type(
    fresh_bench: Bench, engine: Any, docs: Any
) -> None:
    detector = fresh_bench.detector(writer="hdf5")

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.declare_stream(detector, name="primary")
        yield from bps.trigger_and_read([detector])
        yield from bps.close_run()

    engine(stage_wrapper(plan(), [detector]))
    (descriptor,) = docs.of("descriptor")
    assert descriptor["data_keys"]["eiger2_image"]["dtype_numpy"] == "<u4"
    assert docs.exit_status == "success"  # the type that the plugin wrote was held against it


def test_all_signals_connect(fresh_bench: Bench) -> None:
    detector = fresh_bench.detector()
    detector.wait_for_connection(all_signals=True, timeout=30)
    assert detector.connected


def test_a_type_that_pyepics_asked_for_too_early_is_put_right(fresh_bench: Bench) -> None:
    detector = fresh_bench.detector()
    detector.wait_for_connection(timeout=30)
    pv = detector.stats1.enable._write_pv
    pv.ftype = ca.promote_fieldtype(-1, use_time=True)  # -1: not connected yet
    with pytest.raises(ValueError, match="invalid literal"):
        pv.put("Enable")
    detector.wait_for_connection(timeout=30)
    detector.stats1.enable.set("Enable").wait(10)


@pytest.fixture
def old_bench(ca_ports: CaPorts, tmp_path: Any) -> Iterator[Bench]:
    """An IOC with the driver before R3-6."""
    with running_ioc(
        ports=ca_ports,
        size=SIZE,
        arm_time_s=0.03,
        rate_hz=1 / PERIOD_S,
        mounts={VIEW: tmp_path},
        driver="3.5",
    ) as ioc:
        bench = Bench(ioc, tmp_path)
        yield bench
        bench.release()


def test_signals_that_an_older_driver_lacks_are_dropped_with_a_log_line(
    old_bench: Bench, engine: Any, docs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "id3c_data.devices"):
        detector = old_bench.detector()
        detector.wait_for_connection(all_signals=True, timeout=30)
    assert detector.cam.signed_data is None
    assert detector.cam.fw_hdf5_format is None
    assert "FWHDF5Format" in caplog.text
    assert "signed_data" in Eiger2Cam.component_names  # other devices of the class keep it
    engine(bp.count([detector]))
    (descriptor,) = docs.of("descriptor")
    assert "eiger2_cam_signed_data" not in descriptor["configuration"]["eiger2"]["data"]


def test_signals_that_an_older_driver_lacks_are_none_once_the_device_has_connected(old_bench: Bench) -> None:
    detector = old_bench.detector()
    detector.wait_for_connection(timeout=30)
    assert detector.cam.fw_hdf5_format is None


def test_ioc_on_windows_is_followed(ca_ports: CaPorts, tmp_path: Path, engine: Any, docs: Any) -> None:
    view = "D:\\data"
    with running_ioc(ports=ca_ports, size=SIZE, arm_time_s=0.03, mounts={view: tmp_path}) as ioc:
        bench = Bench(ioc, tmp_path)
        detector = bench.detector(write_path_template=f"{view}\\%Y\\%m\\", path_semantics="windows")
        engine(bp.count([detector]))
        engine(bps.mv(detector.writer, "hdf5"))
        engine(bp.count([detector]))
        bench.release()
    assert [doc["exit_status"] for doc in docs.of("stop")] == ["success", "success"]
    assert {str(tmp_path / path) for path, _ in docs.slots} <= {str(file) for file in bench.files}


KILLED_ARMED = pytest.mark.fault("IOC killed while armed", injected="`Sim:Die`: the process ends when armed")
KILLED_DOWNLOADING = pytest.mark.fault(
    "IOC killed while downloading", injected="`Sim:Die`: the process ends when half of a file is saved"
)


@pytest.mark.parametrize(
    ("when", "writer", "series"),
    [
        pytest.param("Armed", "hdf5", "point", marks=KILLED_ARMED),
        pytest.param("Armed", "dcu", "run", marks=KILLED_ARMED),
        pytest.param("Downloading", "dcu", "point", marks=KILLED_DOWNLOADING),
    ],
)
def test_ioc_that_dies_fails_the_point_at_once(
    when: str, writer: str, series: str, fresh_bench: Bench, engine: Any, docs: Any, fault_report: Any
) -> None:
    detector = fresh_bench.detector(writer=writer, series=series, timeout=60.0)
    fresh_bench.put("Sim:Die", when)
    with pytest.raises(Exception) as raised:  # noqa: PT011 (a status wraps it)
        engine(bp.count([detector]))
    error = cause(raised.value)
    assert isinstance(error, DetectorFault)
    assert "the IOC is gone" in error.what
    assert fresh_bench.ioc.prefix in error.where
    (start,), (stop,) = docs.of("start"), docs.of("stop")
    assert stop["time"] - start["time"] < 10
    assert docs.of("event") == []
    # how many PVs are named differs: all that broke by then
    fault_report(f"ioc:cam1:…: {error.what}; {error.next_step}", lost=unreadable(fresh_bench.folder, 1))


@pytest.mark.parametrize(("writer", "series"), [("hdf5", "point"), ("hdf5", "run"), ("dcu", "run")])
def test_ioc_that_dies_between_the_last_event_and_unstaging_is_no_success(
    writer: str, series: str, fresh_bench: Bench, engine: Any, docs: Any
) -> None:
    detector = fresh_bench.detector(writer=writer, series=series)

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.trigger_and_read([detector])
        fresh_bench.ioc.kill()
        wait_until(lambda: not detector.cam.acquire.connected)

    with pytest.raises(DetectorFault, match="the files of this run were not looked at") as raised:
        engine(stage_wrapper(plan(), [detector]))
    assert raised.value.where == fresh_bench.ioc.prefix
    assert len(docs.of("event")) == 1
    assert detector._staged is Staged.no


@pytest.mark.fault("IOC killed between points", injected="SIGKILL after the first of two points")
def test_run_after_the_ioc_came_back_is_whole(
    ca_ports: CaPorts, tmp_path: Any, engine: Any, docs: Any, fault_report: Any
) -> None:
    settings = {"ports": ca_ports, "size": SIZE, "arm_time_s": 0.03, "mounts": {VIEW: tmp_path}}
    with running_ioc(prefix="back:", **settings) as ioc:
        bench = Bench(ioc, tmp_path)
        detector = bench.detector()

        def plan() -> Any:
            yield from bps.open_run()
            yield from bps.trigger_and_read([detector])
            ioc.kill()
            wait_until(lambda: not detector.cam.acquire.connected)
            yield from bps.trigger_and_read([detector])

        with pytest.raises(Exception, match="ExposureStatus") as raised:
            engine(stage_wrapper(plan(), [detector]))
        error, lost = cause(raised.value, Id3cDataError), unreadable(tmp_path, 1)
    with running_ioc(prefix="back:", **settings):
        wait_until(lambda: detector.connected, 20)
        docs.clear()
        engine(bp.count([detector], num=2))
        assert docs.exit_status == "success"
        assert len(docs.of("event")) == 2
        bench.release()
    fault_report(error, lost=lost, hide={"back:": "ioc:"})


def test_ioc_that_was_restarted_before_the_run_was_closed_is_no_success(
    ca_ports: CaPorts, tmp_path: Any, engine: Any, docs: Any
) -> None:
    settings = {"ports": ca_ports, "size": SIZE, "arm_time_s": 0.03, "mounts": {VIEW: tmp_path}}
    with contextlib.ExitStack() as iocs:
        ioc = iocs.enter_context(running_ioc(prefix="again:", **settings))
        bench = Bench(ioc, tmp_path)
        detector = bench.detector(series="run")

        def plan() -> Any:
            yield from bps.open_run()
            yield from bps.trigger_and_read([detector])
            ioc.kill()
            wait_until(lambda: not detector.cam.acquire.connected)
            iocs.enter_context(running_ioc(prefix="again:", **settings))
            wait_until(lambda: detector.connected, 20)

        with pytest.raises(DeviceError):
            engine(stage_wrapper(plan(), [detector]))
        assert len(docs.of("event")) == 1
        bench.release()


def test_ioc_that_is_not_there_is_said_at_staging(
    fresh_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("id3c_data.devices._base._CONNECT_S", 0.5)
    detector = Eiger2Detector(**{**fresh_bench.arguments, "prefix": "nobody:"})
    with pytest.raises(DetectorTimeout, match="no answer within"):
        detector.stage()
    detector.destroy()


@pytest.mark.parametrize(
    "wrong",
    [
        *({"timeout": value} for value in ("30", 0, True)),
        {"file_timeout": -1},
        {"swmr": "no"},
        *({"hinted": value} for value in ("stats1.total", [3], ["cam"], ["stats1.totl"])),
    ],
    ids=str,
)
def test_wrong_argument_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Eiger2Detector("nobody:", name="e", write_path_template="/a/", read_path_template="/b/", **wrong)
