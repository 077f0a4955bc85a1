"""A beamline's server: in the foreground, from a configuration file as Tiled has it."""

from __future__ import annotations

import ipaddress
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from tiled.config import Config, parse_configs

from ..errors import ConfigError
from ._app import adapters_by_name, app_of, initialize_catalog
from ._keys import hide_keys_in_logs, refuse_public_secrets, take_key

__all__ = ["serve_config"]

_LOOK_S = 2.0
"""Longest wait at the start for a file system with detector files."""


def serve_config(
    path: str | os.PathLike[str],
    *,
    host: str | None = None,
    port: int | None = None,
    key_file: str | os.PathLike[str] | None = None,
    tell: Callable[[str], None] = print,
) -> None:
    """Serve what a configuration file says until the process is told to end.

    Parameters
    ----------
    path
        A configuration of Tiled's server, such as ``configs/tiled.yml``. Variables of the environment in it
        are put in.
    host, port
        In place of what the file says; without either, this machine only and port 8000.
    key_file
        Holds the API key, and nobody but its owner can read it; the environment has it when not given.
    tell
        Is told the address when the server starts, and which folders of detector files are not there.

    Raises
    ------
    ConfigError
        Where the file is wrong, or would serve other machines without asking for a key; where there is no
        key, or others can read the file that has it; where a variable of the environment is missing or empty.
    """
    path = Path(path)
    config = _parsed(path)
    settings = dict(config.uvicorn)
    settings["host"] = host or settings.get("host", "127.0.0.1")
    settings["port"] = settings.get("port", 8000) if port is None else port
    refuse_public_secrets(config.authentication, path)
    take_key(config.authentication, path, None if key_file is None else Path(key_file))
    _refuse_open_door(config, settings["host"], path)
    _initialize_new_catalogs(config)
    app = app_of(config)
    hide_keys_in_logs()
    for folder in _readable_folders(config):
        if trouble := _trouble_with(folder):
            tell(f"warning: {folder} (readable_storage in {path}) {trouble}: its files cannot be read")
    tell(f"serving {path} at http://{settings['host']}:{settings['port']}/api/v1")
    uvicorn.run(app, **settings)


def _parsed(path: Path) -> Config:
    """Return a configuration, or say what is wrong with it."""
    try:
        with adapters_by_name():
            config = parse_configs(path)
    except FileNotFoundError as error:
        raise ConfigError("no such file", where=str(path), next_step="see configs/tiled.yml") from error
    except Exception as error:
        raise ConfigError(
            f"is no configuration of a Tiled server: {error}",
            where=str(path),
            next_step="compare it with configs/tiled.yml",
        ) from error
    if left := sorted(_not_put_in(config) | _empty(path)):
        raise ConfigError(
            f"needs {', '.join(left)} from the environment",
            where=str(path),
            next_step=f"export {left[0].strip('${}')}=… before the start",
        )
    return config


def _not_put_in(config: Config) -> set[str]:
    """Return the variables in a catalog's paths that the environment does not have."""
    found: set[str] = set()
    for tree in config.trees or []:
        args: dict[str, Any] = tree.args or {}
        texts = [
            args.get("uri") or "",
            *(args.get("readable_storage") or []),
            *(args.get("writable_storage") or []),
        ]
        for text in texts:
            found.update(part.partition("}")[0] + "}" for part in _variables(str(text)))
    return found


def _variables(text: str) -> list[str]:
    """Return the ``${NAME}`` of a text, each with what follows it."""
    return ["${" + part for part in text.split("${")[1:]]


def _empty(path: Path) -> set[str]:
    """Return the variables in a configuration that the environment has without a value."""
    files = [file for file in path.iterdir() if file.suffix in (".yml", ".yaml")] if path.is_dir() else [path]
    content = [yaml.safe_load(file.read_text()) for file in files]  # without its comments
    named = set(re.findall(r"\$\{(\w+)\}", str(content)))
    return {f"${{{name}}}" for name in named if os.environ.get(name) == ""}


def _readable_folders(config: Config) -> Iterator[str]:
    """Return the readable storage that is folders, and no other kind that Tiled has."""
    for tree in config.trees or []:
        args: dict[str, Any] = tree.args or {}
        for storage in args.get("readable_storage") or []:
            if isinstance(storage, str) and "://" not in storage:
                yield storage


def _trouble_with(folder: str) -> str:
    """Say what keeps a folder from being read."""
    found: list[bool] = []

    def see() -> None:
        found.append(os.path.isdir(folder))  # noqa: PTH112 (that raises nothing)

    look = threading.Thread(target=see, daemon=True)  # a mount that hangs never answers
    look.start()
    look.join(_LOOK_S)
    if not found:
        return f"does not answer within {_LOOK_S:g} s"
    return "" if found[0] else "is not there yet"


def _refuse_open_door(config: Config, host: str, path: Path) -> None:
    """Refuse to serve other machines what anyone may read."""
    if config.authentication.allow_anonymous_access and not _is_loopback(host):
        raise ConfigError(
            f"would serve {host} to everyone",
            where=f"{path}, authentication.allow_anonymous_access",
            next_step="leave it out, or serve 127.0.0.1",
        )


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _initialize_new_catalogs(config: Config) -> None:
    """Make the tables of a catalog in SQLite whose file is not there yet."""
    for tree in config.trees or []:
        args: dict[str, Any] = tree.args or {}
        uri = str(args.get("uri") or "")
        file = Path(uri.removeprefix("sqlite:///").partition("?")[0])
        if uri.startswith("sqlite:///") and args.pop("init_if_not_exists", False):
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            initialize_catalog(file)
