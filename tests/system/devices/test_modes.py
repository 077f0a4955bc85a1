"""Taking data in each mode: what lands on disk, and what the documents say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import event_model
import h5py
import hdf5plugin  # noqa: F401 (registers the filter that the files are compressed with)
import numpy as np
import pytest
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import stage_wrapper
from bluesky.utils import FailedStatus

from id3c_data.devices import declare_points
from id3c_data.sim import FrameModel

from .conftest import SIZE, VIEW, Bench, Documents, cause, running_engine, wait_until

MODES = [(writer, series) for writer in ("dcu", "hdf5") for series in ("point", "run")]
MODEL = FrameModel(*SIZE)
EVENTS, IMAGES = 3, 2


def frames_of(docs: Documents, folder: Path, images: int = 1) -> list[np.ndarray]:
    """The frames of each event, looked up by hand as the documents say."""
    found = []
    for path, slot in docs.slots:
        with h5py.File(folder / path) as file:
            data = file["entry/data"]
            there = [data.get(name) for name in sorted(data) if name.startswith("data")]  # some links dangle
            stack = np.concatenate([dataset[()] for dataset in there if dataset is not None])
        found.append(stack[slot * images : (slot + 1) * images])
    return found


@dataclass(frozen=True)
class Counted:
    """What a count of several images an event has left."""

    series: str
    docs: Documents
    sequence_id: int
    """The last series."""
    frames: list[np.ndarray]


@pytest.fixture(scope="module", params=MODES, ids="-".join)
def counted(request: pytest.FixtureRequest, shared_ioc: Any) -> Iterator[Counted]:
    """One count in each mode, which several tests look at."""
    writer, series = request.param
    bench, docs = Bench(shared_ioc, shared_ioc.mounts[VIEW]), Documents()
    detector = bench.detector(
        writer=writer,
        series=series,
        num_images=IMAGES,
        images_per_file=IMAGES,
        hinted=["stats1.total", "stats1.max_value"],
    )
    with running_engine() as engine:
        engine.preprocessors.append(declare_points)
        engine(bp.count([detector], num=EVENTS), lambda name, doc: docs(name, doc))
    sequence_id = bench.get("cam1:SequenceId")
    yield Counted(series, docs, sequence_id, frames_of(docs, bench.folder, IMAGES))
    bench.reset()


def test_run_is_a_success(counted: Counted) -> None:
    assert counted.docs.exit_status == "success"
    assert len(counted.docs.of("event")) == EVENTS


def test_each_event_has_its_own_frames_together(counted: Counted) -> None:
    last = counted.sequence_id
    for event, frames in enumerate(counted.frames):
        if counted.series == "point":
            wanted = [MODEL.frame(last - EVENTS + 1 + event, i + 1) for i in range(IMAGES)]
        else:
            wanted = [MODEL.frame(last, event * IMAGES + i + 1) for i in range(IMAGES)]
        assert np.array_equal(frames, wanted)


def test_shape_of_several_images_has_an_axis_for_them(counted: Counted) -> None:
    (descriptor,) = counted.docs.of("descriptor")
    key = descriptor["data_keys"]["eiger2_image"]
    assert (key["shape"], key["dims"]) == ([IMAGES, *SIZE], ["eiger2_frame", "eiger2_y", "eiger2_x"])


def test_statistics_are_those_of_the_events_last_frame(counted: Counted) -> None:
    last = [frames[-1] for frames in counted.frames]
    assert counted.docs.data("eiger2_stats1_total") == [float(frame.sum(dtype=float)) for frame in last]
    assert counted.docs.data("eiger2_stats1_max_value") == [float(frame.max()) for frame in last]


def test_documents_hold_together(counted: Counted) -> None:
    for name, doc in counted.docs:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)


@pytest.mark.parametrize(
    ("writer", "bits", "dtype"),
    [("dcu", 8, "|u1"), ("dcu", 16, "<u2"), ("dcu", 32, "<u4"), ("hdf5", 16, "<u2"), ("hdf5", 32, "<u4")],
)
def test_data_key_is_true_for_the_exposure(
    writer: str, bits: int, dtype: str, bench: Any, engine: Any, docs: Any
) -> None:
    bench.put("Sim:BitDepth", bits)
    engine(bp.count([bench.detector(writer=writer)], num=1))
    (descriptor,) = docs.of("descriptor")
    key = descriptor["data_keys"]["eiger2_image"]
    (frame,) = frames_of(docs, bench.folder)
    assert (key["dtype_numpy"], key["shape"], key["dims"]) == (dtype, list(SIZE), ["eiger2_y", "eiger2_x"])
    assert (frame.dtype.str, frame[0].shape) == (dtype, SIZE)


def test_bit_depth_that_changes_within_a_run_is_refused(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.trigger_and_read([detector])
        bench.put("Sim:BitDepth", 16)
        yield from bps.trigger_and_read([detector])

    with pytest.raises(FailedStatus) as failed:
        engine(stage_wrapper(plan(), [detector]))
    assert "frames are 32 x 48 <u2, the first ones of this run were 32 x 48 <u4" in str(cause(failed.value))
    assert len(docs.of("event")) == 1


def test_each_run_has_file_names_of_its_own(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    engine(bp.count([detector]))
    engine(bp.count([detector]))
    stems = [doc["configuration"]["eiger2"]["data"]["eiger2_file_stem"] for doc in docs.of("descriptor")]
    assert len(set(stems)) == 2
    assert all(stem.startswith("eiger2_") for stem in stems)


def test_images_per_file_is_respected(bench: Any, engine: Any) -> None:
    engine(bp.count([bench.detector(series="run", images_per_file=2, file_prefix="x")], num=5))
    names = [file.name.partition("_")[2].split("_", 2)[2] for file in bench.files]
    assert names == ["data_000001.h5", "data_000002.h5", "data_000003.h5", "master.h5"]


def test_modes_can_be_changed_between_runs(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    engine(bps.mv(detector.writer, "hdf5", detector.series, "run", detector.num_images, 2))
    engine(bp.count([detector], num=2))
    (resource,) = docs.of("resource")
    assert (resource["resource_kwargs"]["writer"], resource["resource_kwargs"]["frames_per_event"]) == (
        "hdf5",
        2,
    )


def test_second_threshold_and_difference_are_data_keys_of_their_own(
    bench: Any, engine: Any, docs: Any
) -> None:
    for name, value in (("FWHDF5Format", "v2024.2"), ("Threshold2Enable", 1), ("ThresholdDiffEnable", 1)):
        bench.put(f"cam1:{name}", value)
    engine(bp.count([bench.detector()], num=2))
    (descriptor,) = docs.of("descriptor")
    keys = {name for name in descriptor["data_keys"] if "image" in name}
    assert keys == {"eiger2_image", "eiger2_image_threshold2", "eiger2_image_difference"}
    channels = {
        datum["datum_id"]: datum["datum_kwargs"].get("channel", "threshold_1") for datum in docs.of("datum")
    }
    for event in docs.of("event"):
        assert {key: channels[event["data"][key]] for key in keys} == {
            "eiger2_image": "threshold_1",
            "eiger2_image_threshold2": "threshold_2",
            "eiger2_image_difference": "difference",
        }


def test_settings_are_as_before_when_the_run_is_over(bench: Any, engine: Any) -> None:
    names = ("DataSource", "ManualTrigger", "NumImages", "NumTriggers", "SaveFiles", "StreamEnable")
    for name, value in zip(names, (1, 0, 7, 3, 0, 1), strict=True):
        bench.set(f"cam1:{name}", value)
    before = [bench.get(f"cam1:{name}_RBV") for name in names]
    engine(bp.count([bench.detector(series="run")]))
    wait_until(lambda: [bench.get(f"cam1:{name}_RBV") for name in names] == before)


def test_users_stage_sigs_win(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector()
    detector.stage_sigs["cam.num_images"] = 4
    engine(bp.count([detector]))
    (resource,) = docs.of("resource")
    assert resource["resource_kwargs"]["frames_per_event"] == 4


def test_setting_that_is_also_in_stage_sigs_is_as_before_when_the_run_is_over(
    bench: Any, engine: Any
) -> None:
    bench.set("cam1:NumImages", 7)
    detector = bench.detector()
    detector.stage_sigs["cam.num_images"] = 4
    engine(bp.count([detector]))
    wait_until(lambda: bench.get("cam1:NumImages_RBV") == 7)


def test_swmr_file_can_be_read_while_the_run_goes_on(bench: Any, engine: Any) -> None:
    shapes = []

    def look(name: str, _doc: dict[str, Any]) -> None:
        if name == "event":
            with h5py.File(bench.files[0], "r", libver="latest", swmr=True) as file:
                shapes.append(file["entry/data/data"].shape)

    engine(bp.count([bench.detector(writer="hdf5", swmr=True)], num=3), look)
    assert shapes == [(1, *SIZE), (2, *SIZE), (3, *SIZE)]


def test_configuration_says_how_the_frames_were_taken(bench: Any, engine: Any, docs: Any) -> None:
    engine(bp.count([bench.detector()]))
    (descriptor,) = docs.of("descriptor")
    configuration = descriptor["configuration"]["eiger2"]["data"]
    assert configuration["eiger2_files_verified"] == "verified"
    assert configuration["eiger2_write_path"].startswith("/detector/data/20")
    assert configuration["eiger2_read_path"].startswith(f"{bench.folder}/20")
    for name in ("acquire_time", "photon_energy", "threshold_energy", "bit_depth_image", "serial_number"):
        assert f"eiger2_cam_{name}" in configuration


def test_relative_write_template_starts_at_its_root(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.detector(
        write_path_template="a/b/", write_root=VIEW, read_path_template=f"{bench.folder}/a/b/"
    )
    engine(bp.count([detector]))
    assert docs.exit_status == "success"
    assert [file.parent for file in bench.files] == [bench.folder / "a/b"] * 2


def test_signed_data_of_the_driver_is_the_plugins_type(bench: Any, engine: Any, docs: Any) -> None:
    bench.put("cam1:SignedData", 1)
    engine(bp.count([bench.detector(writer="hdf5")]))
    bench.put("cam1:SignedData", 0)
    (descriptor,) = docs.of("descriptor")
    (frame,) = frames_of(docs, bench.folder)
    assert descriptor["data_keys"]["eiger2_image"]["dtype_numpy"] == frame.dtype.str == "<i4"


def test_signed_data_of_the_driver_is_announced_before_the_first_exposure(
    bench: Any, engine: Any, docs: Any
) -> None:
    bench.put("cam1:SignedData", 1)
    detector = bench.detector(writer="hdf5")

    def plan() -> Any:
        yield from bps.open_run()
        yield from bps.declare_stream(detector, name="primary")
        yield from bps.trigger_and_read([detector])
        yield from bps.close_run()

    engine(stage_wrapper(plan(), [detector]))
    bench.put("cam1:SignedData", 0)
    (descriptor,) = docs.of("descriptor")
    (frame,) = frames_of(docs, bench.folder)
    assert descriptor["data_keys"]["eiger2_image"]["dtype_numpy"] == frame.dtype.str == "<i4"


def test_plugin_gets_each_events_own_frames_where_the_name_pattern_had_no_id(
    bench: Bench, engine: Any, docs: Documents
) -> None:
    detector = bench.detector(writer="hdf5", data_source="FileWriter")
    bench.put("cam1:FWNamePattern", "fixed")
    bench.put("cam1:FWAutoRemove", 0)
    engine(bp.count([detector], num=EVENTS))
    last = bench.get("cam1:SequenceId")
    wanted = [[MODEL.frame(series, 1)] for series in range(last - EVENTS + 1, last + 1)]
    assert np.array_equal(frames_of(docs, bench.folder), wanted)
    assert bench.get("cam1:FWNamePattern", as_string=True) == "fixed"
    bench.put("cam1:FWNamePattern", "series_$id")


def test_plugin_that_gets_a_region_says_its_size(bench: Bench, engine: Any, docs: Documents) -> None:
    detector = bench.detector(writer="hdf5")
    region = {"EnableCallbacks": 1, "EnableX": 1, "EnableY": 1, "AutoSizeX": 0, "AutoSizeY": 0}
    for name, value in {**region, "SizeX": 20, "SizeY": 10}.items():
        bench.put(f"ROI1:{name}", value)
    camera = bench.get("HDF1:NDArrayPort")
    bench.put("HDF1:NDArrayPort", bench.get("ROI1:PortName_RBV"))
    engine(bp.count([detector]))
    bench.put("HDF1:NDArrayPort", camera)
    bench.put("ROI1:EnableCallbacks", 0)
    (descriptor,) = docs.of("descriptor")
    (frames,) = frames_of(docs, bench.folder)
    assert frames[0].shape == (10, 20)
    assert descriptor["data_keys"]["eiger2_image"]["shape"] == [10, 20]


def declared(detector: Any, before_exposing: Any = lambda: None) -> Any:
    yield from bps.open_run()
    yield from bps.declare_stream(detector, name="primary")
    before_exposing()
    yield from bps.trigger_and_read([detector])
    yield from bps.close_run()


def test_other_type_than_the_stream_was_declared_with_is_refused(
    bench: Bench, engine: Any, docs: Documents
) -> None:
    detector = bench.detector(writer="hdf5")
    plan = declared(detector, lambda: bench.put("Sim:BitDepth", 16))
    with pytest.raises(FailedStatus) as raised:
        engine(stage_wrapper(plan, [detector]))
    assert "were announced as" in str(cause(raised.value))
    assert docs.of("event") == []
