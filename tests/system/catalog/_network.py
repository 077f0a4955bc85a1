"""A network between client and server that a test can break."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

__all__ = ["Network", "network"]

_ANSWER = b"HTTP/1.1 %d Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Network:
    """Passes bytes on between clients and one server.

    Attributes
    ----------
    port
        Where clients connect to, on this machine.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._answers_pass = threading.Event()
        self._status: int | None = None
        self.held = threading.Event()
        self.heal()
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Let requests through, and no answers, until `heal`."""
        self.held.clear()
        self._answers_pass.clear()

    def answer(self, status: int) -> None:
        """Answer all requests with a status, without asking the server."""
        self._status = status

    def heal(self) -> None:
        """Let everything through; what was held up arrives now."""
        self._status = None
        self._answers_pass.set()

    def through(self, uri: str) -> str:
        """Return the URI of the server as seen through this network."""
        return urlunsplit(urlsplit(uri)._replace(netloc=f"127.0.0.1:{self.port}"))

    def close(self) -> None:
        self.heal()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()
        with client, server, contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                if self._status is not None:
                    client.sendall(_ANSWER % self._status)
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if not self._answers_pass.is_set():
                    self.held.set()
                    self._answers_pass.wait()
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def network(uri: str) -> Iterator[Network]:
    """Put a network before the server of a URI."""
    made = Network(urlsplit(uri).port or 80)
    try:
        yield made
    finally:
        made.close()
