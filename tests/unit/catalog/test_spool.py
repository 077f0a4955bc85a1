from __future__ import annotations

import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from id3c_data.catalog._spool import SPOOL_VARIABLE, Spool, default_spool
from id3c_data.catalog._spool_file import SpoolFile
from id3c_data.catalog._spooled_run import Busy, SpooledRun, documents_from
from id3c_data.errors import CatalogError, DocumentError

Trouble = list[tuple[str, CatalogError]]


@pytest.fixture
def trouble() -> Trouble:
    return []


@pytest.fixture
def spool(tmp_path: Path, trouble: Trouble) -> Iterator[Spool]:
    made = Spool(
        tmp_path / "spool",
        catalog="http://here",
        registered="auto",
        on_trouble=lambda uid, error: trouble.append((uid, error)),
        size=1000,
    )
    yield made
    made.close(10)


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def begin(spool: Spool, uid: str = "00000000-0000-4000-8000-000000000001") -> str:
    spool.put("start", {"uid": uid, "time": 1.0})
    spool.put("descriptor", {"uid": f"{uid}-d", "run_start": uid, "name": "primary", "time": 1.5})
    spool.put("event", {"uid": "e", "descriptor": f"{uid}-d", "seq_num": 1, "time": 2.0})
    return uid


def stop(spool: Spool, uid: str) -> None:
    spool.put("stop", {"uid": "s", "run_start": uid, "time": 3.0, "exit_status": "success"})


def names(path: Path) -> list[str]:
    return [name for _, name, _ in documents_from(path)] if path.exists() else []


def test_documents_are_in_the_file_before_the_run_is_over(spool: Spool) -> None:
    uid = begin(spool)
    until(lambda: names(spool.path_of(uid)) == ["spool", "start", "descriptor", "event"])
    run = SpooledRun.of(spool.path_of(uid))
    assert (run.uid, run.catalog, run.registered) == (uid, "http://here", "auto")


def test_only_the_owner_may_read_them(spool: Spool) -> None:
    path = spool.path_of(begin(spool))
    until(path.exists)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_runs_that_come_mixed_have_a_file_each(spool: Spool) -> None:
    one, other = begin(spool), begin(spool, "00000000-0000-4000-8000-000000000002")
    stop(spool, one)
    until(lambda: names(spool.path_of(one))[-1:] == ["stop"])
    until(lambda: names(spool.path_of(other))[-1:] == ["event"])


def test_the_file_of_a_run_that_is_in_the_catalog_goes(spool: Spool) -> None:
    uid = begin(spool)
    stop(spool, uid)
    spool.settle(uid)
    spool.close(10)
    assert not list(spool.folder.iterdir())


def test_a_run_belongs_to_its_session_until_it_is_over(spool: Spool) -> None:
    uid = begin(spool)
    until(lambda: len(names(spool.path_of(uid))) == 4)
    run = SpooledRun.of(spool.path_of(uid))
    with pytest.raises(Busy, match="a session that runs still writes this run"), run.held():
        pass
    assert spool.holds(uid)
    stop(spool, uid)
    until(lambda: not spool.holds(uid))
    with run.held():
        pass


def test_a_folder_that_cannot_be_written_is_told_once_and_tried_again(
    spool: Spool, trouble: Trouble, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    uid = begin(spool)
    until(lambda: trouble)
    (tmp_path / "spool").unlink()
    stop(spool, uid)
    until(lambda: names(spool.path_of(uid))[-1:] == ["stop"])
    ((told, error),) = trouble
    assert told == uid
    assert "the run goes on" in str(error)
    assert names(spool.path_of(uid)) == ["spool", "start", "descriptor", "event", "stop"]


def test_what_is_missing_is_never_passed_over(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "run.jsonl", "", "auto")
    file.append("start", {"uid": "00000000-0000-4000-8000-000000000001", "time": 1.0})
    file.lose()
    file.append("event", {})
    file.append("stop", {})
    file.flush()
    with pytest.raises(DocumentError, match="the disk did not take them"):
        names(file.path)
    (_, start), (_, end) = SpooledRun.of(file.path).documents()
    assert start["time"] == end["time"] == 1.0
    assert end["exit_status"] == "fail"


def test_documents_that_come_faster_than_the_disk_takes_them_are_noted_as_lost(tmp_path: Path) -> None:
    gate = threading.Event()

    class SlowDisk(Spool):
        def _keep(self, name: str, doc: Any) -> None:
            gate.wait(20)
            super()._keep(name, doc)

    spool = SlowDisk(tmp_path, catalog="", registered="auto", on_trouble=lambda *_: None, size=2)
    uid = begin(spool)
    for _ in range(10):
        spool.put("event", {"uid": "e", "descriptor": f"{uid}-d", "seq_num": 1, "time": 2.0})
    gate.set()
    stop(spool, uid)
    spool.close(10)
    with pytest.raises(DocumentError, match="the disk did not take them"):
        names(spool.path_of(uid))


def test_a_run_without_end_gets_one_that_is_always_the_same(spool: Spool) -> None:
    uid = begin(spool)
    spool.close(10)
    run = SpooledRun.of(spool.path_of(uid))
    *_, (name, end) = run.documents()
    assert name == "stop"
    assert (end["run_start"], end["exit_status"], end["time"]) == (uid, "fail", 2.0)
    assert end["num_events"] == {"primary": 1}
    assert list(run.documents())[-1] == (name, end)


@pytest.mark.parametrize("text", ["", "hello\n", '{"name": "spool", "doc": {"version": 99}}\n'])
def test_a_file_of_something_else_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"other\.jsonl"):
        SpooledRun.of(path)


def test_the_folder_is_the_users_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(SPOOL_VARIABLE, str(tmp_path))
    assert default_spool() == tmp_path
    monkeypatch.delenv(SPOOL_VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_spool() == Path("/state/id3c-data/spool")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_spool() == Path.home() / ".local" / "state" / "id3c-data" / "spool"
