"""Imports in a process of their own: whatever one does, it is a problem of that import and of no other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from id3c_data.config import Arguments
from id3c_data.config._in_child import find_in_child

LONG = 60.0


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that modules are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_arguments_are_those_that_an_import_here_finds() -> None:
    found = find_in_child(["textwrap.indent"], LONG)
    assert found == {"textwrap.indent": Arguments(("text", "prefix", "predicate"), ("text", "prefix"), False)}


def test_kinds_come_across(modules: Path) -> None:
    (modules / "typed.py").write_text("def make(name: str, count: int | None = None): ...\n")
    found = find_in_child(["typed.make"], LONG)["typed.make"]
    assert isinstance(found, Arguments)
    assert found.kinds == {"name": ("text",), "count": ("a whole number", "nothing")}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import os; os._exit(3)", "its process ended with status 3"),
        ("import os; os.kill(os.getpid(), 11)", "its process died of SIGSEGV"),
        ("import sys; sys.exit('no licence')", "it ends its process (SystemExit: no licence)"),
        ("raise KeyboardInterrupt", "it ends its process (KeyboardInterrupt"),
        ("raise OSError('no IOC')", "OSError: no IOC"),
        ("import os, sys; print('what it said', file=sys.stderr, flush=True); os._exit(1)", "what it said"),
    ],
)
def test_import_that_ends_its_process_is_a_fault_of_its_own(modules: Path, source: str, says: str) -> None:
    (modules / "ends.py").write_text(source)
    found = find_in_child(["textwrap.dedent", "ends.Device", "textwrap.indent"], LONG)
    assert says in str(found["ends.Device"])
    assert isinstance(found["textwrap.dedent"], Arguments)
    assert isinstance(found["textwrap.indent"], Arguments)


def test_import_that_does_not_end_is_a_fault_of_its_own(modules: Path) -> None:
    (modules / "hangs.py").write_text("import threading\nthreading.Event().wait()\n")
    found = find_in_child(["hangs.Device", "textwrap.indent"], 1.0)
    assert "does not end within 1 s" in str(found["hangs.Device"])
    assert isinstance(found["textwrap.indent"], Arguments)


def test_module_that_does_not_end_is_waited_for_once(modules: Path) -> None:
    (modules / "hangs.py").write_text(
        "import pathlib, threading\n"
        "pathlib.Path(__file__).with_suffix('.log').open('a').write('x')\n"
        "threading.Event().wait()\n"
    )
    found = find_in_child(["hangs.One", "textwrap.indent", "hangs.Two"], 1.0)
    assert str(found["hangs.One"]) == str(found["hangs.Two"])
    assert isinstance(found["textwrap.indent"], Arguments)
    assert (modules / "hangs.log").read_text() == "x"


def test_what_an_import_started_ends_with_it(modules: Path) -> None:
    (modules / "starts_another.py").write_text(
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        "pathlib.Path(__file__).with_suffix('.pid').write_text(str(child.pid))\n"
        "def make(name): ...\n"
    )
    find_in_child(["starts_another.make"], LONG)
    pid = (modules / "starts_another.pid").read_text()
    deadline = time.monotonic() + LONG
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: str) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )  # Z waits for its parent
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_an_import_prints_is_no_answer(modules: Path) -> None:
    (modules / "talks.py").write_text("print('{}'); import os; os.system('echo {}')\ndef make(name): ...\n")
    found = find_in_child(["talks.make"], LONG)["talks.make"]
    assert isinstance(found, Arguments)
    assert found.names == ("name",)


def test_thread_that_an_import_starts_keeps_nothing_waiting(modules: Path) -> None:
    (modules / "starts.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait).start()\ndef make(name): ...\n"
    )
    assert isinstance(find_in_child(["starts.make"], LONG)["starts.make"], Arguments)


def test_ophyd_has_its_dummy_control_layer(modules: Path) -> None:
    (modules / "asks.py").write_text(
        "import ophyd\nif ophyd.cl.name != 'dummy': raise RuntimeError(ophyd.cl.name)\ndef make(name): ...\n"
    )
    assert isinstance(find_in_child(["asks.make"], LONG)["asks.make"], Arguments)


def test_no_pv_is_looked_for_on_the_network(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "192.0.2.1")
    (modules / "looks.py").write_text(
        "import os\nwhere = [os.environ[f'EPICS_{p}_ADDR_LIST'] for p in ('CA', 'PVA')]\n"
        "if where != ['127.0.0.1'] * 2: raise RuntimeError(where)\ndef make(name): ...\n"
    )
    assert isinstance(find_in_child(["looks.make"], LONG)["looks.make"], Arguments)


def test_no_name_server_is_asked(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPICS_CA_NAME_SERVERS", "192.0.2.1")
    monkeypatch.setenv("EPICS_PVA_NAME_SERVERS", "192.0.2.1")
    (modules / "asks_servers.py").write_text(
        "import os\nwhere = [os.environ[f'EPICS_{p}_NAME_SERVERS'] for p in ('CA', 'PVA')]\n"
        "if any(where): raise RuntimeError(where)\ndef make(name): ...\n"
    )
    assert isinstance(find_in_child(["asks_servers.make"], LONG)["asks_servers.make"], Arguments)


def test_working_folder_is_no_place_of_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "yaml.py").write_text("raise RuntimeError('not that one')\n")
    monkeypatch.chdir(tmp_path)
    assert isinstance(find_in_child(["textwrap.indent"], LONG)["textwrap.indent"], Arguments)


def test_nothing_is_started_for_nothing() -> None:
    assert find_in_child([], 0.0) == {}
