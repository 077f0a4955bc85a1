"""Following may be closed at any moment, from any thread, and leaves nothing behind."""

from __future__ import annotations

import gc
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from id3c_data import follow
from id3c_data.documents import Runs, RunState
from id3c_data.errors import FileClosed
from id3c_data.following import Following, ZmqRuns
from id3c_data.following._closable import ClosableRun
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.documents import Documents, image_run
from id3c_data.testing.scan_states import ScanStateContract, SteppedScan

MODEL = FrameModel(height=24, width=32)
PATIENCE_S = 30.0


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.005)


def open_run(folder: Path, documents: int) -> RunState:
    """A run of one frame whose file never comes, as far as it is told."""
    told = image_run(folder / "x_1_master.h5", slots=[0], shape=MODEL.shape, exit_status=None)
    return RunState.of(told[:documents])


def open_run_without_data(folder: Path) -> RunState:
    """A run whose master is there, and its data file is not."""
    files = LegacyWriter(folder, Series("run_7", 7, 2, 2), MODEL)
    return RunState.of(image_run(files.write_master(), slots=[0], shape=MODEL.shape, exit_status=None))


@pytest.fixture
def proxy() -> Iterator[str]:
    """Address of somebody who listens, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"127.0.0.1:{silent.getsockname()[1]}"


def tell(state: RunState, documents: Documents) -> None:
    for name, doc in documents:
        state(name, doc)


class TestClosableRun(ScanStateContract):
    """A run as one follower sees it is a scan state like others."""

    @pytest.fixture
    def scan(self) -> SteppedScan:
        state, documents = RunState(), image_run(Path("/x_1_master.h5"))
        state(*documents[0])
        return SteppedScan(
            ClosableRun(state, lambda: False),
            lambda: tell(state, documents[1:-1]),
            lambda: tell(state, documents[-1:]),
        )


WAITS: dict[str, Callable[[Path], Any]] = {
    "a run": lambda _: Runs(),
    "its stream": lambda folder: open_run(folder, 1),
    "an event": lambda folder: open_run(folder, 2),
    "a master": lambda folder: open_run(folder, 5),
    "a data file": open_run_without_data,
}


class Iterating:
    """A thread that follows, and keeps what it got."""

    def __init__(self, following: Following) -> None:
        self.frames: list[Any] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._work, args=(following,))
        self.thread.start()
        wait_until(following._iterating.locked)

    def _work(self, following: Following) -> None:
        try:
            self.frames.extend(following)
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.mark.parametrize("what", WAITS)
def test_who_waits_for_something_in_another_thread_is_let_go(what: str, tmp_path: Path) -> None:
    following = follow(WAITS[what](tmp_path))
    iterating = Iterating(following)
    following.close()
    iterating.end()
    assert (iterating.frames, iterating.error) == ([], None)


def test_who_waits_for_a_run_over_0mq_is_let_go(proxy: str) -> None:
    following = follow(proxy)
    iterating = Iterating(following)
    following.close()
    iterating.end()
    assert (iterating.frames, iterating.error) == ([], None)
    wait_until(lambda: not listeners(proxy))


def test_others_who_follow_the_same_run_see_nothing_of_it(tmp_path: Path) -> None:
    run = open_run(tmp_path, 1)
    one, other = follow(run), follow(run)
    iterating = Iterating(other)
    one.close()
    run.abandon("enough")
    iterating.end()
    assert "enough" in str(iterating.error)


def test_frames_that_are_there_are_not_given_any_more(tmp_path: Path) -> None:
    master = LegacyWriter(tmp_path, Series("run_7", 7, 4, 2), MODEL).write_series().master
    following = follow(image_run(master, slots=range(4), shape=MODEL.shape))
    assert next(following).number == 0
    following.close()
    assert list(following) == []


def test_one_that_is_closed_before_it_began_gives_nothing(tmp_path: Path) -> None:
    following = follow(open_run(tmp_path, 1))
    following.close()
    assert list(following) == []


def test_a_run_that_was_never_met_is_told_to_who_asks_for_it() -> None:
    following = follow(Runs())
    following.close()
    with pytest.raises(FileClosed, match="nobody waits for its next run"):
        following.begin()


def test_runs_of_somebody_else_stay_open() -> None:
    with Runs() as runs:
        follow(runs).close()
        runs(*image_run(Path("/x_1_master.h5"))[0])
        assert runs.next(0).uid


def listeners(address: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == f"documents of {address}"]


def test_one_that_nobody_has_any_more_listens_no_more(proxy: str) -> None:
    following = follow(proxy)
    assert listeners(proxy)
    del following
    gc.collect()
    wait_until(lambda: not listeners(proxy))


def test_a_generator_of_documents_is_asked_no_more(tmp_path: Path) -> None:
    ended = threading.Event()

    def documents() -> Iterator[tuple[str, Any]]:
        try:
            yield image_run(tmp_path / "x_1_master.h5")[0]
            for uid in itertools.count():
                time.sleep(0.001)
                yield "resource", {"uid": str(uid)}
        finally:
            ended.set()

    with follow(documents()) as following:
        following.begin()
    assert ended.wait(PATIENCE_S)


def test_an_open_run_over_0mq_is_abandoned_when_the_listening_ends(proxy: str) -> None:
    runs = ZmqRuns(proxy)
    runs(*image_run(Path("/x_1_master.h5"))[0])
    run = runs.next(0)
    runs.stop()
    assert run.wait_for_stream(PATIENCE_S)
    assert run.failure == "nobody listens for documents any more"
    runs.close()
    runs.close()
    assert not listeners(proxy)
