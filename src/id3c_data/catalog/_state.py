"""Where the embedded server of a folder is: a file that only its owner can read, and the lease beside it."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["State", "default_folder", "key_of", "lease_file", "name_of_catalog", "read_state", "write_state"]

FOLDER_VARIABLE = "ID3C_DATA_CATALOG_FOLDER"
"""Environment variable with the folder of the embedded catalog."""


@dataclass(frozen=True, slots=True)
class State:
    """A running server."""

    uri: str
    api_key: str = field(repr=False)
    pid: int
    readable: tuple[str, ...]

    def forget(self, folder: Path) -> None:
        """Remove the file, unless it speaks of another server by now."""
        if (found := read_state(folder)) and found.pid == self.pid:
            _state_file(folder).unlink(missing_ok=True)


def default_folder() -> Path:
    """Return the folder of the embedded catalog of this user."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "id3c-data" / "catalog"


def lease_file(folder: Path) -> Path:
    """Return the file on which users of the server hold a shared lock."""
    return folder / "server.lease"


def read_state(folder: Path) -> State | None:
    """Return what a server of this user wrote about itself, or None."""
    path = _state_file(folder)
    with suppress(OSError, ValueError, TypeError):
        status = path.stat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o077:
            found = json.loads(path.read_text())
            return State(**{**found, "readable": tuple(found["readable"])})
    return None


def write_state(folder: Path, state: State) -> None:
    """Write where the server is, so that no one ever reads half of it, and no one else reads it at all."""
    _write_private(_state_file(folder), json.dumps(asdict(state)))


def key_of(folder: Path) -> str:
    """Return the folder's API key, made when it is first asked for."""
    path = folder / "api_key"
    with suppress(OSError):
        status = path.stat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o077 and (key := path.read_text().strip()):
            return key
    key = secrets.token_hex(32)
    _write_private(path, key)
    return key


def name_of_catalog(uri: str) -> str:
    """Return what a catalog is called as long as it lives: its URI, or the folder of the embedded one.

    The embedded server has another port each time that it starts.
    """
    folder = default_folder()
    state = read_state(folder)
    return f"embedded catalog in {folder}" if state is not None and uri.startswith(state.uri) else uri


def _state_file(folder: Path) -> Path:
    return folder / "server.json"


def _write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
