"""Imports in a process of their own: whatever one does, it is a problem of that import and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from id3c_data.config import Arguments
from id3c_data.config._in_child import find_in_child
from id3c_data.errors import ConfigError

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
    found = find_in_child(["hangs.Device", "textwrap.indent"], 3.0)
    assert "does not end within 3 s" in str(found["hangs.Device"])
    assert isinstance(found["textwrap.indent"], Arguments)


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


def test_ophyd_connects_to_nothing() -> None:
    found = find_in_child(["ophyd.EpicsMotor"], LONG)["ophyd.EpicsMotor"]
    assert isinstance(found, Arguments)
    layer = find_in_child(["ophyd.cl.name.is_dummy"], LONG)["ophyd.cl.name.is_dummy"]
    assert isinstance(layer, ConfigError)


def test_nothing_is_started_for_nothing() -> None:
    assert find_in_child([], 0.0) == {}
