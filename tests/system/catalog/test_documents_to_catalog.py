from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from id3c_data.catalog import Catalog, Server, Subscription, connect, subscribe
from id3c_data.errors import CatalogError
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

Write = Callable[..., SeriesFiles]


class RecordingEngine:
    """What `subscribe` needs of a RunEngine."""

    def __init__(self) -> None:
        self.callbacks: dict[int, Callable[..., object]] = {}

    def subscribe(self, callback: Callable[..., object]) -> int:
        self.callbacks[len(self.callbacks)] = callback
        return len(self.callbacks) - 1

    def unsubscribe(self, token: int) -> None:
        del self.callbacks[token]

    def emit(self, name: str, doc: object) -> None:
        for callback in self.callbacks.values():
            callback(name, doc)


def take(emit: Callable[..., object], folder: Path, series: Write, model: FrameModel, events: int) -> str:
    run = RunDocuments(emit, root=folder, frame_shape=model.shape, plan_name="count")
    for number in range(1, events + 1):
        run.event(run.resource(series(number).master, series="point"), total=float(number))
    run.stop()
    return run.uid


def test_what_a_subscribed_engine_emits_is_in_the_catalog(
    cat: Catalog, folder: Path, series: Write, model: FrameModel
) -> None:
    engine = RecordingEngine()
    subscription = subscribe(engine, cat)
    uid = take(engine.emit, folder, series, model, 3)
    subscription.wait(30)
    subscription.close()
    assert not engine.callbacks
    run = cat[uid]
    assert run.metadata["start"]["plan_name"] == "count"
    assert run.metadata["stop"]["exit_status"] == "success"
    assert set(run.primary) == {
        "seq_num",
        "time",
        "eiger2_image",
        "eiger2_stats1_total",
        "ts_eiger2_stats1_total",
    }
    assert run.primary["eiger2_image"].shape == (3, *model.shape)


def test_a_real_engine_and_a_detector_of_others(cat: Catalog) -> None:
    from bluesky import RunEngine
    from bluesky.plans import count
    from ophyd.sim import det

    engine = RunEngine({})
    subscription = subscribe(engine, cat)
    (uid,) = engine(count([det], num=3), sample="silver behenate")
    subscription.close()
    run = cat[uid]
    assert run.start["sample"] == "silver behenate"
    assert run.primary.read()["det"].shape == (3,)


def test_events_keep_their_order(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    first, second = (run.resource(series(number, images=3).master) for number in (1, 2))
    for resource, slot in ((first, 0), (second, 0), (first, 2), (second, 1)):
        run.event(resource, slot)
    run.stop()
    subscription.wait(30)
    images = cat[run.uid].primary["eiger2_image"]
    expected = [model.frame(1, 1), model.frame(2, 1), model.frame(1, 3), model.frame(2, 2)]
    assert [(frame == pixels).all() for frame, pixels in zip(images, expected, strict=True)] == [True] * 4


def test_a_frame_is_in_the_catalog_within_a_second_of_its_event(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    run.event(run.resource(series(1).master))
    subscription.wait(30)  # the nodes are there, as in the middle of a run
    resource = run.resource(series(2).master)
    run.event(resource)
    deadline = time.monotonic() + 1.0
    while (shape := cat[run.uid].primary["eiger2_image"].shape) != (2, *model.shape):
        assert time.monotonic() < deadline, shape
        time.sleep(0.02)
    run.stop()


@pytest.fixture
def own(cat: Catalog) -> Iterator[Subscription]:
    """A subscription without the open runs and the errors of other tests."""
    with Subscription(cat) as made:
        yield made


def test_a_run_that_cannot_be_written_is_told_and_takes_no_other_along(
    cat: Catalog, own: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    bad = RunDocuments(own, root=folder, frame_shape=(60,))  # type: ignore[arg-type]
    bad.event(bad.resource(series(1).master))
    good = take(own, folder, series, model, 1)
    bad.stop()
    with pytest.raises(CatalogError, match=f"run {bad.uid} could not be written from its 'event' document"):
        own.wait(30)
    assert len(own.errors) == 1
    assert cat[good].metadata["stop"]["exit_status"] == "success"


def test_a_run_that_an_unknown_document_may_belong_to_gets_no_stop_document(
    cat: Catalog, own: Subscription, folder: Path, model: FrameModel
) -> None:
    run = RunDocuments(own, root=folder, frame_shape=model.shape)
    run.event("a resource that never came")
    run.stop()
    with pytest.raises(CatalogError, match=f"run {run.uid} could not be written from its 'datum' document"):
        own.wait(30)
    assert "stop" not in cat[run.uid].metadata


def test_documents_that_do_not_fit_are_told_and_written_from_the_spool(
    cat: Catalog, folder: Path, series: Write, model: FrameModel
) -> None:
    with Subscription(cat, queue_size=60) as subscription:
        gate = threading.Event()
        writing = subscription._writing._writer.flush
        subscription._writing._writer.flush = lambda: (gate.wait(20), writing())  # type: ignore[func-returns-value]
        run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
        time.sleep(0.6)  # the writing thread is at the gate
        resource = run.resource(series(1, images=100).master)
        for slot in range(100):
            run.event(resource, slot)
        run.stop()
        gate.set()
        subscription.wait(30)
        assert "queue is full" in str(subscription.errors[0])
        good = take(subscription, folder, series, model, 1)
    assert not subscription.late
    assert cat[run.uid].metadata["stop"]["num_events"] == {"primary": 100}
    assert cat[run.uid].primary["eiger2_image"].shape[0] == 100
    assert cat[good].metadata["stop"]["exit_status"] == "success"


def test_a_document_that_cannot_be_copied_stops_nobody(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape, lock=threading.Lock())
    run.event(run.resource(series(1).master))
    run.stop()
    with pytest.raises(CatalogError, match=f"run {run.uid} could not be written from its 'start' document"):
        subscription.wait(30)
    assert run.uid not in cat


def test_a_document_after_the_end_is_told(cat: Catalog, folder: Path, model: FrameModel) -> None:
    subscription = Subscription(cat)
    subscription.close()
    RunDocuments(subscription, root=folder, frame_shape=model.shape)
    (error,) = subscription.errors
    assert "came after the end" in str(error)


def test_closing_writes_what_is_left(cat: Catalog, folder: Path, series: Write, model: FrameModel) -> None:
    subscription = Subscription(cat, flush_period=3600.0)
    uid = take(subscription, folder, series, model, 2)
    subscription.close()
    assert cat[uid].primary["eiger2_image"].shape == (2, *model.shape)
    assert not subscription.errors


def test_the_engine_never_waits_and_is_told_when_the_server_ends_in_the_middle_of_a_run(
    ended: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiled.client.utils.TILED_RETRY_TIMEOUT", 0.5)
    started = time.monotonic()
    for number in range(1000):
        ended.run.event(ended.run.resource(ended.folder / f"{number}_master.h5"))
    ended.run.stop()
    assert time.monotonic() - started < 1.0
    with pytest.raises(CatalogError, match=f"run {ended.run.uid} could not be written.*no answer"):
        ended.subscription.wait(60)
    ended.subscription.close()


def test_an_eiger_that_writes_documents_of_its_own_is_read_too(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    def foreign(name: str, doc: Any) -> None:
        if name == "resource":
            doc = {
                **doc,
                "spec": "AD_EIGER2",
                "resource_path": "run",
                "resource_kwargs": {"frame_per_point": 3},
            }
        if name == "datum":
            doc = {**doc, "datum_kwargs": {"seq_id": 1 + doc["datum_kwargs"]["point_number"]}}
        subscription(name, doc)

    run = RunDocuments(foreign, root=folder, frame_shape=model.shape, frames_per_event=3)
    resource = run.resource(folder / "run")
    for slot in range(2):
        series(1 + slot, images=3, per_file=2)
        run.event(resource, slot)
    run.stop()
    subscription.wait(30)
    images = cat[run.uid].primary["eiger2_image"]
    assert images.shape == (2, 3, *model.shape)
    assert np.array_equal(images[1, 2].read(), model.frame(2, 3))


def test_a_master_under_areadetectors_own_spec_is_read_as_what_it_is(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    def foreign(name: str, doc: Any) -> None:
        if name == "resource":
            doc = {**doc, "spec": "AD_HDF5", "resource_kwargs": {"frame_per_point": 1}}
        subscription(name, doc)

    run = RunDocuments(foreign, root=folder, frame_shape=model.shape)
    resource = run.resource(series(1, images=3, per_file=2).master)
    for slot in range(3):
        run.event(resource, slot)
    run.stop()
    subscription.wait(30)
    images = cat[run.uid].primary["eiger2_image"]
    assert images.shape == (3, *model.shape)
    assert np.array_equal(images[2].read(), model.frame(1, 3))


def test_the_last_run_is_the_one_just_taken_without_any_waiting_of_the_users(
    server: Server, folder: Path, series: Write, model: FrameModel
) -> None:
    engine, cat = RecordingEngine(), connect(server.uri, api_key=server.api_key)
    with subscribe(engine, cat):
        for _ in range(3):
            uid = take(engine.emit, folder, series, model, 2)
            assert cat[-1].metadata["start"]["uid"] == uid
            assert cat[-1].primary["eiger2_image"].shape == (2, *model.shape)


def test_an_older_run_never_passes_for_a_last_one_that_could_not_be_written(
    server: Server, folder: Path, series: Write, model: FrameModel
) -> None:
    engine, cat = RecordingEngine(), connect(server.uri, api_key=server.api_key)
    subscription = subscribe(engine, cat)
    older = take(engine.emit, folder, series, model, 1)
    bad = RunDocuments(engine.emit, root=folder, frame_shape=(60,))  # type: ignore[arg-type]
    bad.event(bad.resource(series(1).master))
    bad.stop()
    for _ in range(2):
        with pytest.raises(CatalogError, match=f"run {bad.uid} could not be written"):
            cat[-1]
    assert cat[older].metadata["start"]["uid"] == older
    with pytest.raises(CatalogError, match=bad.uid):
        subscription.close()
