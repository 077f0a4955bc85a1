"""What ``--live`` finds out, at the simulated detector and a real Tiled server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from id3c_data.catalog import Server, connect
from id3c_data.catalog._app import app_of, embedded_config, initialize_catalog
from id3c_data.config import Code, codes
from id3c_data.doctor._folder_question import FolderQuestion
from id3c_data.doctor._ioc import Ioc
from id3c_data.testing import CaPorts, RunningIoc, running_ioc
from id3c_data.testing.catalog import running_catalog

from .conftest import VIEW, Beamline, wait_until
from .disks import hanging, read_only

LIVE_EXAMPLES = [code for code in codes().values() if code.live and code.wrong]


@pytest.fixture(scope="module")
def shared_ioc(ca_ports: CaPorts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIoc]:
    folder = tmp_path_factory.mktemp("site") / "eiger2"
    folder.mkdir()
    (folder.parent / "other").mkdir()
    with running_ioc(ports=ca_ports, size=(32, 48), mounts={VIEW: folder}) as ioc:
        yield ioc


@pytest.fixture
def beamline(shared_ioc: RunningIoc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beamline]:
    monkeypatch.delenv("ID3C_DATA_CATALOG_URI", raising=False)
    made = Beamline(shared_ioc, shared_ioc.mounts[VIEW], tmp_path)
    made.describe()
    made.put("cam1:CreateDirectory", -3)
    made.put("cam1:FilePath", f"{VIEW}/before/")
    wait_until(lambda: made.text("cam1:FilePath_RBV") == f"{VIEW}/before/")  # the folder is made by then
    yield made
    made.put("Sim:RefusePath", 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shared_ioc: RunningIoc) -> Iterator[Server]:
    with running_catalog(tmp_path_factory.mktemp("catalog"), shared_ioc.mounts[VIEW]) as running:
        yield running


@pytest.fixture
def with_catalog(server: Server, monkeypatch: pytest.MonkeyPatch, beamline: Beamline) -> Server:
    """The environment names the server."""
    del beamline  # which takes the variable away
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", server.uri)
    monkeypatch.setenv("TILED_API_KEY", server.api_key)
    return server


@pytest.fixture
def read_only_disk(beamline: Beamline) -> Iterator[None]:
    """The disk that files are read from."""
    with read_only(beamline.data.parent):
        yield


def test_right_description_has_no_problem_and_says_what_was_proven(beamline: Beamline) -> None:
    report = beamline.check()
    assert [problem.code for problem in report.problems] == ["W302"]
    assert "eiger2: driver 3.6.0" in report.notes
    assert any(f"{VIEW} on the IOC is {beamline.data} here" in note for note in report.notes)


def test_all_pvs_of_the_device_are_asked_for(beamline: Beamline) -> None:
    report = beamline.check(imports=True)
    assert any("PVs that connect when it is made answer" in note for note in report.notes)


def test_silent_device_names_its_pvs_at_its_prefix(beamline: Beamline) -> None:
    beamline.write('ophyd.EpicsMotor:\n  - {name: m1, prefix: "nobody:m1"}\n')
    problem = beamline.found(imports=True)["E501"]
    assert "nothing answers for nobody:m1.ACCL, nobody:m1.DIR" in problem.what
    assert (problem.line, problem.column) == (2, 24)


def test_arguments_that_json_has_not_reach_the_device_as_they_are(
    beamline: Beamline, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = beamline.configs / "asking_parts.py"
    module.write_text(
        "import datetime\ndef make(name, since, loop):\n"
        "    assert since == datetime.date(2026, 11, 20) and loop['self'] is loop, (since, loop)\n"
        "    raise KeyError('as they are')\n"
    )
    monkeypatch.syspath_prepend(beamline.configs)
    beamline.write("asking_parts.make:\n  - {name: d1, since: 2026-11-20, loop: &loop {self: *loop}}\n")
    assert "KeyError: 'as they are'" in beamline.found(imports=True)["E501"].what


def test_class_that_nobody_knows_is_not_asked_for_folders(beamline: Beamline) -> None:
    described = beamline.configs / "devices.yml"
    described.write_text(described.read_text().replace("id3c_data.devices.Eiger2Detector", "my.Detector"))
    found = beamline.found()
    assert "which part of the IOC writes there is not known" in found["W506"].what
    assert "E501" not in found


def test_device_that_cannot_be_made_says_why(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    (beamline.configs / "refusing_parts.py").write_text("def make(name):\n    raise KeyError('no table')\n")
    monkeypatch.syspath_prepend(beamline.configs)
    beamline.write("refusing_parts.make:\n  - {name: d1}\n")
    problem = beamline.found(imports=True)["E501"]
    assert "refusing_parts.make cannot make it: KeyError: 'no table'" in problem.what


def test_device_that_never_gets_made_leaves_the_others_asked(
    beamline: Beamline, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = beamline.configs / "ending_parts.py"
    module.write_text("import os\ndef make(name):\n    os._exit(3)\n")
    monkeypatch.syspath_prepend(beamline.configs)
    beamline.write(
        "ending_parts.make:\n  - {name: d1}\n"
        f'ophyd.EpicsSignalRO:\n  - {{name: s1, read_pv: "{beamline.ioc.prefix}cam1:Acquire"}}\n'
    )
    report = beamline.check(imports=True)
    assert "making it does not end" in next(p.what for p in report.problems if p.code == "E501")
    assert "s1: all 1 PVs that connect when it is made answer" in report.notes


def test_device_of_ophyd_async_that_does_not_connect_is_said(
    beamline: Beamline, monkeypatch: pytest.MonkeyPatch
) -> None:
    (beamline.configs / "async_parts.py").write_text(
        "from ophyd_async.core import Device, NotConnectedError\n"
        "class Part(Device):\n"
        "    async def connect(self, mock=False, timeout=10, force_reconnect=False):\n"
        "        raise NotConnectedError('ca://nobody.VAL')\n"
    )
    monkeypatch.syspath_prepend(beamline.configs)
    beamline.write("async_parts.Part:\n  - {name: p1}\n")
    problem = beamline.found(imports=True)["E501"]
    assert "p1: does not connect" in problem.what
    assert "nobody.VAL" in problem.what


@pytest.mark.parametrize("code", LIVE_EXAMPLES, ids=lambda code: code.code)
def test_example_of_the_reference_has_its_problem(code: Code, beamline: Beamline) -> None:
    wrong = {"devices.yml": code.wrong} if isinstance(code.wrong, str) else code.wrong
    for name, text in wrong.items():
        beamline.write(text, name)
    assert code.code in beamline.found()


def test_folder_of_another_place_is_told_from_the_right_one(beamline: Beamline) -> None:
    beamline.describe(read=beamline.data.parent / "other")
    problem = beamline.found()["E505"]
    assert "does not see a folder that was made in" in problem.what
    assert problem.line == 5


def test_port_that_is_asked_is_the_one_that_writes(beamline: Beamline) -> None:
    beamline.put("HDF1:FilePath", f"{VIEW}/plugin/")
    asked = {
        name: beamline.pv(f"{name}:FilePath").get_with_metadata(use_monitor=False)
        for name in ("cam1", "HDF1")
    }
    beamline.describe(more="    writer: hdf5\n")
    assert beamline.found() == {}
    later = {name: beamline.pv(f"{name}:FilePath").get_with_metadata(use_monitor=False) for name in asked}
    assert later["cam1"]["timestamp"] == asked["cam1"]["timestamp"]
    assert later["HDF1"]["timestamp"] > asked["HDF1"]["timestamp"]
    assert beamline.text("HDF1:FilePath_RBV") == f"{VIEW}/plugin/"


def test_ioc_has_its_settings_back(beamline: Beamline) -> None:
    beamline.describe(read=beamline.data.parent / "other")
    beamline.found()
    assert beamline.text("cam1:FilePath_RBV") == f"{VIEW}/before/"
    assert beamline.pv("cam1:CreateDirectory_RBV").get(use_monitor=False) == -3


def test_nothing_is_left_on_the_read_side(beamline: Beamline, with_catalog: Server) -> None:
    before = sorted(beamline.data.iterdir())
    assert with_catalog.uri
    beamline.found()
    assert sorted(beamline.data.iterdir()) == before


def test_ioc_that_acquires_is_left_alone(beamline: Beamline) -> None:
    beamline.put("cam1:NumImages", 1000)
    beamline.put("cam1:FWEnable", 0)
    beamline.put("cam1:DataSource", "None")
    beamline.pv("cam1:Acquire").put(1)
    wait_until(lambda: beamline.pv("cam1:Acquire_RBV").get(use_monitor=False))
    try:
        assert "it acquires" in beamline.found()["W506"].what
        assert beamline.text("cam1:FilePath_RBV") == f"{VIEW}/before/"
    finally:
        beamline.pv("cam1:Acquire").put(0)
        wait_until(lambda: not beamline.pv("cam1:AcquireBusy").get(use_monitor=False))


def test_acquisition_that_begins_while_the_ioc_is_asked_is_said(
    beamline: Beamline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, sequence = FolderQuestion.has, beamline.pv("cam1:SequenceId").get(use_monitor=False)

    def ask_as_an_acquisition_begins(question: FolderQuestion, folder: str, *, expected: bool) -> bool:
        beamline.put("cam1:SequenceId", sequence + 1)
        return ask(question, folder, expected=expected)

    monkeypatch.setattr(FolderQuestion, "has", ask_as_an_acquisition_begins)
    assert "began to acquire" in beamline.found()["E512"].what


def test_driver_older_than_any_that_was_tried_is_a_warning(beamline: Beamline) -> None:
    version = beamline.text("cam1:DriverVersion_RBV")
    beamline.put("cam1:DriverVersion_RBV", "2.9.1")
    try:
        assert "says '2.9.1'" in beamline.found()["W502"].what
    finally:
        beamline.put("cam1:DriverVersion_RBV", version)


def test_full_disk_is_a_warning(beamline: Beamline) -> None:
    width = beamline.pv("cam1:ArraySizeX_RBV").get(use_monitor=False)
    beamline.put("cam1:ArraySizeX_RBV", 2**31 - 1)  # frames of 275 GB
    try:
        assert "uncompressed frames" in beamline.found()["W507"].what
    finally:
        beamline.put("cam1:ArraySizeX_RBV", width)


def test_clock_of_another_time_is_a_warning(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60)
    assert "s behind" in beamline.found()["W508"].what


def test_names_that_are_there_can_prove_a_difference(beamline: Beamline) -> None:
    other = beamline.data.parent / "other"
    (other / "2025").mkdir()
    beamline.describe(read=other)
    try:
        with read_only(other):
            assert "the IOC has no '2025'" in beamline.found()["E505"].what
    finally:
        (other / "2025").rmdir()


@pytest.mark.usefixtures("read_only_disk")
def test_names_that_are_there_prove_no_sameness(beamline: Beamline) -> None:
    problem = beamline.found()["W506"]
    assert "no folder can be made in" in problem.what
    assert "Read-only file system" in problem.what or "Permission denied" in problem.what


def test_folder_that_never_answers_is_waited_for_a_moment(beamline: Beamline) -> None:
    with hanging(beamline.data.parent / "other"):
        beamline.describe(read=beamline.data.parent / "other")
        assert "does not answer within 1.5 s" in beamline.found()["E504"].what


def test_server_reads_what_is_below_the_read_root(beamline: Beamline, with_catalog: Server) -> None:
    report = beamline.check()
    assert [problem.code for problem in report.problems] == ["W302"]
    assert any(f"reads what is in {beamline.data}" in note for note in report.notes)
    assert list(connect(with_catalog.uri, api_key=with_catalog.api_key)) == []


@pytest.mark.usefixtures("with_catalog")
def test_server_that_may_not_read_the_folder_says_so(beamline: Beamline) -> None:
    beamline.describe(read=beamline.data.parent / "other")
    problem = beamline.found()["E510"]
    assert "cannot read what is in" in problem.what
    assert problem.line == 5


@pytest.mark.usefixtures("with_catalog", "read_only_disk")
def test_where_no_file_can_be_made_nothing_is_proven_of_the_server(beamline: Beamline) -> None:
    assert "no file can be made in" in beamline.found()["W511"].what


@pytest.fixture
def for_readers_only(beamline: Beamline, tmp_path: Path) -> Iterator[str]:
    """Return the URI of a server on which everybody may read, and only who has its key may write."""
    folder = tmp_path / "for_readers"
    folder.mkdir()
    initialize_catalog(folder / "catalog.db")
    config = embedded_config(folder, [str(beamline.data)], "nottold")
    config.authentication.allow_anonymous_access = True
    server = uvicorn.Server(uvicorn.Config(app_of(config), log_level="error", loop="asyncio"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        server.should_exit = True
        thread.join()


@pytest.mark.filterwarnings("ignore:No path_separator found:DeprecationWarning")  # Tiled's own, of Alembic
def test_where_this_user_may_not_write_nothing_is_proven_of_the_server(
    beamline: Beamline, for_readers_only: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", for_readers_only)
    monkeypatch.delenv("TILED_API_KEY", raising=False)
    problem = beamline.found()["W511"]
    assert "can read what is in" in problem.what
    assert "answers 401" in problem.what
    assert list(beamline.data.glob(".id3c_probe_*")) == []


def test_wrong_key_is_said(beamline: Beamline, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ID3C_DATA_CATALOG_URI", server.uri)
    monkeypatch.setenv("TILED_API_KEY", "wrong")
    assert "answers 401" in beamline.found()["E509"].what


def test_server_of_the_profile_is_the_one_that_is_asked(
    beamline: Beamline, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tiled.profiles

    (beamline.configs / "profiles").mkdir()
    (beamline.configs / "profiles" / "site.yml").write_text(f"site: {{uri: '{server.uri}'}}\n")
    monkeypatch.setenv("TILED_API_KEY", server.api_key)
    monkeypatch.setattr(tiled.profiles, "paths", [beamline.configs / "profiles"])
    tiled.profiles.load_profiles.cache_clear()
    monkeypatch.setenv("TILED_PROFILES", str(beamline.configs / "profiles"))
    beamline.write("TILED_PROFILE_NAME: site\n", "iconfig.yml")
    report = beamline.check()
    assert [problem.code for problem in report.problems] == ["W302"], report.problems
    assert f"Tiled profile 'site': reads what is in {beamline.data}, proven by" in "\n".join(report.notes)
    beamline.write("TILED_PROFILE_NAME: site\nTILED_PATH_NAME: /raw\n", "iconfig.yml")
    assert "has no 'raw'" in beamline.found()["E509"].what


def test_server_of_tiled_yml_that_is_not_there_is_said_in_its_line(beamline: Beamline) -> None:
    text = f"catalog: {{uri: x, readable_storage: [{beamline.data}]}}\nexpose_raw_assets: false\n"
    beamline.write(text + "uvicorn: {host: 127.0.0.1, port: 1}\n", "tiled.yml")
    problem = beamline.found()["E509"]
    assert "no answer from the catalog's server" in problem.what
    assert (problem.path.name, problem.line) == ("tiled.yml", 3)


def test_device_with_errors_is_not_asked(beamline: Beamline) -> None:
    beamline.describe(more="    prefx: 1\n")
    report = beamline.check(imports=True)
    assert report.notes == ("eiger2: not asked, because its description has errors",)


def test_settings_that_cannot_be_put_back_are_said(
    beamline: Beamline, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Ioc.put

    def put_all_but_the_old_path(self: Ioc, name: str, value: Any) -> None:
        put(self, "cam1:NoSuchRecord" if value == f"{VIEW}/before/" else name, value)

    monkeypatch.setattr(Ioc, "put", put_all_but_the_old_path)
    problem = beamline.found()["E512"]
    assert "could not be put back" in problem.what
    assert f"'{VIEW}/before/' and -3" in problem.next_step
