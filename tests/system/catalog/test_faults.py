"""A catalog that is locked, and clocks that disagree."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from id3c_data.catalog import Catalog, Run, Server, Subscription
from id3c_data.errors import CatalogError, FrameNotWritten, Id3cDataError, RetryTimeoutError
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

HOUR_S = 3600.0


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Keep everybody else from writing to a database."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.rollback()


@pytest.mark.fault(
    "catalog database locked", injected="another process has an exclusive lock on it, until the user is told"
)
def test_a_locked_database_loses_no_run(
    server: Server,
    cat: Catalog,
    folder: Path,
    tmp_path: Path,
    series: Callable[..., SeriesFiles],
    model: FrameModel,
    fault_report: Any,
) -> None:
    with Subscription(cat, spool=tmp_path) as subscription:
        with locked(server.folder / "catalog.db"):
            run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
            for number in (1, 2):
                run.event(run.resource(series(number).master, series="point"))
            run.stop()
            with pytest.raises(CatalogError) as told:
                subscription.wait(60)
        wait_until(lambda: run.uid in cat and cat[run.uid].metadata.get("stop"))
    images = cat[run.uid].primary["eiger2_image"]
    assert np.array_equal(images.read(), np.stack([model.frame(1, 1), model.frame(2, 1)]))
    request = re.search(r"request (\w+)", str(told.value))
    assert request
    fault_report(told.value, hide={request[1]: "<id>"})


@pytest.mark.fault(
    "catalog database locked", injected="another process has an exclusive lock on the tables of events"
)
def test_events_are_read_while_their_tables_are_written_to(
    server: Server, ten_points: Run, fault_report: Any
) -> None:
    with locked(server.folder / "tables.db"):
        times = ten_points.primary.read(["time"])["time"]
    fault_report(f"nothing: {len(times)} events are read meanwhile")


def wait_until(condition: Callable[[], Any], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.1)


@pytest.fixture
def wrong_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Any]:
    """Have the clock of this process wrong by so many seconds for a while."""
    now = time.time

    @contextmanager
    def off(by_s: float) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: now() + by_s)
            yield

    return off


@pytest.mark.parametrize(
    ("by_s", "told"), [(HOUR_S, RetryTimeoutError), (-HOUR_S, FrameNotWritten)], ids=["ahead", "behind"]
)
@pytest.mark.fault(
    "clock 1 h off", injected="the clock of the session is an hour ahead of the server's, or behind"
)
def test_frames_are_read_whatever_the_clocks_say(
    by_s: float,
    told: type[Id3cDataError],
    cat: Catalog,
    subscription: Subscription,
    folder: Path,
    series: Callable[..., SeriesFiles],
    model: FrameModel,
    wrong_clock: Callable[[float], Any],
    fault_report: Any,
) -> None:
    files = series(1, images=4, per_file=2, taken=2)
    with wrong_clock(by_s):
        run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
        resource = run.resource(files.master)
        for slot in range(3):
            run.event(resource, slot)
        run.stop()
        subscription.wait(30)
    images = cat[run.uid].primary["eiger2_image"]
    assert np.array_equal(images[:2].read(), np.stack([model.frame(1, 1), model.frame(1, 2)]))
    with pytest.raises(told) as raised:
        images[2].read()
    side = "ahead" if by_s > 0 else "behind"
    fault_report(
        f"{side}: nothing, for the frames that are there; of one that never came: {raised.value}",
        hide={str(folder): "/data"},
    )
