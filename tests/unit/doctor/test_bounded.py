"""Asking what may never answer."""

from __future__ import annotations

import threading

import pytest

from id3c_data.doctor._bounded import look_until, within


def test_answer_comes_back() -> None:
    assert within(60, lambda: "there") == "there"


def test_error_comes_back_as_it_is() -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        within(60, lambda: (_ for _ in ()).throw(FileNotFoundError("gone")))


def test_what_does_not_answer_is_waited_for_no_longer_than_said() -> None:
    released = threading.Event()
    try:
        with pytest.raises(TimeoutError, match=r"no answer within 0\.01 s"):
            within(0.01, lambda: released.wait(60))
    finally:
        released.set()


def test_what_never_answers_does_not_keep_the_process() -> None:
    released = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            within(0.01, lambda: released.wait(60))
        asking = [thread for thread in threading.enumerate() if thread.name == "id3c-data doctor"]
        assert asking
        assert all(thread.daemon for thread in asking)
    finally:
        released.set()


def test_what_becomes_so_is_waited_for() -> None:
    answers = iter([False, False, True])
    assert look_until(lambda: next(answers), 60)


def test_what_never_becomes_so_is_looked_at_once_at_least() -> None:
    looked: list[bool] = []
    assert not look_until(lambda: bool(looked.append(True)), 0)
    assert looked
