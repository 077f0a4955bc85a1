"""Images through databroker 1.2.5: the handler of our entry point, and the explicit registration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import databroker
import numpy as np
import pytest
from databroker.core import discover_handlers

from id3c_data.documents import SPEC, AdEiger2Handler, EigerHandler, register_handlers
from id3c_data.errors import FrameNotWritten
from id3c_data.sim import Channel, FrameModel, LegacyWriter, NexusWriter, Series
from id3c_data.testing.documents import Documents, image_run

# databroker 1 announces its own end, and calls xarray as it once was.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The method Broker.insert:PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The return type of `Dataset.dims`:FutureWarning"),
]

MODEL = FrameModel(height=16, width=20, bit_depth=32)
CHANNELS: tuple[Channel, ...] = ("threshold_1", "threshold_2", "difference")


@pytest.fixture
def cat() -> Any:
    """The temporary catalog that apsbits falls back to."""
    return databroker.temp().v2


@pytest.fixture
def master(tmp_path: Path) -> Path:
    series = Series(name="x_7", number=7, images=6, images_per_file=2)
    return LegacyWriter(tmp_path, series, MODEL).write_series().master


def insert(cat: Any, documents: Documents) -> None:
    for name, doc in documents:
        cat.v1.insert(name, doc)


def frames(*numbers: int, channel: Channel = "threshold_1") -> np.ndarray:
    return np.stack([MODEL.frame(7, number, channel) for number in numbers])


def test_databroker_finds_the_handler_by_its_entry_point() -> None:
    assert discover_handlers()[SPEC] is EigerHandler


def test_a_run_is_read_as_one_array(cat: Any, master: Path) -> None:
    insert(cat, image_run(master, slots=range(6), shape=MODEL.shape))
    images = cat[-1].primary.read()["eiger2_image"]
    assert images.dtype == np.uint32
    np.testing.assert_array_equal(images, frames(1, 2, 3, 4, 5, 6))


def test_several_frames_an_event_make_a_frame_axis(cat: Any, master: Path) -> None:
    insert(cat, image_run(master, slots=range(2), shape=MODEL.shape, frames_per_event=3))
    images = cat[-1].primary.read()["eiger2_image"]
    assert images.dims == ("time", "eiger2_frame", "eiger2_y", "eiger2_x")
    np.testing.assert_array_equal(images, [frames(1, 2, 3), frames(4, 5, 6)])


def test_skipped_slots_are_left_out(cat: Any, master: Path) -> None:
    insert(cat, image_run(master, slots=[0, 4], shape=MODEL.shape))
    np.testing.assert_array_equal(cat[-1].primary.read()["eiger2_image"], frames(1, 5))


def test_each_channel_is_an_array_of_its_own(cat: Any, tmp_path: Path) -> None:
    series = Series(name="x_7", number=7, images=2, images_per_file=2)
    master = NexusWriter(tmp_path, series, MODEL, channels=CHANNELS).write_series().master
    insert(cat, image_run(master, slots=range(2), shape=MODEL.shape, channels=CHANNELS))
    data = cat[-1].primary.read()
    for channel, key in zip(
        CHANNELS, ["eiger2_image", "eiger2_image_threshold2", "eiger2_image_difference"], strict=True
    ):
        np.testing.assert_array_equal(data[key], frames(1, 2, channel=channel))


def test_the_version_1_api_reads_the_same(cat: Any, master: Path) -> None:
    insert(cat, image_run(master, slots=range(3), shape=MODEL.shape))
    np.testing.assert_array_equal(list(cat.v1[-1].data("eiger2_image")), frames(1, 2, 3))


def test_a_root_map_leads_to_this_host_s_mount(cat: Any, master: Path) -> None:
    insert(cat, image_run(Path("/mnt/eiger") / master.name, slots=[0], shape=MODEL.shape))
    cat.root_map["/mnt/eiger"] = str(master.parent)
    np.testing.assert_array_equal(cat[-1].primary.read()["eiger2_image"], frames(1))


def test_a_frame_that_never_came_is_an_error_and_no_zeros(cat: Any, tmp_path: Path) -> None:
    series = Series(name="x_7", number=7, images=6, images_per_file=2)
    master = LegacyWriter(tmp_path, series, MODEL).write_series(taken=3).master
    insert(cat, image_run(master, slots=range(6), shape=MODEL.shape, exit_status="abort"))
    with pytest.raises(FrameNotWritten, match=r"frame \d is not there, the first 3 are"):
        cat[-1].primary.read()


def test_ours_reads_another_facility_s_series_once_it_is_registered(cat: Any, master: Path) -> None:
    register_handlers(cat)
    assert cat.handler_registry["AD_EIGER2"] is AdEiger2Handler
    documents = image_run(master, slots=[0], shape=MODEL.shape, frames_per_event=6)
    for name, doc in documents:
        if name == "resource":
            doc.update(spec="AD_EIGER2", resource_path="x", resource_kwargs={"images_per_file": 2})
        if name == "datum":
            doc["datum_kwargs"] = {"seq_id": 7}
    insert(cat, documents)
    np.testing.assert_array_equal(cat[-1].primary.read()["eiger2_image"], [frames(1, 2, 3, 4, 5, 6)])
