"""Keys of servers: from the environment, or from files that nobody else can read; never in logs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from tiled.config import Authentication

from id3c_data.catalog._keys import KEY_VARIABLE, hide_keys_in_logs, refuse_public_secrets, take_key
from id3c_data.catalog._state import State
from id3c_data.errors import ConfigError

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


def taken(key_file: Path | None) -> str | None:
    authentication = Authentication()
    take_key(authentication, Path("tiled.yml"), key_file)
    return authentication.single_user_api_key


def test_a_key_comes_from_a_file(key_file: Path) -> None:
    assert taken(key_file) == KEY


def test_a_file_goes_before_the_environment(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, 2 * KEY)
    assert taken(key_file) == KEY
    assert taken(None) == 2 * KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(ConfigError, match=r"others than its owner can read it.*chmod 600") as error:
        taken(key_file)
    assert KEY not in str(error.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(key_file: Path) -> None:
    os.chown(key_file, 65534, 65534)
    with pytest.raises(ConfigError, match="others than its owner"):
        taken(key_file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none: cannot be read.*openssl rand"):
        taken(tmp_path / "none")


@pytest.mark.parametrize("content", ["", "short", "with spaces and many more of them", "ключключключключ"])
def test_a_file_with_no_key_is_told(key_file: Path, content: str) -> None:
    key_file.write_text(content)
    with pytest.raises(ConfigError, match="no key of 16 letters and digits"):
        taken(key_file)


@pytest.mark.parametrize("secrets", [{"single_user_api_key": KEY}, {"secret_keys": [KEY]}], ids=str)
def test_a_configuration_with_a_key_that_others_can_read_is_refused(
    secrets: dict[str, object], tmp_path: Path
) -> None:
    file, authentication = tmp_path / "tiled.yml", Authentication.model_validate(secrets)
    file.write_text(f"authentication: {{key: {KEY}}}")
    file.chmod(0o644)
    for path in (file, tmp_path):
        with pytest.raises(ConfigError, match="holds a key"):
            refuse_public_secrets(authentication, path)
    file.chmod(0o600)
    refuse_public_secrets(authentication, file)


def test_a_configuration_whose_key_is_elsewhere_may_be_public(tmp_path: Path) -> None:
    file = tmp_path / "tiled.yml"
    file.write_text("authentication: {single_user_api_key: '${KEY}'}")
    file.chmod(0o644)
    refuse_public_secrets(Authentication(single_user_api_key=KEY), file)


def test_keys_in_requests_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    hide_keys_in_logs()
    hide_keys_in_logs()
    for name in ("uvicorn.access", "uvicorn.error"):
        with caplog.at_level(logging.INFO, name):
            logging.getLogger(name).info('%s - "%s %s"', "client", "GET", f"/api/v1/?a=1&api_key={KEY}&b=2")
    assert caplog.messages == 2 * ['client - "GET /api/v1/?a=1&api_key=...&b=2"']


def test_what_is_known_of_a_server_is_shown_without_its_key() -> None:
    assert KEY not in repr(State("http://127.0.0.1:8000/api/v1", KEY, 1, ("/data",)))
