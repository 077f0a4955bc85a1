"""What a Python that is started from this one finds."""

import subprocess
import sys

import pytest

from id3c_data._own_python import command, environment, module_places


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a module in a working folder, and returns what it says."""
    monkeypatch.chdir(tmp_path)

    def run(module: str) -> str:
        done = subprocess.run(command(module), env=environment(), capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    return run


def test_it_finds_the_modules_of_this_one(run, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.py").write_text("print('found')")
    assert "No module named mine" in run("mine")
    monkeypatch.syspath_prepend(str(elsewhere))
    assert run("mine") == "found\n"


def test_it_takes_no_module_from_the_working_folder(run, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("print('found')")
    monkeypatch.setattr(sys, "path", ["", ".", *sys.path])
    assert "No module named mine" in run("mine")
    assert not {"", "."} & set(module_places())
