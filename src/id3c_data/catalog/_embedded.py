"""The embedded catalog: a Tiled server of one's own, started once for a folder and found again."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from ..errors import CatalogError, CatalogUnreachable
from ._state import State, key_of, lease_file, read_state

__all__ = ["Server", "serve"]

START_TIMEOUT_S = 60.0
"""Longest that a server may take until it answers."""

_LOG = "server.log"


class Server:
    """An embedded catalog server that runs in a process of its own.

    As long as this object lives the server does; it ends some moments after its last user.

    Attributes
    ----------
    uri
        For `id3c_data.connect` and for Tiled's ``from_uri``.
    api_key
        What goes with it.
    folder
        Where the catalog is.
    """

    def __init__(
        self, folder: Path, state: State, lease: TextIO, process: subprocess.Popen[str] | None
    ) -> None:
        self.folder, self.uri, self.api_key, self.pid = folder, state.uri, state.api_key, state.pid
        self.readable_storage = state.readable
        self._lease, self._process = lease, process
        self._temporary = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri} of {self.folder}>"

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self, timeout: float = 15.0) -> None:
        """Give up the server; where no one else uses it, wait until it has ended."""
        if self._lease.closed:
            return
        self._lease.close()
        if self._process is not None and _unused(self.folder):
            self._process.terminate()
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


def serve(
    folder: str | os.PathLike[str] | None = None,
    *,
    readable_storage: Iterable[str | os.PathLike[str]] | None = None,
    port: int = 0,
    api_key: str | None = None,
    timeout: float = START_TIMEOUT_S,
) -> Server:
    """Return the embedded Tiled server of a folder, started if none runs there.

    It listens on this machine only, and reads what its user may read, so it is for one user. A beamline's
    server is `id3c-data serve`, with a configuration file.

    Parameters
    ----------
    folder
        Holds the catalog; a temporary one, removed by `Server.close`, when not given.
    readable_storage
        Folders with detector files. Links that lead out of them are refused.
    port
        0 takes one that is free.
    api_key
        Letters and digits; made for the folder, once, when not given.
    timeout
        Seconds within which the server must answer.

    Raises
    ------
    CatalogError
        Where it does not start, or one with other settings runs in that folder.
    """
    path = Path(folder or tempfile.mkdtemp(prefix="id3c-data-catalog-")).expanduser().resolve()
    readable = tuple(str(Path(root).resolve()) for root in readable_storage or ())
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(path, timeout):
        lease = _leased(path, timeout)
        try:
            state, process = read_state(path), None
            if state is None or not _answers(state):
                process = _start(path, readable or ("/",), port, api_key or key_of(path))
                state = _ready(path, process, timeout)
            elif not _covers(state, readable):
                raise CatalogError(
                    f"the server that runs reads {', '.join(state.readable)}, not {', '.join(readable)}",
                    where=str(path),
                    next_step="end the sessions that use it, or take another folder",
                )
        except BaseException:
            lease.close()
            raise
    server = Server(path, state, lease, process)
    server._temporary = folder is None
    return server


@contextmanager
def _only_one(folder: Path, timeout: float) -> Iterator[None]:
    """Let one process at a time look for the server and start it."""
    with (folder / "server.lock").open("a") as file:
        if not _lock(file, fcntl.LOCK_EX, timeout):
            raise CatalogError(
                f"another process has been starting the server for {timeout} s",
                where=str(folder),
                next_step=f"see {folder / _LOG}",
            )
        yield


def _leased(folder: Path, timeout: float) -> TextIO:
    """Return the lease file with a shared lock, which keeps the server alive."""
    lease = lease_file(folder).open("a")
    if not _lock(lease, fcntl.LOCK_SH, timeout):  # an old server holds it until it has ended
        lease.close()
        raise CatalogError(
            f"the server before has been ending for {timeout} s",
            where=str(folder),
            next_step=f"see {folder / _LOG}",
        )
    return lease


def _lock(file: TextIO, kind: int, timeout: float) -> bool:
    """Take a lock on a file within a time."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _unused(folder: Path) -> bool:
    """Whether nobody holds a lease: the lock is free, or the server has it already because it ends."""
    with lease_file(folder).open("a") as lease:
        return _lock(lease, fcntl.LOCK_EX, 0.0) or not _lock(lease, fcntl.LOCK_SH, 0.0)


def _start(folder: Path, readable: tuple[str, ...], port: int, api_key: str) -> subprocess.Popen[str]:
    """Start the server's process."""
    settings = {"folder": str(folder), "readable": readable, "port": port, "api_key": api_key}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TILED_")}
    with (folder / _LOG).open("a") as log:
        (folder / _LOG).chmod(0o600)
        process = subprocess.Popen(  # noqa: S603  # this very interpreter
            [sys.executable, "-m", f"{__package__}._server"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C at the prompt must not end the server
            text=True,
        )
    assert process.stdin is not None  # noqa: S101
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(settings))
    process.stdin.close()
    return process


def _ready(folder: Path, process: subprocess.Popen[Any], timeout: float) -> State:
    """Wait until the new server answers."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        state = read_state(folder)
        if state is not None and state.pid == process.pid and _answers(state):
            return state
        time.sleep(0.05)
    ended = process.poll()
    process.kill()
    process.wait()
    raise CatalogUnreachable(
        f"the embedded server {'does not answer' if ended is None else f'ended with {ended}'}: "
        f"{_last_error(folder / _LOG)}",
        where=str(folder),
        next_step=f"see {folder / _LOG}",
    )


def _last_error(log: Path) -> str:
    """Return the line of a log that says best what went wrong."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line.partition(":")[0] and not line.startswith("File")]
    return (errors or lines or ["its log is empty"])[-1]


def _answers(state: State) -> bool:
    """Whether a server is there that knows the key."""
    import httpx

    try:
        response = httpx.get(
            f"{state.uri}/metadata/",
            headers={"Authorization": f"Apikey {state.api_key}"},
            timeout=5.0,
            trust_env=False,
        )
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK


def _covers(state: State, readable: tuple[str, ...]) -> bool:
    """Whether a running server may read what is asked for."""
    return all(any(Path(root).is_relative_to(known) for known in state.readable) for root in readable)
