"""What other repositories take from this one for their CI: the pre-commit hook and the GitHub Action."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from id3c_data.cli import main

REPOSITORY = Path(__file__).parents[2]
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text())
(HOOK,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
WRONG = 'ophyd.EpicsMotor:\n  - {name: 1m, prefix: "gp:m1"}\n'


@pytest.mark.parametrize(
    "path",
    ["devices.yml", "src/id3c/configs/devices_aps_only.yaml", "configs/iconfig.yml", "configs/tiled.yml"],
)
def test_hook_looks_at_files_of_an_instrument(path: str) -> None:
    assert re.search(HOOK["files"], path)


@pytest.mark.parametrize(
    "path", ["configs/extra_logging.yml", "devices.py", "docs/tiled.yml.md", "my_iconfig.yml"]
)
def test_hook_leaves_other_files_alone(path: str) -> None:
    assert not re.search(HOOK["files"], path)


def test_hook_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text(WRONG)
    program, *arguments = shlex.split(HOOK["entry"])
    assert program == "id3c-data"
    result = CliRunner().invoke(main, [*arguments, str(tmp_path / "devices.yml")])
    assert (result.exit_code, "E203" in result.output) == (1, True)


def run_action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the last step of the action as GitHub would, in a folder, which it checks unless told otherwise."""
    step = ACTION["runs"]["steps"][-1]
    given = {name: one.get("default", ".") for name, one in ACTION["inputs"].items()} | inputs
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in step["env"].items()
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [step["shell"], "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
    )


def test_action_annotates_the_line(tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text(WRONG)
    said = run_action(tmp_path)
    assert said.returncode == 1
    assert said.stdout.startswith(
        "::error file=devices.yml,line=2,endLine=2,col=12,endColumn=14,title=E203::"
    )


def test_action_takes_several_paths_a_line_each(tmp_path: Path) -> None:
    for name in ("one folder", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "devices.yml").write_text(f"ophyd.Signal:\n  - {{name: {name[:3]}, value: 0}}\n")
    said = run_action(tmp_path, paths="one folder\n\ntwo/devices.yml\n")
    assert (said.returncode, said.stdout) == (0, "no problems in 2 files\n")


def test_action_imports_only_where_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text("no_such_package.Device:\n  - {name: m1}\n")
    assert run_action(tmp_path).returncode == 0
    assert "title=E202" in run_action(tmp_path, **{"import": "true"}).stdout


def test_action_runs_no_code_that_an_input_holds(tmp_path: Path) -> None:
    said = run_action(tmp_path, paths="$(touch owned); touch owned")
    assert said.returncode == 2
    assert not (tmp_path / "owned").exists()


def test_no_step_of_the_action_holds_an_input_in_its_script() -> None:
    assert not any("${{" in step.get("run", "") for step in ACTION["runs"]["steps"])
