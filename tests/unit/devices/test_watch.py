"""Waiting for signals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ophyd import Signal

from id3c_data.devices._watch import Interrupted, SignalWatch
from id3c_data.errors import DetectorFault, DetectorTimeout


class Pv(Signal):
    """A signal that can lose its connection."""

    pvname = "x:y"

    def lose(self) -> None:
        self._metadata["connected"] = False
        self._run_metadata_callbacks()


@pytest.fixture
def counter() -> Pv:
    counter = Pv(name="counter", value=0)
    counter.put(0, force=True)
    return counter


@pytest.fixture
def watch(counter: Any) -> SignalWatch:
    watch = SignalWatch("x:", counter)
    watch.start(1.0)
    return watch


def in_background(action: Callable[[], Any]) -> None:
    threading.Timer(0.03, action).start()


def test_value_known_before_is_known_at_once(watch: SignalWatch, counter: Any) -> None:
    assert watch.connected
    assert watch[counter] == 0


def test_signal_that_does_not_answer_is_named() -> None:
    silent: Any = Pv(name="silent", value=0)
    silent._metadata["connected"] = False
    silent._reset_sub(silent.SUB_VALUE)
    with pytest.raises(DetectorTimeout, match="x:y: no answer within"):
        SignalWatch("x:", silent).start(0.02)


def test_wait_ends_when_the_condition_holds(watch: SignalWatch, counter: Any) -> None:
    in_background(lambda: counter.put(3))
    assert watch.wait_for(lambda: watch[counter] == 3, 5.0)


def test_wait_that_is_in_vain_ends_after_its_patience(watch: SignalWatch, counter: Any) -> None:
    start = time.monotonic()
    assert not watch.wait_for(lambda: watch[counter] == 3, 0.05)
    assert 0.05 <= time.monotonic() - start < 1.0


def test_any_news_renews_the_patience(watch: SignalWatch, counter: Any) -> None:
    def count() -> None:
        for i in range(1, 6):
            time.sleep(0.05)
            counter.put(i)

    in_background(count)
    assert watch.wait_for(lambda: watch[counter] == 5, 0.2)


def test_silence_is_expected_during_an_exposure(watch: SignalWatch, counter: Any) -> None:
    threading.Timer(0.2, lambda: counter.put(1)).start()
    assert watch.wait_for(lambda: watch[counter] == 1, 0.05, expected_s=0.3)


def test_lost_connection_ends_the_wait_at_once(watch: SignalWatch, counter: Any) -> None:
    in_background(counter.lose)
    start = time.monotonic()
    with pytest.raises(DetectorFault, match="the IOC is gone") as gone:
        watch.wait_for(lambda: False, 10.0)
    assert time.monotonic() - start < 5
    assert gone.value.where == "x:y"


def test_interruption_ends_the_wait_of_its_thread_only(watch: SignalWatch, counter: Any) -> None:
    found: list[str] = []

    def wait() -> None:
        try:
            watch.wait_for(lambda: False, 10.0)
        except Interrupted as interruption:
            found.append(interruption.reason)

    thread = threading.Thread(target=wait)
    thread.start()
    watch.interrupt(thread, "paused")
    thread.join(5)
    assert found == ["paused"]
    assert not watch.wait_for(lambda: watch[counter] == 9, 0.01)


def test_stopping_is_not_interrupted(watch: SignalWatch, counter: Any) -> None:
    watch.interrupt(threading.current_thread(), "paused")
    in_background(lambda: counter.put(1))
    assert watch.wait_for(lambda: watch[counter] == 1, 5.0, interruptible=False)


def test_changes_are_counted_also_where_a_value_comes_back(watch: SignalWatch, counter: Any) -> None:
    before = watch.changes(counter)
    counter.put(1)
    counter.put(0)
    assert watch.changes(counter) == before + 2
