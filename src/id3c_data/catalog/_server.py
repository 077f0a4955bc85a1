"""The embedded server's process: ``python -m id3c_data.catalog._server``, settings as JSON on its input.

It lives as long as someone holds a lease: a shared lock on a file in its folder, which the system takes back
from whoever dies. So it outlives the session that started it while another uses it, and never stays behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn

from ._app import app_of, embedded_config, initialize_catalog
from ._state import State, lease_file, write_state

__all__ = ["main"]

_LOOK_EVERY_S = 0.5


class AnnouncedServer(uvicorn.Server):
    """A server that writes its state when it answers."""

    def __init__(self, config: uvicorn.Config, folder: Path, state: State) -> None:
        super().__init__(config)
        self._folder, self._state = folder, state

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell where."""
        await super().startup(sockets)
        if not self.should_exit:
            write_state(self._folder, self._state)


def main() -> None:
    """Serve until nobody holds a lease."""
    settings: dict[str, Any] = json.load(sys.stdin)
    os.umask(0o077)
    folder = Path(settings["folder"])
    initialize_catalog(folder / "catalog.db")
    listener = _listener(settings["port"])
    state = State(
        uri=f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1",
        api_key=settings["api_key"],
        pid=os.getpid(),
        readable=tuple(settings["readable"]),
    )
    app = app_of(embedded_config(folder, settings["readable"], settings["api_key"]))
    config = uvicorn.Config(app, log_level="warning", access_log=False, loop="asyncio")
    server = AnnouncedServer(config, folder, state)
    threading.Thread(target=_end_without_lease, args=(server, folder), daemon=True).start()
    server.run(sockets=[listener])
    state.forget(folder)


def _listener(port: int) -> socket.socket:
    """Return a socket that listens on this machine only.

    Its protocol is named, because asyncio sends small packets at once (TCP_NODELAY) only where it is; without
    that, each answer takes 40 ms more.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(100)
    return listener


def _end_without_lease(server: uvicorn.Server, folder: Path) -> None:
    """Stop the server when nobody holds a lease; whoever asks for one then waits until it has ended."""
    with lease_file(folder).open("a") as file:
        while not server.should_exit:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(_LOOK_EVERY_S)
            else:
                server.should_exit = True
        server_thread = threading.main_thread()
        server_thread.join()  # the lock is held until the process is gone


if __name__ == "__main__":
    main()
