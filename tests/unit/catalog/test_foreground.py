from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml

from id3c_data.catalog import MasterAdapter, serve_config
from id3c_data.catalog._app import app_of
from id3c_data.catalog._keys import KEY_VARIABLE
from id3c_data.documents import MIMETYPE
from id3c_data.errors import ConfigError

TILED_YML = Path(__file__).parents[3] / "configs" / "tiled.yml"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How uvicorn was called, in place of serving."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **settings: calls.append({"app": app, **settings}))
    return calls


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ID3C_DATA_CATALOG_FOLDER", str(tmp_path / "catalog"))
    (tmp_path / "detector").mkdir()
    monkeypatch.setenv("ID3C_DATA_READ_ROOT", str(tmp_path / "detector"))
    monkeypatch.setenv(KEY_VARIABLE, "0123456789abcdef")


def config(tmp_path: Path, **more: Any) -> Path:
    content = {"catalog": {"uri": "sqlite:///:memory:", "readable_storage": [str(tmp_path)]}, **more}
    path = tmp_path / "tiled.yml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.usefixtures("environment")
@pytest.mark.filterwarnings("ignore:No path_separator found:DeprecationWarning")  # alembic's, of Tiled's
def test_the_configuration_of_a_beamline_serves_this_machine_only(
    served: list[dict[str, Any]], tmp_path: Path
) -> None:
    told: list[str] = []
    serve_config(TILED_YML, port=8123, tell=told.append)
    assert (served[0]["host"], served[0]["port"]) == ("127.0.0.1", 8123)
    assert told == [f"serving {TILED_YML} at http://127.0.0.1:8123/api/v1"]
    assert (tmp_path / "catalog" / "catalog.db").exists()
    tree = served[0]["app"].state.root_tree
    assert [(spec.name, spec.version) for spec in tree.specs] == [("CatalogOfBlueskyRuns", "3.0")]
    adapter = tree.context.adapters_by_mimetype[MIMETYPE]
    assert issubclass(adapter, MasterAdapter)
    assert adapter.allowed_roots == (str(tmp_path / "detector"),)


def test_variables_that_the_environment_lacks_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ID3C_DATA_CATALOG_FOLDER", raising=False)
    monkeypatch.setenv("ID3C_DATA_READ_ROOT", "/data")
    with pytest.raises(ConfigError, match=r"tiled\.yml.*\$\{ID3C_DATA_CATALOG_FOLDER\}.*export ID3C_DATA"):
        serve_config(TILED_YML)


@pytest.mark.usefixtures("environment")
def test_a_variable_without_a_value_is_told(
    served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ID3C_DATA_READ_ROOT", "")
    with pytest.raises(ConfigError, match=r"needs \$\{ID3C_DATA_READ_ROOT\}.*export ID3C_DATA_READ_ROOT="):
        serve_config(TILED_YML)
    assert not served


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("hangs", "said"), [(False, "is not there yet"), (True, "does not answer within 0 s")]
)
def test_a_folder_that_cannot_be_read_yet_is_told_at_the_start(
    hangs: bool, said: str, served: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    folder, over, is_dir = str(tmp_path / "later"), threading.Event(), os.path.isdir
    if hangs:
        monkeypatch.setattr("id3c_data.catalog._foreground._LOOK_S", 0.0)
        monkeypatch.setattr(os.path, "isdir", lambda path: is_dir(path) if path != folder else over.wait())
    path = config(tmp_path, catalog={"uri": "sqlite:///:memory:", "readable_storage": [folder]})
    serve_config(path, tell=told.append)
    over.set()
    assert told[0] == (f"warning: {folder} (readable_storage in {path}) {said}: its files cannot be read")
    assert len(served) == 1


@pytest.mark.parametrize("key", [None, "", "short", "with spaces and more of them"])
def test_without_a_key_nothing_is_served(
    key: str | None, tmp_path: Path, served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if key is not None:
        monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(ConfigError, match=f"{KEY_VARIABLE}.*openssl rand"):
        serve_config(config(tmp_path))
    assert not served


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("host", ["::", "192.0.2.1", "catalog.example"])
def test_other_machines_are_not_served_without_a_key(
    host: str, tmp_path: Path, served: list[dict[str, Any]]
) -> None:
    path = config(tmp_path, authentication={"allow_anonymous_access": True})
    with pytest.raises(ConfigError, match=f"would serve {host} to everyone"):
        serve_config(path, host=host)
    assert not served


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yml: no such file"):
        serve_config(tmp_path / "none.yml")


@pytest.mark.parametrize("content", ["catalog: [", "catalog: {}", "- a list", ""])
def test_a_file_that_is_wrong_is_told(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tiled.yml"
    path.write_text(content)
    with pytest.raises(ConfigError, match="is no configuration of a Tiled server"):
        serve_config(path)


def test_raw_downloads_are_switched_off(tmp_path: Path) -> None:
    from tiled.config import parse_configs

    parsed = parse_configs(config(tmp_path, expose_raw_assets=True))
    app_of(parsed)
    assert parsed.expose_raw_assets is False
