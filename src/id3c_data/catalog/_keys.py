"""The API key of a server: where it may come from, and that no log has it."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path

from tiled.config import Authentication

from ..errors import ConfigError

__all__ = ["KEY_VARIABLE", "hide_keys_in_logs", "refuse_public_secrets", "take_key"]

KEY_VARIABLE = "TILED_SINGLE_USER_API_KEY"
"""Environment variable with the key of a server without user accounts; Tiled's own name for it."""

_SHORTEST = 16
_MAKE_ONE = "openssl rand -hex 32"
_KEY_IN_QUERY = re.compile(r"(?i)(api[_-]?key=)[^&\s\"']+")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def take_key(authentication: Authentication, config: Path, key_file: Path | None) -> None:
    """Take the key from a file or the environment; a server without users and without a key does not start.

    Parameters
    ----------
    authentication
        Of the configuration; it gets the key.
    config
        The configuration file, for messages.
    key_file
        Holds the key; in place of the environment.

    Raises
    ------
    ConfigError
        There is no key, it is too short, or others may read its file.
    """
    if key_file is not None:
        authentication.single_user_api_key = _checked(_read_private(key_file), str(key_file))
    elif not authentication.providers and not authentication.single_user_api_key:
        key = os.environ.get(KEY_VARIABLE, "")
        authentication.single_user_api_key = _checked(key, f"{config}, {KEY_VARIABLE}")


def _checked(key: str, where: str) -> str:
    if not (key.isascii() and key.isalnum()) or len(key) < _SHORTEST:
        raise ConfigError(
            f"has no users, and no key of {_SHORTEST} letters and digits or more is given",
            where=where,
            next_step=f"export {KEY_VARIABLE}=$({_MAKE_ONE}), or give a --key-file that only you can read",
        )
    return key


def _read_private(file: Path) -> str:
    """Return what is in a file that only its owner can read."""
    try:
        with file.open() as stream:
            status = os.fstat(stream.fileno())
            if status.st_mode & _OTHERS or status.st_uid not in (os.geteuid(), 0):
                raise _public(file)
            return stream.read(10_000).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot be read ({error})",
            where=str(file),
            next_step=f"make it: umask 077; {_MAKE_ONE} > {file}",
        ) from error


def _public(file: Path) -> ConfigError:
    return ConfigError(
        "holds a key, and others than its owner can read it",
        where=str(file),
        next_step=f"chmod 600 {file}, and take another key: this one may be known",
    )


def refuse_public_secrets(authentication: Authentication, config: Path) -> None:
    """Refuse a configuration that holds keys itself, and that others than its owner can read.

    Raises
    ------
    ConfigError
        It does.
    """
    secrets = [authentication.single_user_api_key, *(authentication.secret_keys or [])]
    for file in sorted(config.glob("*.y*ml")) if config.is_dir() else [config]:
        text = file.read_text(errors="replace")
        if file.stat().st_mode & _OTHERS and any(secret and secret in text for secret in secrets):
            raise _public(file)


class _Hiding(logging.Filter):
    """Takes keys out of the requests that a server logs: clients may give them in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(part) for part in record.args)
        return True


def _hidden(part: object) -> object:
    return _KEY_IN_QUERY.sub(r"\1...", part) if isinstance(part, str) else part


_HIDING = _Hiding()


def hide_keys_in_logs() -> None:
    """Keep keys out of uvicorn's log of requests."""
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(_HIDING)  # which adds it once
