"""iconfig.yml and tiled.yml beside devices.yml; each code's own example is tested with the codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from id3c_data.config import Problem, check

DEVICES = """\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "sim_eiger:"
    write_path_template: "/detector/data/%Y/"
    read_path_template: "/data/eiger2/%Y/"
"""
TILED = """\
catalog:
  uri: sqlite:///srv/tiled/catalog.db
  readable_storage: [/data/eiger2]
  adapters_by_mimetype:
    application/x-eiger2-master: id3c_data.catalog:MasterAdapter
expose_raw_assets: false
"""
TREES = """\
trees:
  - path: /raw
    tree: catalog
    args:
      uri: sqlite:///srv/tiled/catalog.db
      readable_storage: [/data/eiger2]
      adapters_by_mimetype:
        application/x-eiger2-master: id3c_data.catalog:MasterAdapter
expose_raw_assets: false
"""


@pytest.fixture(autouse=True)
def no_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Tiled profiles, and the folder where it would have them."""
    folder = tmp_path / "profiles"
    monkeypatch.setenv("TILED_PROFILES", str(folder))
    monkeypatch.setenv("TILED_SITE_PROFILES", str(folder))
    return folder


def found(folder: Path, *, devices: str = DEVICES, **beside: str) -> list[Problem]:
    """Return the problems of a folder with these files."""
    (folder / "devices.yml").write_text(devices)
    for stem, text in beside.items():
        (folder / f"{stem}.yml").write_text(text)
    return check([folder], imports=False)


def places(problems: list[Problem]) -> list[tuple[str, int, str]]:
    return [(problem.path.name, problem.line, problem.code) for problem in problems]


@pytest.mark.parametrize("tiled", [TILED, TREES], ids=["catalog", "trees"])
def test_files_that_agree_have_no_problem(tmp_path: Path, tiled: str) -> None:
    iconfig = (
        "TILED_PROFILE_NAME: raw\nTILED_PATH_NAME: /raw/bluesky\nRUN_ENGINE:\n  USE_PROGRESS_BAR: false\n"
    )
    assert found(tmp_path, tiled=tiled, iconfig=iconfig) == []


def test_configuration_of_the_bits_demo_has_no_problem(tmp_path: Path) -> None:
    iconfig = """\
ICONFIG_VERSION: 2.0.1
DATABROKER_CATALOG: temp
RUN_ENGINE:
    DEFAULT_METADATA:
        beamline_id: demo_instrument
    MD_PATH: .re_md_dict.yml
    USE_PROGRESS_BAR: false
BASELINE_LABEL:
    ENABLE: true
BEC: {BASELINE: true, HEADING: true, PLOTS: false, TABLE: true}
NEXUS_DATA_FILES: {ENABLE: false, FILE_EXTENSION: hdf}
DM_SETUP_FILE: "/home/dm/etc/dm.setup.sh"
OPHYD:
    CONTROL_LAYER: PyEpics
    TIMEOUTS: {PV_READ: &TIMEOUT 5, PV_WRITE: *TIMEOUT, PV_CONNECTION: *TIMEOUT}
XMODE_DEBUG_LEVEL: Plain
"""
    assert found(tmp_path, iconfig=iconfig) == []


@pytest.mark.parametrize(
    ("iconfig", "line", "code"),
    [
        ("- RUN_ENGINE\n", 1, "E401"),
        ("", 1, "E401"),
        ("RUN_ENGINE: true\n", 1, "E401"),
        ("OPHYD:\n  TIMEOUTS:\n    PV_READ: true\n", 3, "E401"),
        ("OPHYD:\n  TIMEOUT: {PV_READ: 5}\n", 2, "W402"),
        ("TILED_PROFIL_NAME: raw\n", 1, "W402"),
        ("A: 1\nA: 2\n", 2, "E104"),
        ("A: [\n", 2, "E103"),
    ],
)
def test_wrong_iconfig_is_said_in_its_line(tmp_path: Path, iconfig: str, line: int, code: str) -> None:
    assert places(found(tmp_path, iconfig=iconfig)) == [("iconfig.yml", line, code)]


def test_option_of_the_instrument_s_own_is_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path, iconfig="SAMPLE_STAGE: hexapod\n") == []


def test_known_profile_is_no_problem(tmp_path: Path, no_profiles: Path) -> None:
    no_profiles.mkdir()
    (no_profiles / "beamline.yml").write_text("raw: {uri: 'http://localhost:8000/api/v1'}\n")
    assert found(tmp_path, iconfig="TILED_PROFILE_NAME: raw\n") == []


def test_unknown_profile_is_a_warning_with_the_nearest_name(tmp_path: Path, no_profiles: Path) -> None:
    no_profiles.mkdir()
    (no_profiles / "beamline.yml").write_text("raw: {uri: 'http://localhost:8000/api/v1'}\n")
    (no_profiles / "broken.yml").write_text("[")
    (problem,) = found(tmp_path, iconfig="TILED_PROFILE_NAME: rwa\n")
    assert (problem.code, problem.next_step) == ("W403", "did you mean 'raw'?")


def test_machine_without_profiles_cannot_say(tmp_path: Path) -> None:
    assert found(tmp_path, iconfig="TILED_PROFILE_NAME: rwa\n") == []


@pytest.mark.parametrize(
    "variables", [{}, {"TILED_PROFILES": "/a", "TILED_SITE_PROFILES": "/b"}, {"HOME": "/h"}]
)
def test_profiles_are_looked_for_where_tiled_does(variables: dict[str, str]) -> None:
    code = (
        "import tiled.profiles\nfrom id3c_data.config._tiled_profiles import profile_folders\n"
        "assert list(profile_folders()) == tiled.profiles.paths, (profile_folders(), tiled.profiles.paths)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TILED_")}
    subprocess.run([sys.executable, "-c", code], env=environment | variables, check=True)


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("[/data/eiger2]", "[/data/other, /mnt]", 3, "E412"),
        ("  readable_storage: [/data/eiger2]\n", "", 1, "E412"),
        ("[/data/eiger2]", "[/data/eiger2_old]", 3, "E412"),
        ("application/x-eiger2-master", "application/x-eiger-master", 5, "E413"),
        ("id3c_data.catalog:MasterAdapter", "id3c_data.catalog:Adapter", 5, "E413"),
        ("expose_raw_assets: false", "expose_raw_assets: true", 6, "W414"),
        ("[/data/eiger2]", "[/]", 3, "W415"),
        (TILED, "[]\n", 1, "E411"),
        (TILED, TILED + TREES.replace("expose_raw_assets: false\n", ""), 7, "E411"),
    ],
)
def test_wrong_tiled_yml_is_said_in_its_line(
    tmp_path: Path, old: str, new: str, line: int, code: str
) -> None:
    assert places(found(tmp_path, tiled=TILED.replace(old, new))) == [("tiled.yml", line, code)]


@pytest.mark.parametrize(
    "storage",
    [
        "[/data]",
        "['file://localhost/data/eiger2']",
        "['${ROOT_OF_THIS_TEST}']",
        "['${NO_SUCH_VARIABLE_HERE}']",
        "[{uri: 's3://bucket'}]",
    ],
)
def test_storage_that_holds_the_root_or_may_hold_it_is_no_problem(
    tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOT_OF_THIS_TEST", "/data/eiger2")
    assert found(tmp_path, tiled=TILED.replace("[/data/eiger2]", storage)) == []


def test_adapter_is_needed_only_where_a_device_writes_masters(tmp_path: Path) -> None:
    tiled = TILED.partition("  adapters")[0] + "expose_raw_assets: false\n"
    assert found(tmp_path, tiled=tiled, devices='ophyd.EpicsMotor:\n  - {name: m1, prefix: "a:"}\n') == []


def test_adapter_of_the_site_s_own_is_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path, tiled=TILED.replace("id3c_data.catalog:", "site.adapters:")) == []


def test_warning_is_silenced_by_a_comment_on_its_line(tmp_path: Path) -> None:
    tiled = TILED.replace("assets: false", "assets: true  # id3c: ignore=W414")
    assert found(tmp_path, tiled=tiled) == []


def test_devices_of_other_folders_are_not_compared(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "devices.yml").write_text(DEVICES)
    (tmp_path / "two" / "devices.yml").write_text('ophyd.EpicsMotor:\n  - {name: m1, prefix: "a:"}\n')
    (tmp_path / "two" / "tiled.yml").write_text(TILED.replace("/data/eiger2", "/elsewhere"))
    assert check([tmp_path / "one", tmp_path / "two"], imports=False) == []


def test_media_type_is_the_documents_own() -> None:
    from id3c_data.catalog import MasterAdapter
    from id3c_data.config._tiled_checks import ADAPTER, MIMETYPE
    from id3c_data.documents import MIMETYPE as OF_DOCUMENTS

    assert MIMETYPE == OF_DOCUMENTS
    assert f"id3c_data.catalog:{MasterAdapter.__name__}" == ADAPTER


@pytest.mark.parametrize(("name", "text"), [("tiled", TILED), ("iconfig", "TILED_PROFILE_NAME: raw\n")])
def test_file_without_devices_is_checked_alone(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / f"{name}.yml"
    file.write_text(text)
    assert check(file, imports=False) == []
    file.write_text("[]\n")
    assert {problem.path for problem in check(file, imports=False)} == {file}


@pytest.mark.parametrize("name", ["iconfig", "tiled"])
def test_comment_that_silences_nothing_is_said_here_too(tmp_path: Path, name: str) -> None:
    texts = {"tiled": TILED, "iconfig": "TILED_PROFILE_NAME: raw\n"}
    given = {name: f"{texts[name]}# id3c: ignore=W999\n"}
    (problem,) = found(tmp_path, **given)
    assert (problem.path.stem, problem.code, problem.line) == (name, "W101", len(given[name].splitlines()))
