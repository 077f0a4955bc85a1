"""``id3c-data validate``, ``schema`` and ``paths`` as users type them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from id3c_data.cli import main
from id3c_data.config import schema

RIGHT = 'ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n'
WRONG = 'ophyd.EpicsMotor:\n  - {name: 1m, prefix: "gp:m1"}\n'
EIGER = """\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "sim_eiger:"
    write_path_template: "/detector/data/%Y/%m/"
    read_path_template: "/data/eiger2/%Y/%m/"
apstools.devices.ad_creator:
  - name: adsim
    prefix: "ad:"
    plugins:
      - cam: {class: ophyd.areadetector.SimDetectorCam}
      - hdf1:
          write_path_template: 'D:\\out\\%Y\\'
          read_path_template: "/mnt/out/%Y/"
          path_semantics: windows
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "devices.yml"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_right_files_are_said_to_be_and_exit_with_0(file: Path) -> None:
    file.write_text(RIGHT)
    result = run("validate", "--no-import", file)
    assert (result.exit_code, result.output) == (0, "no problems in 1 file\n")


def test_errors_exit_with_1(file: Path) -> None:
    file.write_text(WRONG)
    result = run("validate", "--no-import", file)
    assert result.exit_code == 1
    assert f"{file}:2:12: E203: " in result.output


def test_warnings_alone_exit_with_0(file: Path) -> None:
    file.write_text(EIGER.partition("apstools")[0].replace("/data/eiger2", "/tmp/eiger2"))  # noqa: S108
    result = run("validate", "--no-import", file)
    assert (result.exit_code, "1 warning in 1 file" in result.output) == (0, True)


def test_file_that_is_not_there_exits_with_2(file: Path) -> None:
    result = run("validate", file)
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_missing_part_of_the_package_exits_with_2(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(EIGER.partition("apstools")[0])
    monkeypatch.setitem(sys.modules, "epics", None)
    result = run("validate", "--live", "--no-import", file)
    assert result.exit_code == 2
    assert 'pip install "id3c-data[devices]"' in result.output


def test_folder_is_checked_with_what_stands_beside_devices(file: Path) -> None:
    file.write_text(RIGHT)
    (file.parent / "iconfig.yml").write_text("RUN_ENGINE:\n")
    result = run("validate", "--no-import", file.parent)
    assert result.exit_code == 1
    assert "iconfig.yml:1:1: E401: RUN_ENGINE is empty" in result.output


def test_file_beside_devices_stands_for_its_folder(file: Path) -> None:
    file.write_text(WRONG)
    (file.parent / "iconfig.yml").write_text("DATABROKER_CATALOG: temp\n")
    assert "E203" in run("validate", "--no-import", file.parent / "iconfig.yml").output


def test_nothing_is_imported_when_told_so(file: Path) -> None:
    file.write_text("no_such_package.Device:\n  - {name: m1}\n")
    assert run("validate", "--no-import", file).exit_code == 0
    assert "E202" in run("validate", file).output


def test_nothing_heavy_is_loaded_to_check_without_imports(file: Path) -> None:
    file.write_text(EIGER)
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom id3c_data.cli import main\n"
        f"print(CliRunner().invoke(main, ['validate', '--no-import', {str(file)!r}]).exit_code)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    exit_code, loaded = said.splitlines()
    assert exit_code == "0"
    assert not {"numpy", "h5py", "imagecodecs", "ophyd", "epics", "bluesky", "tiled", "rich"} & set(
        loaded.split()
    )


@pytest.mark.parametrize("form", ["github", "json", "sarif"])
def test_format_is_the_one_that_was_asked_for(file: Path, form: str) -> None:
    file.write_text(WRONG)
    said = run("validate", "--no-import", "--format", form, file).output
    assert said.startswith("::error ") if form == "github" else json.loads(said)


@pytest.mark.parametrize(("variable", "colours"), [("PLAIN", True), ("NO_COLOR", False)])
def test_colours_are_for_a_terminal_whose_user_wants_them(file: Path, variable: str, colours: bool) -> None:
    file.write_text(WRONG)
    command = [sys.executable, "-m", "id3c_data", "validate", "--no-import", str(file)]
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {variable: "1"}
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        subprocess.run(command, stdout=theirs, env=environment, check=False)
        os.close(theirs)
        assert (b"\x1b[" in terminal.read(65536)) == colours
    assert b"\x1b[" not in subprocess.run(command, capture_output=True, env=environment, check=False).stdout


def test_schema_is_printed_as_json() -> None:
    assert json.loads(run("schema").output) == schema()


def test_paths_shows_both_sides_and_the_translation_of_each_pair(file: Path) -> None:
    file.write_text(EIGER)
    result = run("paths", file, "--at", "2026-11-20")
    assert result.exit_code == 0
    first, second = result.output.strip().split("\n\n")
    assert first.splitlines() == [
        f"eiger2  (id3c_data.devices.Eiger2Detector, {file}:4)",
        "  at     2026-11-20 00:00:00",
        "  write  /detector/data/2026/11/",
        "  read   /data/eiger2/2026/11/",
        "  a file /detector/data/2026/11/example_1_master.h5",
        "      -> /data/eiger2/2026/11/example_1_master.h5",
    ]
    assert second.splitlines()[0] == f"adsim, plugin hdf1  (apstools.devices.ad_creator, {file}:12)"
    assert "  write  D:\\out\\2026\\" in second.splitlines()
    assert "      -> /mnt/out/2026/example_1_master.h5" in second.splitlines()


def test_paths_says_the_problems_of_templates_that_break_a_rule(file: Path) -> None:
    file.write_text(EIGER.replace("/data/eiger2/%Y/%m/", "data/%Y/%m/"))
    result = run("paths", file)
    assert result.exit_code == 1
    assert "adsim, plugin hdf1" in result.output
    assert "is not absolute" in result.output
