from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiled.profiles import load_profiles

from id3c_data.catalog import Catalog, Run, Server, connect, serve
from id3c_data.catalog._connect import PROFILE_VARIABLE, URI_VARIABLE
from id3c_data.catalog._state import FOLDER_VARIABLE
from id3c_data.errors import CatalogError, CatalogUnreachable, NotInCatalog


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (URI_VARIABLE, PROFILE_VARIABLE, "TILED_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def other_server() -> Iterator[str]:
    """Something that speaks HTTP, and is no Tiled server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = 503 if "busy" in self.path else 200
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_nobody_there_is_told_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(CatalogUnreachable, match=f"127.0.0.1:{port}.*no answer.*id3c-data serve"):
        connect(f"http://127.0.0.1:{port}/api/v1")
    assert time.monotonic() - started < 6.0


def test_someone_who_never_answers_is_told_within_the_stated_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("id3c_data.catalog._connect._PROBE", 0.5)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(CatalogUnreachable, match="ReadTimeout"),
    ):
        connect(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1")


@pytest.mark.parametrize("uri", ["htps://catalog", "http://[", "catalog"])
def test_what_is_no_uri_is_told(uri: str) -> None:
    with pytest.raises(CatalogUnreachable, match="no answer"):
        connect(uri)


def test_a_server_of_something_else_is_told(other_server: str) -> None:
    with pytest.raises(CatalogError, match=r"Tiled's client cannot connect.*leads to a Tiled server"):
        connect(f"{other_server}/api/v1")


def test_a_server_that_is_busy_is_told_at_once(other_server: str) -> None:
    with pytest.raises(CatalogError, match="503"):
        connect(f"{other_server}/busy")


@pytest.mark.fault("Tiled refusing", injected="a wrong API key, or none")
@pytest.mark.parametrize("key", ["0123456789abcdef", None])
def test_a_wrong_key_is_told(server: Server, key: str | None, fault_report: Any) -> None:
    with pytest.raises(CatalogError, match="api_key") as error:
        connect(server.uri, api_key=key)
    fault_report(error.value)


def test_a_key_in_the_uri_is_not_in_messages(server: Server) -> None:
    with pytest.raises(CatalogError) as error:
        connect(f"{server.uri}?api_key=0123456789abcdef")
    assert "0123456789abcdef" not in str(error.value)


def test_an_empty_catalog_is_told(ended: Any) -> None:
    assert isinstance(ended.last_run, NotInCatalog)
    assert "the catalog is empty; take a run with subscribe" in str(ended.last_run)
    assert ended.last_runs == []


def test_a_server_that_has_ended_is_told_within_the_stated_time(
    ended: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended.cat.context.http_client._transport, "_patience", 0.5)
    started = time.monotonic()
    with pytest.raises(CatalogUnreachable, match="no answer"):
        ended.cat[-1]
    assert time.monotonic() - started < 3.0


def test_runs_by_number_uid_and_slice(cat: Catalog, ten_points: Run) -> None:
    uid = ten_points.start["uid"]
    assert cat[uid].start["uid"] == cat[uid[:8]].start["uid"] == uid
    uids = [run.start["uid"] for run in cat.values()]
    assert [run.start["uid"] for run in cat[-5:]] == uids[-5:]
    assert [run.start["uid"] for run in cat[-3:-1]] == uids[-3:-1]
    assert [run.start["uid"] for run in cat[:]] == uids
    assert cat[-1:-3] == []
    assert cat[-1].start["uid"] == uids[-1]
    assert cat[1].start["scan_id"] == 1


def test_a_run_that_is_not_there_is_told(cat: Catalog, ten_points: Run) -> None:
    del ten_points
    for key in ("deadbeef", "00000000-0000-0000-0000-000000000000", 99999, -99999):
        with pytest.raises(NotInCatalog, match=f"no run {key!r}; there are"):
            cat[key]
    with pytest.raises(NotInCatalog, match="at least 5 characters; give more of the uid"):
        cat["nope"]
    with pytest.raises(NotInCatalog, match=r"a string, an integer, .*; cat\[-1\] is the last run"):
        cat[0.5]
    with pytest.raises(CatalogError, match=r"cat\[-5:\] is the last five"):
        cat[2:5]


def test_one_run_is_no_catalog(server: Server, ten_points: Run) -> None:
    with pytest.raises(CatalogError, match="is no catalog of runs; it holds primary"):
        connect(f"{server.uri}/metadata/{ten_points.start['uid']}", api_key=server.api_key)


def test_the_environment_names_the_catalog(
    server: Server, cat: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URI_VARIABLE, server.uri)
    assert connect(api_key=server.api_key).uri == cat.uri


def test_no_proxy_is_asked_for_a_server_on_this_machine(
    server: Server, cat: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert connect(server.uri, api_key=server.api_key).uri == cat.uri


def test_a_profile_names_the_catalog(
    server: Server, cat: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = {"raw": {"uri": server.uri}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(profile))
    monkeypatch.setattr("tiled.profiles.paths", [tmp_path])
    load_profiles.cache_clear()  # another test of this process may have looked
    assert connect(profile="raw", api_key=server.api_key).uri == cat.uri
    monkeypatch.setenv(PROFILE_VARIABLE, "raw")
    assert connect(api_key=server.api_key).uri == cat.uri
    with pytest.raises(CatalogError, match=r"no Tiled profile 'rwa'.*there are raw"):
        connect(profile="rwa")
    load_profiles.cache_clear()


def test_a_uri_and_a_profile_are_too_much() -> None:
    with pytest.raises(CatalogError, match="give one of them"):
        connect("http://127.0.0.1:8000", profile="raw")


CONNECT_AND_STAY = """
import time
from id3c_data import connect
print(connect().uri, flush=True)
time.sleep(120)
"""


def test_the_embedded_catalog_is_started_once_found_again_and_ends_with_its_last_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "embedded"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    with subprocess.Popen(
        [sys.executable, "-c", CONNECT_AND_STAY], stdout=subprocess.PIPE, text=True
    ) as session:
        try:
            assert session.stdout is not None
            uri = session.stdout.readline().strip()
            with serve(folder) as found:
                assert uri.startswith(found.uri)
                assert connect(found.uri, api_key=found.api_key).uri == uri
                for name in ("server.json", "api_key", "server.log"):
                    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
                session.send_signal(signal.SIGKILL)
                session.wait(10)
                time.sleep(1.5)
                assert connect(found.uri, api_key=found.api_key).uri == uri  # still used here
        finally:
            session.kill()
    deadline = time.monotonic() + 15
    while is_running(found.pid):
        assert time.monotonic() < deadline, "the server outlives its users"
        time.sleep(0.1)
    assert not (folder / "server.json").exists()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_server_with_other_folders_is_not_taken_for_ones_own(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="take another folder"):
        serve(server.folder, readable_storage=[tmp_path.parent.parent])


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_text("no database at all")
    with pytest.raises(CatalogUnreachable, match=r"ended with 1.*not a database.*server\.log"):
        serve(tmp_path)
