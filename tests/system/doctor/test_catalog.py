"""The doctor walks from a run of a catalog: each fault is named at its hop, and mended by its advice."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from id3c_data.catalog import Server, Subscription, connect
from id3c_data.cli import main
from id3c_data.doctor import Diagnosis, Fault, Settings, diagnose
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles
from id3c_data.testing.catalog import RunDocuments, running_catalog

from .._accounts import Accounts, server_with_accounts
from ..catalog._network import network
from .conftest import headline

MODEL = FrameModel(height=32, width=48)


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detector").resolve()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("catalog")
    with pytest.MonkeyPatch.context() as environment:  # of the server only
        environment.setenv("ID3C_DATA_SETTLE_TIMEOUT", "0")
        running = running_catalog(folder, readable)
        serving = running.__enter__()
    yield serving
    running.__exit__(None, None, None)


@pytest.fixture(scope="module")
def subscription(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subscription]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ID3C_DATA_SPOOL", str(tmp_path_factory.mktemp("spool")))
        with Subscription(connect(server.uri, api_key=server.api_key)) as made:
            yield made


class Taken:
    """A run of three events, a series for each, whose files are in a folder of its own."""

    def __init__(self, folder: Path, subscription: Subscription, exit_status: str = "success") -> None:
        folder.mkdir()
        self.folder = folder
        self.series: list[SeriesFiles] = []
        documents = RunDocuments(subscription, root=folder.parent, frame_shape=MODEL.shape)
        for number in (1, 2, 3):
            series = LegacyWriter(folder, Series(f"{folder.name}_{number}", number, 1, 1000), MODEL)
            self.series.append(series.write_series())
            master = self.series[-1].master
            documents.event(documents.resource(master, series="point", images_per_file=1000))
        documents.stop(exit_status, "" if exit_status == "success" else "the beam went")
        self.uid = documents.uid
        subscription.wait(30)


@pytest.fixture
def run(readable: Path, subscription: Subscription, request: pytest.FixtureRequest) -> Taken:
    return Taken(readable / request.node.name.replace("[", "-").replace("]", ""), subscription)


def examine(server: Server, target: Any, **given: Any) -> Diagnosis:
    catalog = {"uri": server.uri, "api_key": server.api_key}
    return diagnose(Settings(**{"target": target, "answer_s": 10.0, **catalog, **given}))


def broken_at(diagnosis: Diagnosis, hop: str) -> Fault:
    failing = diagnosis.first_failing
    assert failing is not None, diagnosis
    assert failing.hop == hop, failing
    assert all(fault.what and fault.next_step for fault in failing.faults)
    return failing.faults[0]


def well(diagnosis: Diagnosis) -> None:
    walked = [result for result in diagnosis.results[3:] if result.state != "ok"]
    assert walked == []


def test_run_is_followed_to_the_pixels_of_a_client(run: Taken, server: Server) -> None:
    diagnosis = examine(server, run.uid)
    well(diagnosis)
    assert diagnosis["client pixels"].values["pixels"] == 2 * 32 * 48
    assert diagnosis["master file"].values["masters"] == 3
    well(examine(server, run.uid[:8]))
    assert examine(server, -1)["documents"].seen == (f"run {run.uid}, 3 events, ended as 'success'",)


def test_run_that_the_catalog_has_not(server: Server) -> None:
    diagnosis = examine(server, "no-such-run")
    fault = broken_at(diagnosis, "catalog entry")
    assert "no run 'no-such-run'" in fault.what
    assert "cat[-1] is the last run" in fault.next_step or "subscribe" in fault.next_step
    assert diagnosis["master file"].state == "not reached"


@pytest.mark.fault("Tiled killed", injected="nothing listens at its address")
def test_catalog_that_does_not_answer(run: Taken, server: Server, fault_report: Any) -> None:
    diagnosis = examine(server, run.uid, uri="http://127.0.0.1:1/api/v1")
    fault_report(headline(diagnosis))
    fault = broken_at(diagnosis, "catalog entry")
    assert "no answer from the catalog's server" in fault.what
    assert "`id3c-data serve` starts one" in fault.next_step
    assert "stands in the catalog" in diagnosis["read path"].seen[0]
    well(examine(server, run.uid))


@pytest.mark.fault("Tiled refusing", injected="the client has a wrong API key")
def test_wrong_key(run: Taken, server: Server, fault_report: Any) -> None:
    diagnosis = examine(server, run.uid, api_key="0123456789abcdef")
    fault_report(headline(diagnosis))
    fault = broken_at(diagnosis, "catalog entry")
    assert "answers 401" in fault.what
    assert "TILED_API_KEY" in fault.next_step
    well(examine(server, run.uid))


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Iterator[Accounts]:
    with server_with_accounts(tmp_path_factory.mktemp("accounts"), readable) as running:
        yield running


@pytest.fixture
def run_of_alice(accounts: Accounts, readable: Path, request: pytest.FixtureRequest) -> Iterator[Taken]:
    """A run in the catalog that has accounts."""
    cat = connect(accounts.uri, api_key=accounts.key("inherit"))
    with Subscription(cat) as subscription:
        yield Taken(readable / request.node.name, subscription)


@pytest.mark.fault("Tiled refusing", injected="the client's key has no scopes to read")
def test_key_that_may_not_read(accounts: Accounts, run_of_alice: Taken, fault_report: Any) -> None:
    alices = {"uri": accounts.uri, "answer_s": 10.0}
    diagnosis = diagnose(
        Settings(target=run_of_alice.uid, api_key=accounts.key("create:apikeys"), **alices)  # type: ignore[arg-type]
    )
    fault_report(headline(diagnosis))
    fault = broken_at(diagnosis, "catalog entry")
    assert "Requires scopes ['read:metadata']" in fault.what
    assert "one with these scopes" in fault.next_step
    key = accounts.key("read:metadata", "read:data")
    well(diagnose(Settings(target=run_of_alice.uid, api_key=key, **alices)))  # type: ignore[arg-type]


@pytest.mark.fault("Tiled refusing", injected="the server's access policy forbids to read data")
def test_catalog_that_forbids(accounts: Accounts, run_of_alice: Taken, fault_report: Any) -> None:
    settings = Settings(target=run_of_alice.uid, uri=accounts.uri, api_key=accounts.key("inherit"))
    accounts.policy.forbidden = frozenset({"read:data"})
    try:
        diagnosis = diagnose(settings)
    finally:
        accounts.policy.forbidden = frozenset()
    fault_report(re.sub(r" Principal had scopes [^;]*;", ";", headline(diagnosis)))
    fault = broken_at(diagnosis, "catalog entry")  # the table of events is data too
    assert "answers 403: Not enough permissions to perform this action on this node" in fault.what
    assert "catalog's administrator" in fault.next_step
    well(diagnose(settings))


def headline_of_500(diagnosis: Diagnosis) -> str:
    """Return the headline of a catalog whose server answers 500, which is told with where to look."""
    fault = broken_at(diagnosis, "catalog entry")
    assert "answers 500" in fault.what
    assert "see the log of the catalog's server" in fault.next_step
    return re.sub(r"request \w+", "request <id>", headline(diagnosis))


@pytest.mark.fault("Tiled refusing", injected="a table of the catalog's database is gone")
def test_catalog_whose_database_is_damaged(run: Taken, server: Server, fault_report: Any) -> None:
    with closing(sqlite3.connect(server.folder / "catalog.db", timeout=30)) as database:
        database.execute("ALTER TABLE nodes RENAME TO away")
        try:
            diagnosis = examine(server, run.uid)
        finally:
            database.execute("ALTER TABLE away RENAME TO nodes")
    fault_report(headline_of_500(diagnosis))
    well(examine(server, run.uid))


@pytest.mark.fault("catalog database locked", injected="another process has an exclusive lock on it")
def test_catalog_whose_database_is_locked(run: Taken, server: Server, fault_report: Any) -> None:
    with closing(sqlite3.connect(server.folder / "catalog.db", timeout=30)) as database:
        database.execute("BEGIN EXCLUSIVE")
        diagnosis = examine(server, run.uid)
        database.rollback()
    fault_report(headline_of_500(diagnosis))
    well(examine(server, run.uid))


@pytest.mark.fault("Tiled slow", injected="no answer reaches the doctor")
def test_catalog_that_does_not_answer_in_time(run: Taken, server: Server, fault_report: Any) -> None:
    with network(server.uri) as between:
        between.stall()
        diagnosis = examine(server, run.uid, uri=between.through(server.uri), answer_s=0.3)
        fault_report(headline(diagnosis))
        fault = broken_at(diagnosis, "catalog entry")
        assert re.search("no answer", fault.what)
        assert "see whether it is up" in fault.next_step
        between.heal()
        well(examine(server, run.uid, uri=between.through(server.uri)))


def test_root_that_the_server_may_not_read(run: Taken, server: Server, tmp_path: Path) -> None:
    """The folder is not below readable storage any more, as after a change of the server's configuration."""
    elsewhere = tmp_path.resolve() / "moved"
    shutil.move(run.folder, elsewhere)
    run.folder.symlink_to(elsewhere)
    diagnosis = examine(server, run.uid)
    fault = broken_at(diagnosis, "server reads")
    assert "this host can read the file, so it is the server's view of the disk" in fault.what
    assert fault.next_step
    assert diagnosis["chunks decode"].state == "ok"
    run.folder.unlink()
    shutil.move(elsewhere, run.folder)
    well(examine(server, run.uid))


def test_files_in_another_place_are_found_by_the_advised_path_map(
    run: Taken, server: Server, tmp_path: Path
) -> None:
    elsewhere = tmp_path.resolve() / "here"
    shutil.move(run.folder, elsewhere)
    fault = broken_at(examine(server, run.uid), "read path")
    assert f"--path-map {run.folder}=FOLDER" in fault.next_step
    mapped = {str(run.folder): str(elsewhere)}
    local = examine(server, run.uid, path_map=mapped)
    assert [local[hop].state for hop in ("read path", "master file", "chunks decode")] == ["ok"] * 3


@pytest.mark.fault("master replaced by another run's", injected="another series' master is copied over it")
def test_master_of_another_run_in_its_place(run: Taken, server: Server, fault_report: Any) -> None:
    own = run.series[1].master.read_bytes()
    shutil.copy(run.series[2].master, run.series[1].master)
    diagnosis = examine(server, run.uid)
    fault_report(headline(diagnosis), lost=[1])
    fault = broken_at(diagnosis, "documents")
    assert "the master of another series" in fault.what
    assert fault.where == str(run.series[1].master)
    assert "bring the run's own file back" in fault.next_step
    run.series[1].master.write_bytes(own)
    well(examine(server, run.uid))


def test_files_that_were_written_long_after_the_run(run: Taken, server: Server) -> None:
    later = time.time() + 7200
    os.utime(run.series[0].master, (later, later))
    result = examine(server, run.uid)["documents"]
    assert result.state == "warning"
    assert "2.0 h after its last event" in result.faults[0].what
    os.utime(run.series[0].master)
    well(examine(server, run.uid))


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            status, marks=pytest.mark.fault(f"run {name}", injected=f"the stop document says {status!r}")
        )
        for status, name in (("abort", "aborted"), ("fail", "failed"))
    ],
)
def test_run_that_did_not_end_well(
    status: str, readable: Path, subscription: Subscription, server: Server, fault_report: Any
) -> None:
    aborted = Taken(readable / status, subscription, status)
    diagnosis = examine(server, aborted.uid)
    assert diagnosis.exit_code == 0
    fault_report(headline(diagnosis["documents"]))
    fault = diagnosis["documents"].faults[0]
    assert f"the run ended as {status!r}: the beam went, with 3 events" in fault.what
    assert diagnosis["client pixels"].state == "ok"


def test_catalog_that_has_more_than_was_ever_written(
    readable: Path, subscription: Subscription, server: Server
) -> None:
    """One series for the run, aborted while its last images were on their way."""
    folder = readable / "too_long"
    folder.mkdir()
    series = LegacyWriter(folder, Series("too_long", 1, 6, 2), MODEL).write_series(3)
    documents = RunDocuments(subscription, root=readable, frame_shape=MODEL.shape)
    resource = documents.resource(series.master, series="run", images_per_file=2)
    for slot in range(6):
        documents.event(resource, slot)
    documents.stop("abort", "Ctrl-C")
    subscription.wait(30)
    fault = broken_at(examine(server, documents.uid), "external links")
    assert "what is not there was never written" in fault.next_step
    advised = re.search(r"`id3c-data (verify \S+ --repair)`", fault.next_step)
    assert advised
    environment = {"ID3C_DATA_CATALOG_URI": server.uri, "TILED_API_KEY": server.api_key}
    repaired = CliRunner(env=environment).invoke(main, advised[1].split())
    assert "shortened from 6 to 3 events" in repaired.output
    after = examine(server, documents.uid)
    assert after.exit_code == 0, after.first_failing
    assert [after[hop].state for hop in ("server reads", "client pixels")] == ["ok", "ok"]


def test_point_that_was_paused_and_taken_again(
    readable: Path, subscription: Subscription, server: Server
) -> None:
    folder = readable / "paused"
    folder.mkdir()
    series = LegacyWriter(folder, Series("paused", 1, 3, 1000), MODEL).write_series()
    documents = RunDocuments(subscription, root=readable, frame_shape=MODEL.shape)
    resource = documents.resource(series.master, series="run", images_per_file=1000)
    documents.event(resource, 0)
    documents.events = 0  # its number is given again
    documents.event(resource, 1)
    documents.event(resource, 2)
    documents.stop()
    subscription.wait(30)
    well(examine(server, documents.uid))


def test_links_to_files_that_no_event_needs_are_no_failure(
    readable: Path, subscription: Subscription, server: Server
) -> None:
    """One series for the run, cut short: the master goes on naming files that were never written."""
    folder = readable / "cut_short"
    folder.mkdir()
    writer = LegacyWriter(folder, Series("cut_short", 1, 10, 2), MODEL)
    series = writer.write_series(3)
    documents = RunDocuments(subscription, root=readable, frame_shape=MODEL.shape)
    resource = documents.resource(series.master, series="run", images_per_file=2)
    for slot in range(3):
        documents.event(resource, slot)
    documents.stop("abort", "Ctrl-C")
    subscription.wait(30)
    diagnosis = examine(server, documents.uid)
    assert diagnosis.exit_code == 0
    links = diagnosis["external links"]
    assert (links.state, links.values["leading_nowhere"]) == ("warning", 3)
    assert "no event of the run has frames of it" in links.faults[0].next_step
    assert diagnosis["client pixels"].state == "ok"


def test_catalog_of_the_environment_is_the_one_that_connect_takes(
    run: Taken, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", server.uri)
    monkeypatch.setenv("TILED_API_KEY", server.api_key)
    well(diagnose(Settings(target=run.uid)))


def test_documents_of_the_run_are_kept_for_a_bundle(run: Taken, server: Server) -> None:
    kept = examine(server, run.uid, documents=True).documents
    names = [name for name, _ in kept]
    assert names == ["start", "descriptor", *["resource"] * 3, *["datum"] * 3, *["event"] * 3, "stop"]
    assert kept[0][1]["uid"] == run.uid
    datums = {doc["datum_id"]: doc["resource"] for name, doc in kept if name == "datum"}
    masters = {doc["uid"]: doc["resource_path"] for name, doc in kept if name == "resource"}
    events = [doc for name, doc in kept if name == "event"]
    assert [event["seq_num"] for event in events] == [1, 2, 3]
    assert [event["data"]["eiger2_stats1_total"] for event in events] == [0.0] * 3
    assert all(event["timestamps"]["eiger2_stats1_total"] > 0 for event in events)
    told = [masters[datums[event["data"]["eiger2_image"]]] for event in events]
    assert [Path(path).name for path in told] == [series.master.name for series in run.series]
    assert examine(server, run.uid).documents == ()
