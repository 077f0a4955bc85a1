"""Runs of sessions that are gone, brought in from what was kept on disk."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from id3c_data.catalog import Catalog, Server, Subscription, connect, kept_runs, replay
from id3c_data.catalog._spool import Spool
from id3c_data.cli import main
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

from .._accounts import server_with_accounts

Write = Callable[..., SeriesFiles]

SESSION = """
import sys
from pathlib import Path
from id3c_data.catalog import Subscription, connect
from id3c_data.testing.catalog import RunDocuments

uri, key, spool, root, master = sys.argv[1:]
subscription = Subscription(connect(uri, api_key=key), spool=spool)
run = RunDocuments(subscription, root=Path(root), frame_shape=(60, 80))
resource = run.resource(Path(master))
for slot in range(2):
    run.event(resource, slot)
subscription.wait(30)
for slot in range(2, 4):
    run.event(resource, slot)
print(run.uid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def keep(spool: Path, cat: Catalog, folder: Path, series: Write, model: FrameModel) -> Callable[..., str]:
    """Keeps the documents of a run in the spool, as a session does whose catalog takes nothing."""
    master = series(1, images=10).master

    def kept(events: int = 3, stop: bool = True, catalog: str = str(cat.uri), **metadata: Any) -> str:
        documents = Spool(spool, catalog=catalog, registered="auto", on_trouble=lambda *_: None, size=1000)
        run = RunDocuments(documents.put, root=folder, frame_shape=model.shape, **metadata)
        resource = run.resource(master)
        for slot in range(events):
            run.event(resource, slot, total=float(slot))
        if stop:
            run.stop()
        documents.close(10)
        return run.uid

    return kept


@pytest.fixture
def command(server: Server, spool: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ``id3c-data replay`` for the session's catalog and the test's spool."""
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", server.uri)
    monkeypatch.setenv("TILED_API_KEY", server.api_key)
    monkeypatch.setenv("ID3C_DATA_SPOOL", str(spool))
    return lambda *arguments: CliRunner().invoke(main, ["replay", *map(str, arguments)])


def test_a_kept_run_is_brought_in_whole_and_its_file_goes(spool: Path, cat: Catalog, keep: Any) -> None:
    uid = keep(3, remarks=[np.float32(1.5), np.arange(3)])
    (done,) = replay(kept_runs(spool), cat)
    assert (done.uid, done.outcome, done.reason) == (uid, "new", "")
    run = cat[uid]
    assert run.metadata["stop"]["exit_status"] == "success"
    assert run.metadata["start"]["remarks"] == [1.5, [0, 1, 2]]
    assert list(run.primary["eiger2_stats1_total"].read()) == [0.0, 1.0, 2.0]
    assert run.primary["eiger2_image"].shape == (3, 60, 80)
    assert not kept_runs(spool)


def test_a_run_that_is_whole_is_left_alone(spool: Path, cat: Catalog, keep: Any) -> None:
    uid = keep(3)
    copy = kept_runs(spool)[0].read_bytes()
    list(replay(kept_runs(spool), cat))
    before = cat[uid].item
    (spool / "again.jsonl").write_bytes(copy)
    (done,) = replay(kept_runs(spool), cat)
    assert done.outcome == "whole"
    assert cat[uid].item == before
    assert not kept_runs(spool)


def test_a_part_of_a_run_is_replaced_by_the_whole(spool: Path, cat: Catalog, keep: Any) -> None:
    uid = keep(3, stop=False)
    (path,) = kept_runs(spool)
    whole = path.read_bytes()
    with Subscription(cat, spool=spool / "other") as subscription:
        for line in whole.splitlines()[1:5]:
            document = json.loads(line)
            subscription(document["name"], document["doc"])
        subscription.wait(30)
        assert "stop" not in cat[uid].metadata
    (done,) = replay([path], cat)
    assert done.outcome == "replaced"
    assert [int(number) for number in cat[uid].primary["seq_num"].read()] == [1, 2, 3]


@pytest.mark.fault("Tiled refusing", injected="`id3c-data replay` with a key that may not delete")
def test_a_part_that_the_key_may_not_delete_stays_and_so_does_the_file(
    spool: Path, keep: Any, readable: Path, tmp_path: Path, fault_report: Any
) -> None:
    uid = keep(3)
    (path,) = kept_runs(spool)
    with server_with_accounts(tmp_path, readable) as accounts:
        everything = connect(accounts.uri, api_key=accounts.key("inherit"))
        with Subscription(everything, spool=tmp_path / "other") as subscription:
            for line in path.read_text().splitlines()[1:6]:
                document = json.loads(line)
                subscription(document["name"], document["doc"])
            subscription.wait(30)
        key = accounts.key(
            *("read:metadata", "read:data", "write:metadata", "write:data", "create:node", "register")
        )
        (refused,) = replay([path], connect(accounts.uri, api_key=key), any_catalog=True)
        assert (refused.outcome, refused.well) == ("failed", False)
        assert re.search(r"Requires scopes \[.*'delete:", refused.reason)
        assert "ask the catalog's administrator for one with these scopes" in refused.reason
        assert [int(number) for number in everything[uid].primary["seq_num"].read()] == [1]
        (done,) = replay([path], everything, any_catalog=True)
        assert done.outcome == "replaced"
        assert [int(number) for number in everything[uid].primary["seq_num"].read()] == [1, 2, 3]
    fault_report(re.sub(r"\[[^]]*\]$|Request had scopes [^;]*", "", refused.reason))


@pytest.mark.fault(
    "session killed", injected="SIGKILL of the session in the middle of a run; `id3c-data replay --all`"
)
def test_a_run_whose_session_was_killed_is_brought_in_to_its_last_event(
    server: Server, cat: Catalog, spool: Path, folder: Path, series: Write, command: Any, fault_report: Any
) -> None:
    master = series(1, images=10).master
    arguments = [server.uri, server.api_key, spool, folder, master]
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as session:
        assert session.stdout
        uid = session.stdout.readline().strip()
        assert command("--all").output.startswith(f"run {uid} (scan 1): left alone: ")
        session.send_signal(signal.SIGKILL)
    result = command("--all")
    assert result.exit_code == 0
    assert [int(number) for number in cat[uid].primary["seq_num"].read()] == [1, 2, 3, 4]
    stop = cat[uid].metadata["stop"]
    assert (stop["exit_status"], stop["num_events"]) == ("fail", {"primary": 4})
    assert stop["time"] == cat[uid].primary["time"].read()[-1]
    fault_report(result.output, lost="documents of the moments before: none here")


def test_a_line_that_was_cut_off_is_left_out(spool: Path, cat: Catalog, keep: Any) -> None:
    uid = keep(3, stop=False)
    (path,) = kept_runs(spool)
    path.write_bytes(path.read_bytes()[:-10])
    list(replay([path], cat))
    assert cat[uid].metadata["stop"]["num_events"] == {"primary": 2}


def test_what_follows_damage_is_not_guessed(spool: Path, cat: Catalog, keep: Any) -> None:
    uid = keep(3)
    (path,) = kept_runs(spool)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[5] = b"\0" * len(lines[5][:-1]) + b"\n"
    path.write_bytes(b"".join(lines))
    (done,) = replay([path], cat)
    assert "documents of it were lost: the line at byte" in done.reason
    stop = cat[uid].metadata["stop"]
    assert (stop["exit_status"], stop["num_events"]) == ("fail", {"primary": 0})


def test_the_command_lists_what_is_kept_and_does_nothing(
    cat: Catalog, spool: Path, keep: Any, command: Any
) -> None:
    uid = keep(2)
    result = command()
    assert (result.output, result.exit_code) == (f"run {uid} (scan 1): not in the catalog\n", 0)
    assert uid not in cat
    assert len(kept_runs(spool)) == 1


def test_the_command_brings_in_all_and_says_so_to_programs(cat: Catalog, keep: Any, command: Any) -> None:
    uids = [keep(1), keep(1)]
    result = command("--all", "--json")
    told = [json.loads(line) for line in result.output.splitlines()]
    assert [(done["uid"], done["outcome"]) for done in told] == [(uid, "new") for uid in uids]
    assert all("stop" in cat[uid].metadata for uid in uids)


def test_a_run_for_another_catalog_is_not_mixed_in(
    cat: Catalog, keep: Any, command: Any, server: Server
) -> None:
    uid = keep(1, catalog="http://elsewhere:8000/api/v1/metadata/")
    result = command("--all")
    assert (result.exit_code, uid in cat) == (1, False)
    assert "the run is for another catalog, http://elsewhere:8000/api/v1/metadata/" in result.output
    assert command("--all", "--uri", server.uri).exit_code == 0
    assert uid in cat


def test_a_file_of_something_else_is_told_and_kept(tmp_path: Path, command: Any) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text("once upon a time\n")
    result = command(path)
    assert result.exit_code == 1
    assert "notes.jsonl: FAILED: " in result.output
    assert path.exists()


def test_nothing_is_done_where_the_catalog_does_not_answer(
    spool: Path, keep: Any, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(1)
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", "http://127.0.0.1:1/api/v1")
    result = command("--all")
    assert result.exit_code == 2
    assert "no answer" in result.output
    assert len(kept_runs(spool)) == 1


def test_runs_are_kept_in_the_order_of_their_start_whatever_the_times_of_their_files(
    spool: Path, keep: Any
) -> None:
    uids = [keep(1), keep(1)]
    for age, path in enumerate(kept_runs(spool)):
        os.utime(path, (1e9 - age, 1e9 - age))
    assert [path.name.split(".")[0] for path in kept_runs(spool)] == uids
