"""What goes wrong is an error with place, message and next step; the next run is as good as any."""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import stage_wrapper

from id3c_data.devices import declare_points
from id3c_data.devices._settings import apply_settings
from id3c_data.errors import (
    ConfigError,
    DetectorFault,
    DetectorTimeout,
    FileNameTaken,
    FramesMissing,
    Id3cDataError,
)

from .conftest import cause, unreadable, wait_until


def failure(engine: Any, plan: Any) -> Id3cDataError:
    """The error of our own that a plan ends with."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 (a status wraps it)
        engine(plan)
    error = cause(raised.value)
    assert isinstance(error, Id3cDataError)
    assert error.what
    assert error.where
    assert error.next_step
    return error


def test_refused_arm(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    bench.put("Sim:FailArm", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, DetectorFault)
    assert error.where == f"{bench.ioc.prefix}cam1:StatusMessage_RBV"
    assert "'Failed to arm the detector'" in error.what
    assert (docs.of("event"), docs.exit_status) == ([], "fail")
    bench.put("Sim:FailArm", 0)
    engine(bp.count([detector]))
    assert len(docs.of("event")) == 1


@pytest.mark.parametrize("writer", ["dcu", "hdf5"])
def test_folder_that_the_ioc_does_not_have(writer: str, bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector(writer=writer)
    bench.put("Sim:RefusePath", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, DetectorFault)
    assert error.where.endswith(":FilePath")
    assert "write_path_template" in error.next_step
    assert not docs
    bench.put("Sim:RefusePath", 0)
    engine(bp.count([detector]))
    assert docs.exit_status == "success"


def test_folder_that_goes_away_during_a_run(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.trigger_and_read([detector])
        bench.put("Sim:RefusePath", 1)
        yield from bps.trigger_and_read([detector])

    error = failure(engine, stage_wrapper(plan(), [detector]))
    assert "'Invalid file path'" in error.what
    assert len(docs.of("event")) == 1


@pytest.mark.fault("DCU drops one data file", injected="`Sim:DropFile`: data file 1 never appears on the DCU")
def test_data_file_that_the_dcu_never_makes(bench: Any, engine: Any, docs: Any, fault_report: Any) -> None:
    detector = bench.detector()
    bench.put("Sim:DropFile", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FramesMissing)
    assert error.where.endswith("_data_000001.h5")
    assert "is not there" in error.what
    assert docs.of("event") == []
    assert str(error) in docs.of("stop")[0]["reason"]
    assert bench.idle
    fault_report(error, lost=[0])


@pytest.mark.fault(
    "data file half-written, and then nothing", injected="`Sim:HalfFile`: saving data file 1 ends half-way"
)
def test_data_file_that_ends_half_way(bench: Any, engine: Any, docs: Any, fault_report: Any) -> None:
    detector = bench.detector()
    bench.put("Sim:HalfFile", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FramesMissing)
    assert "of its" in error.what
    assert docs.of("event") == []
    fault_report(error, lost=[0])


def test_missing_file_of_a_run_series_is_told_when_the_run_ends(bench: Any, engine: Any) -> None:
    detector = bench.detector(series="run")
    bench.put("Sim:DropFile", 1)
    error = failure(engine, bp.count([detector], num=2))
    assert isinstance(error, FramesMissing)
    assert error.where.endswith("_data_000001.h5")
    assert bench.idle


def test_missing_file_of_a_series_that_is_over_fails_its_last_point(
    bench: Any, engine: Any, docs: Any
) -> None:
    engine.preprocessors.append(declare_points)
    detector = bench.detector(series="run")
    bench.put("Sim:DropFile", 1)
    error = failure(engine, bp.count([detector], num=2))
    assert isinstance(error, FramesMissing)
    assert docs.exit_status == "fail"
    assert len(docs.of("event")) == 1


def test_file_that_is_missing_where_the_read_side_is_not_mounted(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector(read_path_template="/nowhere/eiger2/%Y/%m/")
    bench.put("Sim:DropFile", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FramesMissing)
    assert error.where.endswith("cam1:FullFileName_RBV")
    assert docs.of("event") == []


@pytest.mark.fault("read mount absent", injected="the read template names a folder that is not there")
def test_read_side_that_is_not_mounted_makes_points_unverified_visibly(
    bench: Any, engine: Any, docs: Any, caplog: pytest.LogCaptureFixture, fault_report: Any
) -> None:
    with caplog.at_level(logging.WARNING, "id3c_data.devices"):
        engine(bp.count([bench.detector(read_path_template="/nowhere/eiger2/%Y/%m/")], num=2))
    (descriptor,) = docs.of("descriptor")
    assert descriptor["configuration"]["eiger2"]["data"]["eiger2_files_verified"] == "unverified"
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "/nowhere/eiger2 is not mounted here"
    ]
    fault_report(caplog.messages[0], lost=unreadable(bench.folder, 2))


def test_read_side_that_is_another_folder(bench: Any, engine: Any, docs: Any, tmp_path: Any) -> None:
    detector = bench.detector(read_path_template=f"{tmp_path}/%Y/%m/", file_timeout=0.3)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FramesMissing)
    assert "read template" in error.next_step
    assert docs.of("event") == []


@pytest.mark.parametrize("series", ["point", "run"])
def test_frame_that_the_plugin_drops(series: str, bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector(writer="hdf5", series=series)
    bench.put("Sim:DropArrays", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FramesMissing)
    assert error.where.endswith("HDF1:DroppedArrays_RBV")
    docs.clear()
    engine(bp.count([detector], num=2))
    assert len(docs.of("event")) == 2


def test_frame_whose_statistics_are_lost(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    bench.put("Sim:DropArrays", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FramesMissing)
    assert error.where.endswith("Stats1:UniqueId_RBV")
    assert docs.of("event") == []


def test_statistics_of_an_older_frame_with_a_larger_id_are_not_taken(
    bench: Any, engine: Any, docs: Any
) -> None:
    detector = bench.detector(timeout=1.5)
    engine(bp.count([detector], num=2))
    docs.clear()
    before = bench.get("Stats1:NDArrayPort")
    bench.put("cam1:ArrayCounter", 0)
    bench.put("Stats1:NDArrayPort", "NOBODY")
    error = failure(engine, bp.count([detector]))
    bench.put("Stats1:NDArrayPort", before)
    assert isinstance(error, FramesMissing)
    assert error.where.endswith("Stats1:UniqueId_RBV")
    assert docs.of("event") == []


def test_plugin_that_listens_to_another_port(bench: Any, engine: Any) -> None:
    detector = bench.detector(writer="hdf5", file_timeout=0.5)
    before = bench.get("HDF1:NDArrayPort")
    bench.put("HDF1:NDArrayPort", "NOBODY")
    error = failure(engine, bp.count([detector]))
    bench.put("HDF1:NDArrayPort", before)
    assert isinstance(error, FramesMissing)
    assert "HDF1:NDArrayPort" in error.next_step


def test_driver_that_hangs_is_said_to_hang(bench: Any, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("id3c_data.devices._acquisition._STOP_PATIENCE_S", 0.5)
    detector = bench.detector(timeout=0.5)
    bench.put("Sim:Hang", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, DetectorTimeout)
    assert "the driver hangs" in error.what
    assert "restart the IOC" in error.next_step


def test_acquisition_that_somebody_else_stops(bench: Any, engine: Any, docs: Any, later: Any) -> None:
    detector = bench.detector()
    bench.put("cam1:AcquirePeriod", 5.0)
    later(
        lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering",
        lambda: bench.pv("cam1:Acquire").put(0),
    )
    error = failure(engine, bp.count([detector]))
    assert "stopped from elsewhere" in error.what
    assert "somebody wrote 0 to" in error.next_step
    assert docs.of("event") == []


def test_series_that_somebody_else_stops(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector(series="run")

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.trigger_and_read([detector])
        bench.pv("cam1:Acquire").put(0)
        wait_until(lambda: not bench.get("cam1:AcquireBusy"))
        yield from bps.trigger_and_read([detector])

    error = failure(engine, stage_wrapper(plan(), [detector]))
    assert "stopped from elsewhere" in error.what
    assert len(docs.of("event")) == 1


def test_name_that_is_taken_is_refused(bench: Any, engine: Any, docs: Any) -> None:
    from id3c_data.devices import Eiger2Detector

    class AlwaysTheSame(Eiger2Detector):
        def new_file_stem(self) -> str:
            return "same"

    detector = bench.detector(AlwaysTheSame)
    engine(bp.count([detector]))
    docs.clear()
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FileNameTaken)
    assert error.where.startswith(f"{bench.folder}/")
    assert not docs


def test_name_that_is_taken_is_refused_where_the_read_side_is_not_mounted(bench: Any, engine: Any) -> None:
    from id3c_data.devices import Eiger2Detector

    class AlwaysTheSame(Eiger2Detector):
        def new_file_stem(self) -> str:
            return "same_again"

    detector = bench.detector(AlwaysTheSame, read_path_template="/nowhere/eiger2/%Y/%m/")
    engine(bp.count([detector]))
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, FileNameTaken)
    assert error.where.startswith("/detector/data/")


def initialize(bench: Any) -> None:
    """Initialise the detector, and wait until it counts its series from the beginning."""
    bench.put("cam1:Initialize", 1)
    wait_until(lambda: bench.get("cam1:SequenceId") == 0)


def test_detector_that_was_initialised_during_a_run_writes_nothing_over(
    bench: Any, engine: Any, docs: Any
) -> None:
    detector = bench.detector()

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.trigger_and_read([detector])
        taken = bench.get("cam1:SequenceId")
        initialize(bench)
        for _ in range(taken):
            yield from bps.trigger_and_read([detector])

    initialize(bench)
    error = failure(engine, stage_wrapper(plan(), [detector]))
    assert isinstance(error, FileNameTaken)
    assert len(docs.of("event")) == 1


def test_run_series_refuses_another_source_than_the_stream(bench: Any, engine: Any) -> None:
    error = failure(engine, bp.count([bench.detector(series="run", data_source="FileWriter")]))
    assert isinstance(error, DetectorFault)
    assert error.where.endswith("cam1:DataSource")


def test_statistics_without_a_data_source_are_refused(bench: Any, engine: Any) -> None:
    assert isinstance(failure(engine, bp.count([bench.detector(data_source="None")])), ConfigError)


@pytest.mark.parametrize("source", ["FileWriter", "None"])
def test_point_series_work_with_any_source(source: str, bench: Any, engine: Any, docs: Any) -> None:
    hinted = [] if source == "None" else ["stats1.total"]
    engine(bp.count([bench.detector(data_source=source, hinted=hinted, num_images=3)], num=2))
    assert docs.exit_status == "success"
    assert len(bench.files) == 4


def test_reading_without_an_exposure_is_refused(bench: Any) -> None:
    detector = bench.detector()
    detector.stage()
    with pytest.raises(DetectorFault, match="no frames to read"):
        detector.read()
    detector.unstage()


def test_trigger_without_staging_is_refused(bench: Any) -> None:
    with pytest.raises(DetectorFault, match="not staged"):
        bench.detector().trigger()


def test_files_that_no_one_may_read(bench: Any, engine: Any) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    detector = bench.detector(file_timeout=0.3)
    bench.put("cam1:FilePerms", 0)
    error = failure(engine, bp.count([detector]))
    bench.put("cam1:FilePerms", 0o644)
    assert "cannot be read" in error.what


@pytest.mark.parametrize("mode", [{"series": "run"}, {"writer": "hdf5"}], ids=str)
def test_second_threshold_is_refused_where_frames_are_counted(
    mode: dict[str, str], bench: Any, engine: Any, docs: Any
) -> None:
    detector = bench.detector(**mode)
    bench.put("cam1:Threshold2Enable", 1)
    error = failure(engine, bp.count([detector]))
    assert isinstance(error, ConfigError)
    assert error.where.endswith("cam1:Threshold2Enable")
    assert not docs


def test_second_threshold_that_the_legacy_layout_leaves_out_is_said_once(
    bench: Any, engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    detector = bench.detector(hinted=[])
    bench.put("cam1:Threshold2Enable", 1)
    with caplog.at_level(logging.WARNING, "id3c_data.devices"):
        engine(bp.count([detector], num=2))
    assert [record.getMessage() for record in caplog.records] == [
        "eiger2: the legacy layout records the first threshold only, not threshold_2"
    ]


def test_refused_setting_leaves_the_others_as_they_were(bench: Any) -> None:
    bench.set("cam1:NumImages", 7)
    bench.set("cam1:FWNamePattern", "short_$id")
    detector = bench.detector()
    too_long = 300 * "x"
    with pytest.raises(DetectorFault, match="'short_\\$id' instead of"):
        apply_settings({detector.cam.num_images: 3, detector.cam.fw_name_pattern: too_long})
    wait_until(lambda: bench.get("cam1:NumImages_RBV") == 7)
    assert bench.get("cam1:FWNamePattern_RBV", as_string=True) == "short_$id"
