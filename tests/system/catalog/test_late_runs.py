"""Runs that the catalog could not take when they were taken: none of them is lost, and none is doubled."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tiled.client.context import DEFAULT_TIMEOUT_PARAMS

from id3c_data.catalog import Catalog, Server, Subscription, connect, serve
from id3c_data.catalog import _late_runs as late_runs
from id3c_data.errors import CatalogError, NotInCatalog
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

from ..._mounts import small_disk
from ._network import Network, network

Write = Callable[..., SeriesFiles]


def numbers(cat: Catalog, uid: str) -> list[int]:
    """Return the numbers of the events of a run, as its table has them."""
    try:
        return [int(number) for number in cat[uid].primary["seq_num"].read()]
    except (NotInCatalog, AttributeError):  # no run yet, or no stream
        return []


def told(error: Exception) -> str:
    """Return a message without what depends on how far the writing was."""
    return re.sub(r" from its '\w+' document on|, request \w+", "", str(error))


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again after a fifth of a second, and give up a request that gets no answer as soon."""
    monkeypatch.setattr(late_runs, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr("id3c_data.catalog._transport.PATIENCE_S", 0.2)


class Killable:
    """A catalog's server that is killed and started again, always at the same address."""

    def __init__(self, folder: Path, readable: Path) -> None:
        self._folder, self._readable, self._port = folder, readable, 0
        self.start()

    def start(self) -> None:
        self.server = serve(self._folder, readable_storage=[self._readable], port=self._port)
        self._port = int(self.server.uri.split(":")[2].partition("/")[0])
        self.cat = connect(self.server.uri, api_key=self.server.api_key)

    def kill(self) -> None:
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.close()


@pytest.fixture
def killable(tmp_path: Path, readable: Path) -> Iterator[Killable]:
    made = Killable(tmp_path / "catalog", readable)
    yield made
    made.server.close()


@pytest.fixture
def between(server: Server) -> Iterator[Network]:
    with network(server.uri) as made:
        yield made


@pytest.fixture
def far(between: Network, server: Server, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """The catalog through the network, with little patience for answers."""
    monkeypatch.setitem(DEFAULT_TIMEOUT_PARAMS, "read", 3.0)
    return connect(between.through(server.uri), api_key=server.api_key)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def take(folder: Path, series: Write, model: FrameModel) -> Callable[..., RunDocuments]:
    """Begins a run whose images are all there."""
    master = series(1, images=10).master

    def begin(emit: Any, events: int = 0) -> Any:
        run = RunDocuments(emit, root=folder, frame_shape=model.shape)
        resource = run.resource(master)
        run.more = lambda count: [run.event(resource, run.events) for _ in range(count)]  # type: ignore[attr-defined]
        run.more(events)  # type: ignore[attr-defined]
        return run

    return begin


@pytest.mark.fault(
    "Tiled killed", injected="SIGKILL of the server after 2 of 6 events; started again after 4"
)
def test_runs_survive_a_server_that_is_killed(
    killable: Killable, spool: Path, take: Any, fault_report: Any
) -> None:
    with Subscription(killable.cat, spool=spool) as subscription:
        run = take(subscription, 2)
        subscription.wait(30)
        killable.kill()
        run.more(2)
        with pytest.raises(CatalogError, match=r"could not be written.*no answer") as caught:
            subscription.wait(30)
        meanwhile = take(subscription, 3)
        meanwhile.stop()
        killable.start()
        until(lambda: subscription.late == (run.uid,))
        assert numbers(killable.cat, run.uid) == [1, 2, 3, 4]
        run.more(2)
        run.stop()
        until(lambda: not subscription.late)
        subscription.wait(30)
    assert numbers(killable.cat, run.uid) == [1, 2, 3, 4, 5, 6]
    assert killable.cat[run.uid].metadata["stop"]["exit_status"] == "success"
    assert numbers(killable.cat, meanwhile.uid) == [1, 2, 3]
    assert not list(spool.iterdir())
    fault_report(told(caught.value))


@pytest.mark.fault(
    "Tiled slow", injected="no answer reaches the client for longer than it waits, in the middle of a run"
)
def test_a_network_that_stalls_neither_loses_nor_doubles_rows(
    between: Network, far: Catalog, cat: Catalog, spool: Path, take: Any, fault_report: Any
) -> None:
    with Subscription(far, spool=spool) as subscription:
        run = take(subscription, 2)
        until(lambda: numbers(cat, run.uid) == [1, 2])
        between.stall()
        run.more(2)
        until(between.held.is_set)
        until(lambda: subscription.late)
        between.heal()
        run.more(1)
        run.stop()
        until(lambda: not subscription.late)
        subscription.wait(30)
    assert numbers(cat, run.uid) == [1, 2, 3, 4, 5]
    assert cat[run.uid].primary["eiger2_image"].shape[0] == 5
    fault_report(told(subscription.errors[0]))


def test_a_network_that_stalls_for_a_moment_is_waited_for(
    between: Network, far: Catalog, cat: Catalog, spool: Path, take: Any
) -> None:
    far.context.http_client.timeout = 30.0
    with Subscription(far, spool=spool) as subscription:
        run = take(subscription, 2)
        between.stall()
        until(between.held.is_set)
        between.heal()
        run.stop()
        subscription.wait(30)
        assert not subscription.errors
    assert numbers(cat, run.uid) == [1, 2]


@pytest.mark.fault("Tiled refusing", injected="the server answers 500, 401 or 403 in the middle of a run")
@pytest.mark.parametrize("status", [500, 401, 403])
def test_runs_survive_a_server_that_refuses(
    status: int, between: Network, far: Catalog, cat: Catalog, spool: Path, take: Any, fault_report: Any
) -> None:
    with Subscription(far, spool=spool) as subscription:
        run = take(subscription, 2)
        subscription.wait(30)
        between.answer(status)
        run.more(2)
        run.stop()
        with pytest.raises(CatalogError, match=str(status)) as caught:
            subscription.wait(30)
        between.heal()
        until(lambda: not subscription.late)
        subscription.wait(30)
    assert numbers(cat, run.uid) == [1, 2, 3, 4]
    assert cat[run.uid].metadata["stop"]["exit_status"] == "success"
    fault_report(told(caught.value))


@pytest.fixture
def full(server: Server) -> Iterator[Callable[[bool], None]]:
    """Says whether the server's disk is full: it may not make a file longer than a byte then."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)

    def fill(yes: bool) -> None:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, before[1]) if yes else before)

    yield fill
    fill(False)


@pytest.mark.fault("disk full at the server", injected="`RLIMIT_FSIZE` of the server: it may write no file")
def test_runs_survive_a_full_disk_at_the_server(
    full: Callable[[bool], None], cat: Catalog, spool: Path, take: Any, fault_report: Any
) -> None:
    with Subscription(cat, spool=spool) as subscription:
        run = take(subscription, 2)
        subscription.wait(30)
        full(True)
        run.more(2)
        run.stop()
        with pytest.raises(CatalogError, match="500") as caught:
            subscription.wait(30)
        full(False)
        until(lambda: not subscription.late)
        subscription.wait(30)
    assert numbers(cat, run.uid) == [1, 2, 3, 4]
    fault_report(told(caught.value))


@pytest.mark.fault("disk full at the session", injected="the spool lies on a tmpfs that has no room left")
def test_a_full_disk_here_is_told_and_what_did_not_fit_is_written_when_there_is_room(
    tmp_path: Path, cat: Catalog, take: Any, fault_report: Any
) -> None:
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", 64) as disk, Subscription(cat, spool=disk / "spool") as subscription:
        run = take(subscription, 1)
        path = subscription.spool.path_of(run.uid)
        until(path.exists)
        fill(disk / "filler")
        run.more(9)
        until(lambda: subscription.errors)
        subscription.wait(30)
        assert numbers(cat, run.uid) == list(range(1, 11))
        (disk / "filler").unlink()
        until(lambda: path.read_text().count('"name": "event"') == 10)
        run.stop()
    assert cat[run.uid].metadata["stop"]["exit_status"] == "success"
    fault_report(told(subscription.errors[0]))


def fill(path: Path) -> None:
    """Take all the room that a disk has."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
