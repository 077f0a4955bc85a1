"""Where a run of a catalog stands, from a real server: pushed, polled, and while the server is gone."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from id3c_data import follow
from id3c_data.catalog import Catalog, CatalogRunState, Server, Subscription, connect, serve
from id3c_data.documents import RunState
from id3c_data.errors import CatalogUnreachable, DocumentError
from id3c_data.h5api import PromisingScanState, ScanPhase
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments
from id3c_data.testing.scan_states import ScanStateContract, SteppedScan

PATIENCE_S = 30.0


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


class LateRun:
    """A run whose documents the test gives, and its state from the catalog.

    The descriptor is held back until `prepare`.
    """

    def __init__(self, cat: Catalog, subscription: Subscription, folder: Path, model: FrameModel) -> None:
        self._subscription = subscription
        self._held: list[tuple[str, dict[str, object]]] = []
        self._holding = True
        self.documents = RunDocuments(self._emit, root=folder, frame_shape=model.shape)
        subscription.wait(PATIENCE_S)
        self.run = cat[self.documents.uid]
        self.state = CatalogRunState(self.run)

    def _emit(self, name: str, doc: dict[str, object]) -> None:
        if self._holding and name != "start":
            self._held.append((name, doc))
        else:
            self._subscription(name, doc)

    def prepare(self) -> None:
        self._holding = False
        for name, doc in self._held:
            self._subscription(name, doc)
        self._arrive(ScanPhase.PREPARED)

    def finish(self) -> None:
        self.documents.stop()
        self._arrive(ScanPhase.FINISHED)

    def _arrive(self, phase: ScanPhase) -> None:
        wait_until(lambda: self.state.phase is phase)


@pytest.fixture
def late_run(cat: Catalog, subscription: Subscription, folder: Path, model: FrameModel) -> Iterator[LateRun]:
    made = LateRun(cat, subscription, folder, model)
    yield made
    made.state.close()


class TestPushed(ScanStateContract):
    @pytest.fixture
    def scan(self, late_run: LateRun) -> SteppedScan:
        wait_until(lambda: late_run.state.pushed)
        return SteppedScan(late_run.state, late_run.prepare, late_run.finish)


class TestPolled(ScanStateContract):
    """The same where the server refuses to push."""

    @pytest.fixture
    def scan(
        self,
        cat: Catalog,
        subscription: Subscription,
        folder: Path,
        model: FrameModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[SteppedScan]:
        monkeypatch.setattr("id3c_data.catalog._pushes.Pushes.listen", lambda *_: None)
        made = LateRun(cat, subscription, folder, model)
        yield SteppedScan(made.state, made.prepare, made.finish)
        assert not made.state.pushed
        made.state.close()


def test_each_event_is_promised_as_it_comes(late_run: LateRun, series: Callable[..., SeriesFiles]) -> None:
    late_run.prepare()
    for number in range(3):
        master = series(number).master
        late_run.documents.event(late_run.documents.resource(master, series="point"))
        assert late_run.state.wait_for_promises("eiger2_image", number, PATIENCE_S)
        promise = late_run.state.promised("eiger2_image")[-1]
        assert (promise.seq_num, Path(promise.path), promise.frames) == (number + 1, master, range(1))
    late_run.finish()


def test_a_finished_run_is_told_as_its_own_documents_would(
    cat: Catalog,
    subscription: Subscription,
    folder: Path,
    model: FrameModel,
    series: Callable[..., SeriesFiles],
) -> None:
    kept: list[tuple[str, dict[str, object]]] = []

    def emit(name: str, doc: dict[str, object]) -> None:
        kept.append((name, doc))
        subscription(name, doc)

    files = series(1, images=12, per_file=5)
    documents = RunDocuments(
        emit, root=folder, frame_shape=model.shape, frames_per_event=3, channels=("threshold_1", "difference")
    )
    resource = documents.resource(files.master, images_per_file=5)
    for slot in (0, 1, 3):
        documents.event(resource, slot)
    documents.stop("abort", "no beam")
    subscription.wait(PATIENCE_S)
    told, own = CatalogRunState(cat[documents.uid]), RunState.of(kept)
    assert isinstance(told, PromisingScanState)
    assert (told.phase, told.failure, told.data_keys) == (own.phase, own.failure, own.data_keys)
    for key in own.data_keys:
        assert [(p.seq_num, p.path, p.frames, p.channel, p.time) for p in told.promised(key)] == [
            (p.seq_num, p.path, p.frames, p.channel, p.time) for p in own.promised(key)
        ]
    names = [f"/entry/data/data_{number:06d}" for number in (1, 2, 3, 4)]
    assert [told.promised_points(files.master, name) for name in names] == [5, 5, 2, None]


def test_events_that_never_came_to_the_catalog_are_told(
    cat: Catalog, subscription: Subscription, folder: Path, model: FrameModel, series: Callable[..., object]
) -> None:
    def lossy(name: str, doc: dict[str, object]) -> None:
        if name != "event" or doc["seq_num"] != 2:
            subscription(name, doc)

    master = series(1, images=3).master
    documents = RunDocuments(lossy, root=folder, frame_shape=model.shape)
    resource = documents.resource(master)
    for slot in range(3):
        documents.event(resource, slot)
    documents.stop()
    subscription.wait(PATIENCE_S)
    following, seen = follow(cat[documents.uid]), []
    with pytest.raises(DocumentError, match="1 of 3 events of stream 'primary' never came"):  # noqa: PT012
        for frame in following:
            seen.append((frame.seq_num, frame.number))  # noqa: PERF401 - the iterator raises
    assert seen == [(1, 0), (3, 2)]


def test_events_whose_table_lost_its_rows_are_told(
    server: Server,
    cat: Catalog,
    subscription: Subscription,
    folder: Path,
    model: FrameModel,
    series: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The images have three events then, and the table one."""
    monkeypatch.setattr("id3c_data.catalog._run_documents.LOST_AFTER_S", 0.0)
    documents = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    resource = documents.resource(series(1, images=3).master)
    for slot in range(3):
        documents.event(resource, slot)
    documents.stop()
    subscription.wait(PATIENCE_S)
    (source,) = cat[documents.uid].primary.base["internal"].data_sources()
    where = f"DELETE FROM {source.parameters['table_name']} WHERE _dataset_id = ? AND seq_num > 1"  # noqa: S608
    with closing(sqlite3.connect(server.folder / "tables.db")) as tables, tables:
        assert tables.execute(where, [source.parameters["dataset_id"]]).rowcount == 2
    following = follow(cat[documents.uid], retry_timeout=PATIENCE_S)
    assert next(following).seq_num == 1
    with pytest.raises(DocumentError, match="2 of 3 events of stream 'primary' never came"):
        next(following)


@pytest.mark.fault(
    "Tiled restarted", injected="the server ends while a run is followed, and is started again"
)
def test_a_server_that_is_gone_is_told_and_one_that_is_back_is_asked_again(
    tmp_path: Path,
    readable: Path,
    model: FrameModel,
    caplog: pytest.LogCaptureFixture,
    fault_report: Any,
) -> None:
    folder = tmp_path / "catalog"
    with serve(folder, readable_storage=[readable]) as server:
        port = int(server.uri.split(":")[2].partition("/")[0])
        cat = connect(server.uri, api_key=server.api_key)
        with Subscription(cat) as subscription:
            documents = RunDocuments(subscription, root=readable, frame_shape=model.shape)
            subscription.wait(PATIENCE_S)
        state = CatalogRunState(cat[documents.uid], patience=0.1)
        wait_until(lambda: state.phase is ScanPhase.PREPARED)
    with pytest.raises(CatalogUnreachable, match="no answer from the catalog's server"):
        state.wait_for_change(ScanPhase.PREPARED, PATIENCE_S)
    assert "asking again every 1 s" in caplog.text
    with serve(folder, readable_storage=[readable], port=port) as server:
        wait_until(lambda: "answers again" in caplog.text)
        assert state.phase is ScanPhase.PREPARED
        cat = connect(server.uri, api_key=server.api_key)
        cat[documents.uid].update_metadata({"stop": stop_of(documents.uid)}, drop_revision=True)
        assert state.wait_for_change(ScanPhase.PREPARED, PATIENCE_S) is ScanPhase.FINISHED
    said = [text for text in caplog.messages if "asking again" in text or "answers again" in text]
    # which of its requests meets the server that is gone is a matter of moments
    fault_report(re.sub(r"/metadata/\S+?(?=: )", "/metadata/...", " … ".join(said)))


def stop_of(uid: str) -> dict[str, object]:
    return {"uid": "stop", "run_start": uid, "time": 0.0, "exit_status": "abort", "reason": "restarted"}
