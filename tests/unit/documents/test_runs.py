from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from id3c_data.documents import Runs
from id3c_data.errors import DocumentError, FileClosed, RetryTimeoutException
from id3c_data.h5api import ScanPhase
from id3c_data.testing.documents import Documents, image_run

MASTER = Path("/mnt/eiger/x_7_master.h5")


def tell(runs: Runs, *documents: Documents) -> None:
    for each in documents:
        for name, doc in each:
            runs(name, doc)


def test_each_run_has_a_state_in_the_order_in_which_they_began() -> None:
    first, second = image_run(MASTER), image_run(MASTER)
    with Runs() as runs:
        tell(runs, first, second)
        states = [runs.next(0), runs.next(0)]
    assert [state.uid for state in states] == [first[0][1]["uid"], second[0][1]["uid"]]
    assert [len(state.promised("eiger2_image")) for state in states] == [3, 3]


def test_runs_may_be_open_at_the_same_time() -> None:
    first, second = image_run(MASTER), image_run(MASTER)
    with Runs() as runs:
        for pair in zip(first, second, strict=True):
            for name, doc in pair:
                runs(name, doc)
        assert [len(runs.next(0).promised("eiger2_image")) for _ in range(2)] == [3, 3]


def test_a_run_that_began_before_is_said_and_skipped(caplog: pytest.LogCaptureFixture) -> None:
    before, after = image_run(MASTER), image_run(MASTER)
    with Runs() as runs:
        tell(runs, before[3:], after)
        assert runs.next(0).uid == after[0][1]["uid"]
    assert "skipping a run that began before" in caplog.text


def test_no_run_within_the_time_is_a_timeout() -> None:
    with Runs() as runs, pytest.raises(RetryTimeoutException, match=r"no run began within 0\.01 s"):
        runs.next(0.01)


def test_closing_ends_iteration_and_abandons_the_open_run() -> None:
    runs = Runs()
    tell(runs, image_run(MASTER, exit_status=None))
    state = runs.next(0)
    runs.close()
    assert list(runs) == []
    assert (state.phase, state.exit_status) == (ScanPhase.FINISHED, None)
    assert state.failure == "nobody listens for documents any more"
    with pytest.raises(FileClosed):
        runs.next(0)


NONSENSE = [
    ("start", {}),
    ("start", None),
    ("event", None),
    ("event", {"descriptor": []}),
    ("no such name", {}),
    (None, {}),
    (object(), "text"),
]


@pytest.mark.parametrize(("name", "doc"), NONSENSE)
def test_whatever_comes_in_place_of_a_document_raises_nothing(name: Any, doc: Any) -> None:
    with Runs() as runs:
        runs(name, doc)
        tell(runs, image_run(MASTER))
        assert runs.next(0).phase is ScanPhase.FINISHED


@pytest.mark.parametrize("lost", ["data", "time", "seq_num"])
def test_a_document_that_makes_no_sense_is_logged_and_told_to_who_follows_the_run(
    lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    documents = image_run(MASTER, slots=[0], exit_status=None)
    with Runs() as runs:
        tell(runs, documents[:-1])
        run, (_, event) = runs.next(0), documents[-1]
        runs("event", {key: value for key, value in event.items() if key != lost})
        with pytest.raises(DocumentError, match=rf"a document makes no sense: event \(KeyError: '{lost}'\)"):
            run.wait_for_promises("eiger2_image", 0, 10)
    assert f"run {run.uid}: a document makes no sense: event" in caplog.text


def test_a_descriptor_without_uid_is_told_to_who_follows_the_run() -> None:
    start, (name, descriptor), *_ = image_run(MASTER)
    with Runs() as runs:
        tell(runs, [start])
        runs(name, {key: value for key, value in descriptor.items() if key != "uid"})
        with pytest.raises(DocumentError, match="a document makes no sense: descriptor"):
            runs.next(0).wait_for_stream(10)


def test_a_stop_document_that_does_not_say_how_ends_the_run() -> None:
    *documents, (name, stop) = image_run(MASTER)
    with Runs() as runs:
        tell(runs, documents)
        runs(name, {"uid": "x", "run_start": stop["run_start"]})
        run = runs.next(0)
    assert (run.phase, run.exit_status) == (ScanPhase.FINISHED, "unknown")


def test_a_run_whose_start_comes_again_is_another_one() -> None:
    documents = image_run(MASTER, slots=[0])
    with Runs() as runs:
        tell(runs, documents[:3], documents)
        first, second = runs.next(0), runs.next(0)
    assert (first.failure, second.exit_status) == ("its start document came again", "success")
