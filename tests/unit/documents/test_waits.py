"""Waiting for documents: as long as it takes, and not in silence."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from id3c_data.documents import Runs, RunState, _waits
from id3c_data.documents._waits import wait_told
from id3c_data.errors import FileClosed
from id3c_data.testing.documents import image_run

MASTER = Path("/mnt/eiger/x_7_master.h5")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waits, "TELL_AFTER_S", 0.02)


def wait(ready: Callable[[], bool], timeout: float | None) -> bool:
    changed = threading.Condition()
    with changed:
        return wait_told(changed, ready, timeout, lambda: "x: waiting for y")


@pytest.mark.usefixtures("soon")
def test_a_long_wait_says_once_what_for(caplog: pytest.LogCaptureFixture) -> None:
    assert not wait(lambda: False, 0.1)
    assert caplog.messages == ["x: waiting for y"]


def test_a_short_one_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert wait(lambda: True, None)
    assert not wait(lambda: False, 0.01)
    assert caplog.messages == []


def test_a_limit_may_be_infinite() -> None:
    assert wait(lambda: True, math.inf)


@pytest.mark.usefixtures("soon")
def test_who_waits_for_a_run_says_from_where(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def enough() -> bool:
        tries.append(1)
        return len(tries) > 2  # when it began, when it was told, and then

    with Runs() as runs, pytest.raises(FileClosed, match="nobody waits"):
        runs.next(0.1, unless=enough)
    assert caplog.messages == ["the stream of documents: waiting for a run to begin"]


@pytest.mark.usefixtures("soon")
def test_who_waits_for_documents_says_of_which_run(caplog: pytest.LogCaptureFixture) -> None:
    documents = image_run(MASTER, slots=[0], exit_status=None)
    state = RunState.of(documents[:1])
    assert not state.wait_for_stream(0.05)
    for name, doc in documents[1:]:
        state(name, doc)
    assert not state.wait_for_promises("eiger2_image", 1, 0.05)
    assert caplog.messages == [
        f"run {state.uid}: waiting for its stream 'primary' to begin",
        f"run {state.uid}: waiting for its stream 'primary' to go on after 1 events",
    ]


def test_who_has_given_up_is_woken() -> None:
    state, given_up = RunState.of(image_run(MASTER)[:1]), threading.Event()
    waiter = threading.Thread(target=lambda: state.wait_for_stream(unless=given_up.is_set))
    waiter.start()
    given_up.set()
    state.wake()
    waiter.join(30)
    assert not waiter.is_alive()
