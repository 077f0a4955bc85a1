"""A bundle has all that helps, and no secret, wherever one was planted."""

from __future__ import annotations

import json
import logging
import stat
import zipfile
from pathlib import Path

import pytest

from id3c_data.doctor import Diagnosis, Fault, HopResult, Settings, diagnose, kept_log, write_bundle
from id3c_data.sim import FrameModel, LegacyWriter, Series

PLANTED = "pL4nted5ecret"


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """Configuration with a secret at every place that may have one."""
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "devices.yml").write_text(
        "id3c_data.devices.Eiger2Detector:\n  - name: eiger2\n    prefix: 'x:'\n"
        "    write_path_template: /a/%Y/\n    read_path_template: /b/%Y/\n"
        f"    password: {PLANTED}-device\n"
    )
    (folder / "iconfig.yml").write_text(
        f"TILED_API_KEY: {PLANTED}-iconfig\nDATABASE: pg://u:{PLANTED}-pg@h/d\n"
    )
    (folder / "tiled.yml").write_text(
        f"authentication:\n  single_user_api_key: {PLANTED}-key\n  secret_keys: [{PLANTED}-list]\n"
        f"trees: []\ncatalog: {{uri: 'postgresql://me:{PLANTED}-uri@db/x'}}\n"
    )
    return folder


@pytest.fixture
def diagnosis(tmp_path: Path) -> Diagnosis:
    """What was found, with secrets in the documents and in the words of servers."""
    writer = LegacyWriter(tmp_path, Series("run", 1, 2, 1), FrameModel(height=8, width=8))
    words = (f"it said api_key={PLANTED}-fault", f"use ?token={PLANTED}-next", f"http://u:{PLANTED}-w@h")
    seen, values = (f"Bearer {PLANTED}-seen",), {"token": f"{PLANTED}-v"}
    start = {"uid": "1", "time": 0.0, "sample": "gold", "login": {"password": f"{PLANTED}-doc"}}
    return Diagnosis(
        (HopResult("catalog entry", "failed", seen, (Fault(*words),), values),),
        (("start", {**start, "note": f"see http://x:{PLANTED}-note@h"}),),
        (writer.write_series().master,),
    )


def contents(bundle: Path) -> dict[str, str]:
    with zipfile.ZipFile(bundle) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


@pytest.fixture
def bundle(configs: Path, diagnosis: Diagnosis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TILED_API_KEY", f"{PLANTED}-environment")
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PLANTED}-proxy@proxy")
    settings = Settings(
        devices=(configs,), api_key=f"{PLANTED}-argument", uri=f"http://h?api_key={PLANTED}-query"
    )
    with kept_log() as log:
        logging.getLogger("id3c_data.doctor").warning(
            "asked with %s-argument and Apikey %s-log", PLANTED, PLANTED
        )
        logging.getLogger("tiled").warning("what the catalog's client says")
    file = tmp_path / "report.zip"
    names = write_bundle(file, diagnosis, settings, log.getvalue())
    assert set(names) == set(contents(file))
    return file


def test_no_secret_is_in_a_bundle(bundle: Path) -> None:
    for name, text in contents(bundle).items():
        assert PLANTED not in text, name
    assert "<struck out>" in contents(bundle)["configuration/tiled.yml"]


def test_all_that_helps_is_in_a_bundle(bundle: Path) -> None:
    parts = contents(bundle)
    assert json.loads(parts["doctor.json"])["first_failing"] == "catalog entry"
    assert "The chain breaks at: catalog entry" in parts["doctor.txt"]
    assert "h5py 3." in parts["versions.txt"]
    assert json.loads(parts["environment.json"])["EPICS_CA_ADDR_LIST"] == "127.0.0.1"
    assert "write_path_template: /a/%Y/" in parts["configuration/devices.yml"]
    assert {"configuration/iconfig.yml", "configuration/tiled.yml"} <= set(parts)
    name, start = json.loads(parts["documents.jsonl"].splitlines()[0])
    assert (name, start["sample"]) == ("start", "gold")
    assert "data_000001" in parts["files/run_master.h5.txt"]
    assert "what the catalog's client says" in parts["log.txt"]


def test_only_its_owner_can_read_a_bundle(bundle: Path) -> None:
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


def test_file_that_cannot_be_searched_for_secrets_is_left_out(diagnosis: Diagnosis, tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text(f"secret_keys: [{PLANTED}\n")
    write_bundle(tmp_path / "report.zip", diagnosis, Settings(devices=(tmp_path / "devices.yml",)))
    text = contents(tmp_path / "report.zip")["configuration/devices.yml"]
    assert "left out" in text
    assert PLANTED not in text


def test_what_is_found_has_no_secret_either(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILED_API_KEY", f"{PLANTED}-environment")
    uri = f"http://me:{PLANTED}-uri@127.0.0.1:1/api/v1?api_key={PLANTED}-query"
    found = diagnose(Settings(target="abc", devices=(configs,), uri=uri))
    assert found["catalog entry"].state == "failed"
    assert PLANTED not in repr(found)
