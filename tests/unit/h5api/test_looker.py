"""A process that looks at files may hang or end; whoever asks it goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from id3c_data.errors import FileMissing, Hdf5Error
from id3c_data.h5api import Looker


@pytest.fixture(scope="module")
def looker() -> Iterator[Looker]:
    with Looker(20.0) as made:
        yield made


def fail() -> None:
    raise FileMissing("it is not there", "a.h5", "look elsewhere")


def test_answers_come_from_another_process(looker: Looker) -> None:
    assert looker.ask(os.getpid) not in (os.getpid(), None)
    assert looker.ask(os.getpid) == looker.ask(os.getpid)


def test_errors_come_as_they_are(looker: Looker) -> None:
    with pytest.raises(FileNotFoundError):
        looker.ask(os.listdir, "/no/such/folder")
    with pytest.raises(FileMissing, match="it is not there") as raised:
        looker.ask(fail)
    assert raised.value.next_step == "look elsewhere"


def test_process_that_hangs_is_left_behind(looker: Looker) -> None:
    before = looker.ask(os.getpid)
    with pytest.raises(TimeoutError, match=r"no answer within 0\.2 s"):
        looker.ask_within(0.2, time.sleep, 60)
    assert looker.ask(os.getpid) != before


def test_process_that_a_file_ends_is_replaced(looker: Looker) -> None:
    with pytest.raises(Hdf5Error, match="ended with SIGABRT"):
        looker.ask(os.abort)
    assert looker.ask(os.getpid) != os.getpid()


def test_process_that_ended_between_two_questions_is_replaced(looker: Looker) -> None:
    pid = looker.ask(os.getpid)
    os.kill(pid, signal.SIGKILL)
    assert looker._process is not None
    looker._process.wait(10)
    assert looker.ask(os.getpid) != pid


def test_process_that_somebody_ended_is_not_the_files_fault(looker: Looker) -> None:
    with pytest.raises(Hdf5Error, match="was ended by SIGKILL"):
        looker.ask(signal.raise_signal, signal.SIGKILL)


def test_process_ends_with_its_looker() -> None:
    with Looker(20.0) as made:
        pid = made.ask(os.getpid)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("it lives on")
