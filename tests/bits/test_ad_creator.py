"""Our cam and HDF5 plugin in a detector that apstools' own ad_creator makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apstools.devices import ad_creator
from bluesky import RunEngine
from bluesky import plans as bp
from ophyd.signal import EpicsSignal

from id3c_data.errors import DetectorFault, FramesMissing
from id3c_data.testing import RunningIoc


@pytest.fixture
def detector(ioc: RunningIoc, templates: dict[str, str]) -> Iterator[Any]:
    detector = ad_creator(
        ioc.prefix,
        name="eiger2",
        plugins=[
            {"cam": {"class": "id3c_data.devices.Eiger2Cam"}},
            "image",
            "pva",
            {
                "hdf1": {
                    "class": "id3c_data.devices.Eiger2HDF5Plugin",
                    "timeout": 2.0,
                    **templates,
                }
            },
            "roi1",
            "stats1",
        ],
    )
    detector.stage_sigs.update({"cam.data_source": 2, "cam.num_images": 1, "cam.num_triggers": 1})
    yield detector
    detector.destroy()


def taken(detector: Any, num: int) -> list[tuple[str, dict[str, Any]]]:
    docs: list[tuple[str, dict[str, Any]]] = []
    engine = RunEngine({})
    try:
        engine(bp.count([detector], num=num), lambda name, doc: docs.append((name, doc)))
    finally:
        engine.loop.call_soon_threadsafe(engine.loop.stop)
        engine._th.join()
        engine.loop.close()
    return docs


def knob(ioc: RunningIoc, name: str, value: int) -> None:
    signal = EpicsSignal(f"{ioc.prefix}Sim:{name}", name=name)
    signal.wait_for_connection(timeout=10)
    signal.set(value).wait(10)


def test_images_are_events_data_and_in_one_file(detector: Any, detector_folder: Path) -> None:
    docs = taken(detector, 3)
    events = [doc for name, doc in docs if name == "event"]
    (resource,) = [doc for name, doc in docs if name == "resource"]
    assert len({event["data"]["eiger2_image"] for event in events}) == 3
    assert (detector_folder / resource["resource_path"]).is_file()
    assert resource["spec"] == "ID3C_EIGER2"


def test_event_without_exposure_is_refused(detector: Any, ioc: RunningIoc) -> None:
    knob(ioc, "FailArm", 1)
    try:
        with pytest.raises((DetectorFault, FramesMissing)):
            taken(detector, 1)
    finally:
        knob(ioc, "FailArm", 0)


def test_file_writer_that_may_hand_on_an_older_series_is_refused(detector: Any) -> None:
    detector.cam.wait_for_connection(timeout=30)
    before = detector.cam.fw_name_pattern.get()
    detector.cam.fw_name_pattern.set("always_the_same").wait(10)
    detector.stage_sigs["cam.data_source"] = 1
    try:
        with pytest.raises(DetectorFault, match="'always_the_same' has no \\$id"):
            taken(detector, 1)
    finally:
        detector.cam.fw_name_pattern.set(before).wait(10)


def test_event_with_lost_frames_is_refused(detector: Any, ioc: RunningIoc) -> None:
    knob(ioc, "DropArrays", 1)
    with pytest.raises(FramesMissing):
        taken(detector, 1)


def test_all_signals_connect(detector: Any) -> None:
    detector.cam.wait_for_connection(all_signals=True, timeout=30)
    detector.hdf1.wait_for_connection(all_signals=True, timeout=30)
