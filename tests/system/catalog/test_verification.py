"""Whether the verification of runs finds what is missing, damaged, or said twice, and nothing else."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result

from id3c_data.catalog import Catalog, Server, Subscription
from id3c_data.cli import main
from id3c_data.errors import CatalogError
from id3c_data.sim import DcuWriter, FrameModel, LegacyWriter, NexusWriter, Series, SeriesFiles
from id3c_data.testing.catalog import RunDocuments
from id3c_data.verify import RunReport, repair, verify_run

Write = Callable[..., SeriesFiles]


@pytest.fixture
def taken(subscription: Subscription, cat: Catalog, folder: Path, model: FrameModel) -> Callable[..., Any]:
    """Writes a run of so many events over one master, and returns it."""

    def take(files: SeriesFiles, events: int, **more: Any) -> Any:
        emit = more.pop("emit", subscription)
        run = RunDocuments(emit, root=folder, frame_shape=model.shape, **more)
        resource = run.resource(files.master)
        for slot in range(events):
            run.event(resource, slot)
        run.stop()
        subscription.wait(30)
        return cat[run.uid]

    return take


@pytest.fixture
def command(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ``id3c-data verify`` for the session's catalog."""
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", server.uri)
    monkeypatch.setenv("TILED_API_KEY", server.api_key)
    return lambda *arguments: CliRunner().invoke(main, ["verify", *map(str, arguments)])


def counted(report: RunReport) -> list[tuple[int, int, int, int]]:
    return [(c.promised, c.in_masters, c.in_files, c.decoded) for c in report.frames]


def problems(report: RunReport) -> list[str]:
    return [str(finding) for finding in report.findings if finding.severity == "problem"]


def damage(file: Path, frame: int) -> None:
    """Flip bits in the middle of a frame's chunk."""
    with h5py.File(file) as opened:
        chunk = opened["entry/data/data"].id.get_chunk_info(frame)
    with file.open("r+b") as raw:
        raw.seek(chunk.byte_offset + 12)
        flipped = bytes(value ^ 0xFF for value in raw.read(chunk.size - 12))
        raw.seek(chunk.byte_offset + 12)
        raw.write(flipped)


def test_a_run_that_is_whole_has_four_equal_counts_and_no_finding(taken: Any, series: Write) -> None:
    report = verify_run(taken(series(1, images=6, per_file=2), 3, frames_per_event=2))
    assert counted(report) == [(6, 6, 6, 6)]
    assert (report.findings, report.too_long, report.well) == ((), {}, True)


def test_progress_ends_with_all_frames(taken: Any, series: Write) -> None:
    told: list[tuple[int, int]] = []
    verify_run(taken(series(1, images=4), 4), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (4, 4)


def test_a_missing_data_file_is_told_by_event_frame_and_file(taken: Any, series: Write) -> None:
    files = series(1, images=6, per_file=2)
    run = taken(files, 6)
    files.data[1].unlink()
    report = verify_run(run)
    assert counted(report) == [(6, 6, 4, 4)]
    missing = [finding for finding in report.findings if finding.what.startswith("missing")]
    assert [(finding.event, finding.frame) for finding in missing] == [(3, 2), (4, 3)]
    assert all(files.data[1].name in str(finding) for finding in missing)
    assert not report.too_long


def test_a_damaged_frame_is_told_and_the_others_are_counted(taken: Any, series: Write) -> None:
    files = series(1, images=5)
    run = taken(files, 5)
    damage(files.data[0], 2)
    report = verify_run(run)
    assert counted(report) == [(5, 5, 5, 4)]
    (finding,) = report.findings
    assert finding.what.startswith("damaged: ")
    assert (finding.event, finding.frame, finding.file) == (3, 2, str(files.data[0]))


@pytest.mark.parametrize("layout", [LegacyWriter, NexusWriter])
def test_gaps_of_image_numbers_are_told(
    layout: type[DcuWriter], taken: Any, folder: Path, model: FrameModel
) -> None:
    files = layout(folder, Series("run_1", 1, 4, 2), model).write_series()
    run = taken(files, 4)
    assert verify_run(run).well
    with h5py.File(files.data[1], "r+") as file:
        file["entry/data/data"].attrs["image_nr_low"] = np.uint64(5)
        file["entry/data/data"].attrs["image_nr_high"] = np.uint64(6)
    told = f"2 images numbered 5 to 6, 3 is next ({files.data[1]})"
    assert any(told in problem for problem in problems(verify_run(run)))


def test_data_files_without_numbers_are_no_problem(taken: Any, series: Write) -> None:
    files = series(1, images=4, per_file=2)
    with h5py.File(files.data[0], "r+") as file:
        del file["entry/data/data"].attrs["image_nr_low"]
    assert verify_run(taken(files, 4)).well


def test_numbers_after_a_missing_data_file_are_no_gap(taken: Any, series: Write) -> None:
    files = series(1, images=6, per_file=2)
    files.data[1].unlink()
    assert not any("numbered" in problem for problem in problems(verify_run(taken(files, 6))))


@pytest.mark.fault("master replaced by another run's", injected="another series' master is copied over it")
def test_the_master_of_another_series_in_its_place_is_told(
    taken: Any, series: Write, fault_report: Any
) -> None:
    files, others = series(1, images=2), series(2, images=2)
    run = taken(files, 2)
    files.master.write_bytes(others.master.read_bytes())
    (problem,) = problems(verify_run(run))
    assert f"the master of another series: it leads to {others.data[0].name}" in problem
    fault_report(problem, lost="what was overwritten")


@pytest.mark.fault(
    "master replaced by another run's", injected="files of another run, hours older, have its names"
)
def test_a_master_that_is_hours_older_than_its_run_is_told(
    taken: Any, series: Write, fault_report: Any
) -> None:
    files = series(1, images=2)
    run = taken(files, 2)
    older = run.metadata["start"]["time"] - 3 * 3600
    os.utime(files.master, (older, older))
    (problem,) = problems(verify_run(run))
    assert "was written to 3.0 h before the run began: it may be another run's" in problem
    fault_report(problem, lost="what was overwritten")


@pytest.mark.parametrize("by_s", [-3600, 3600], ids=["behind", "ahead"])
def test_a_clock_that_is_an_hour_off_is_no_problem(by_s: int, taken: Any, series: Write) -> None:
    files = series(1)
    run = taken(files, 1)
    when = run.metadata["start"]["time"] + by_s
    os.utime(files.master, (when, when))
    assert verify_run(run).findings == ()


def test_frames_of_another_size_are_told(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=(60, 90))
    run.event(run.resource(series(1).master))
    run.stop()
    subscription.wait(30)
    first, *_ = problems(verify_run(cat[run.uid]))
    assert "frames of (60, 80) uint32, where (60, 90) uint32 is promised" in first


def test_a_stop_document_that_tells_of_other_events_is_a_problem(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    run.event(run.resource(series(1).master))
    run.events = 3
    run.stop()
    subscription.wait(30)
    (problem,) = problems(verify_run(cat[run.uid]))
    assert problem.startswith("primary: the stop document tells of 3 events, the last is 1")


def test_a_point_that_was_taken_again_is_a_note(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    resource = run.resource(series(1, images=3).master)
    run.event(resource, 0)
    run.events = 0
    run.event(resource, 1)
    run.stop()
    subscription.wait(30)
    report = verify_run(cat[run.uid])
    assert report.well
    again, more = [finding.what for finding in report.findings]
    assert again == "events that are there more than once, as after a pause: 1"
    assert more == "the master has 1 frames that no event refers to"


def test_a_run_without_a_stop_document_is_told(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    run.event(run.resource(series(1).master))
    subscription.wait(30)
    (problem,) = problems(verify_run(cat[run.uid]))
    run.stop()
    assert "no stop document" in problem


def test_events_that_were_never_written_are_taken_out_and_noted(
    taken: Any, series: Write, cat: Catalog
) -> None:
    run = taken(series(1, images=5, taken=3), 5)
    report = verify_run(run)
    assert report.too_long == {("primary", "eiger2_image"): 3}
    before = run.primary["eiger2_image"][:3].read()
    (note,) = repair(run, report)
    run = cat[report.uid]
    assert run.metadata["notes"] == [note]
    assert "shortened from 5 to 3 events" in note
    assert np.array_equal(run.primary["eiger2_image"].read(), before)
    again = verify_run(run)
    assert (counted(again), again.too_long, again.well) == ([(3, 3, 3, 3)], {}, True)
    first, *_ = again.findings
    assert first.severity == "note"
    assert first.what == f"2 of 5 events in the table have no images; {note}"


def test_nothing_is_shortened_where_the_disk_is_not_mounted(taken: Any, series: Write, folder: Path) -> None:
    run = taken(series(1, images=2), 2)
    folder.rename(folder.with_name(f"{folder.name}-away"))
    report = verify_run(run)
    assert counted(report) == [(2, 0, 0, 0)]
    assert not report.too_long
    assert repair(run, report) == []


def test_masters_of_points_that_were_never_taken_are_taken_out(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    for number in (1, 2):
        run.event(run.resource(series(number).master, series="point"))
    run.event(run.resource(folder / "run_3_master.h5", series="point"))
    run.stop(exit_status="abort")
    subscription.wait(30)
    report = verify_run(cat[run.uid])
    assert report.too_long == {("primary", "eiger2_image"): 2}
    repair(cat[run.uid], report)
    assert cat[run.uid].primary["eiger2_image"].shape[0] == 2


def test_data_of_other_detectors_are_checked_as_bluesky_does(
    subscription: Subscription, cat: Catalog, folder: Path
) -> None:
    """A run of an ophyd-async HDF5 writer: one resource of the run, and what its events have of it."""
    file = folder / "other.h5"
    with h5py.File(file, "w") as opened:
        frames = np.arange(3 * 4 * 5, dtype="<u2").reshape(3, 4, 5)
        opened.create_dataset("entry/data/data", data=frames, chunks=(1, 4, 5))
    uid, descriptor, resource = (str(uuid.uuid4()) for _ in range(3))
    key = {"source": "other", "dtype": "array", "shape": [4, 5], "dtype_numpy": "<u2"}
    documents: list[tuple[str, dict[str, Any]]] = [
        ("start", {"uid": uid, "time": time.time(), "scan_id": 1}),
        (
            "descriptor",
            {
                "uid": descriptor,
                "run_start": uid,
                "time": time.time(),
                "name": "primary",
                "data_keys": {"other": {**key, "external": "STREAM:"}},
                "object_keys": {"other": ["other"]},
                "configuration": {},
                "hints": {},
            },
        ),
        (
            "stream_resource",
            {
                "uid": resource,
                "run_start": uid,
                "data_key": "other",
                "mimetype": "application/x-hdf5",
                "uri": file.as_uri().replace("file:///", "file://localhost/"),
                "parameters": {"dataset": "/entry/data/data", "chunk_shape": [1, 4, 5]},
            },
        ),
        (
            "stream_datum",
            {
                "uid": f"{resource}/0",
                "stream_resource": resource,
                "descriptor": descriptor,
                "indices": {"start": 0, "stop": 3},
                "seq_nums": {"start": 1, "stop": 4},
            },
        ),
        (
            "stop",
            {
                "uid": str(uuid.uuid4()),
                "run_start": uid,
                "time": time.time(),
                "exit_status": "success",
                "num_events": {},
            },
        ),
    ]
    for name, document in documents:
        subscription(name, document)
    subscription.wait(30)
    assert verify_run(cat[uid]).findings == ()
    file.unlink()
    (problem,) = problems(verify_run(cat[uid]))
    assert problem.startswith("primary other: validate_")
    assert "`bluesky_tiled_plugins` has checked it" in problem


def test_a_damaged_last_frame_is_no_frame_that_was_never_written(taken: Any, series: Write) -> None:
    files = series(1, images=3)
    run = taken(files, 3)
    damage(files.data[0], 2)
    assert not verify_run(run).too_long


def test_a_run_that_goes_on_is_not_shortened(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    resource = run.resource(series(1, images=2, taken=1).master)
    run.event(resource, 0)
    run.event(resource, 1)
    subscription.wait(30)
    report = verify_run(cat[run.uid])
    with pytest.raises(CatalogError, match="may still come"):
        repair(cat[run.uid], report)
    run.stop()


def test_folders_are_found_by_a_path_map(taken: Any, series: Write, folder: Path) -> None:
    run = taken(series(1, images=2), 2)
    here = folder.with_name(f"{folder.name}-here")
    folder.rename(here)
    report = verify_run(run, path_map={str(folder): str(here)})
    assert counted(report) == [(2, 2, 2, 2)]


def test_the_command_says_ok_and_problems_by_its_exit_code(taken: Any, series: Write, command: Any) -> None:
    files = series(1, images=2)
    uid = taken(files, 2).metadata["start"]["uid"]
    result = command(uid[:8])
    assert (result.exit_code, result.output) == (
        0,
        f"run {uid} (scan 1, success): ok\n  primary eiger2_image: 2 frames, all there\n",
    )
    files.data[0].unlink()
    result = command("--last", 1, "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["frames"][0]["decoded"] == 0


def test_the_command_repairs(taken: Any, series: Write, command: Any) -> None:
    uid = taken(series(1, images=3, taken=2), 3).metadata["start"]["uid"]
    result = command(uid, "--repair")
    assert "repaired: primary/eiger2_image: shortened from 3 to 2 events" in result.output
    assert result.exit_code == 1


def test_the_command_finds_runs_by_their_date(taken: Any, series: Write, command: Any) -> None:
    start = taken(series(1), 1).metadata["start"]
    assert command("--since", "2100-01-01").output == ""
    just_before = datetime.fromtimestamp(start["time"]).strftime("%Y-%m-%dT%H:%M:%S")
    assert start["uid"] in command("--since", just_before, "--json").output


def test_the_command_could_not_run_where_there_is_no_such_run(command: Any) -> None:
    result = command("00000000")
    assert result.exit_code == 2
    assert "no run '00000000'" in result.output
