"""Runs that a RunEngine publishes over 0MQ."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from typing import Any, Final

from ..documents import Runs
from ..errors import DocumentError, FileClosed, MissingExtra
from ..paths import PathMapLike
from ._unpickling import document_of

__all__ = ["ZmqRuns"]

_ADDRESS: Final = re.compile(r"(?:tcp://)?(?P<host>[^\s:/*]+):(?P<port>\d+)|ipc://\S+")
_HIGHEST_PORT: Final = 0xFFFF


class ZmqRuns(Runs):
    """The runs whose documents a 0MQ proxy sends on, received in a thread of its own.

    The documents are pickled, as Bluesky's ``Publisher`` sends them; only data are taken out of the pickles.

    Parameters
    ----------
    address
        ``"host:port"`` where the proxy sends (its "out" port); also ``"ipc:///path"``.
    stream, path_map
        See `~id3c_data.documents.RunState`.
    prefix
        Of the publishers to listen to; empty for all.

    Raises
    ------
    DocumentError
        It is no address.
    MissingExtra
        pyzmq or Bluesky is not installed.
    """

    def __init__(
        self, address: str, stream: str = "primary", *, path_map: PathMapLike = None, prefix: bytes = b""
    ) -> None:
        super().__init__(stream, path_map=path_map)
        _check_address(address)
        try:
            from bluesky.callbacks.zmq import RemoteDispatcher
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "bluesky", "follow") from error
        self.address = address
        self._dispatcher: Any = RemoteDispatcher(address, prefix=prefix, deserializer=document_of)
        self._dispatcher.subscribe(self)
        listening = threading.Event()
        self._dispatcher.loop.call_soon_threadsafe(listening.set)  # done as soon as the loop runs
        self._thread = threading.Thread(target=self._listen, name=f"documents of {address}", daemon=True)
        self._thread.start()
        while not listening.wait(0.1) and self._thread.is_alive():
            pass

    def stop(self) -> None:
        """Have the listening end soon, and with it what is open; for those who must not wait for that."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._dispatcher.loop.call_soon_threadsafe(_cancel_all)

    def close(self) -> None:
        """Stop listening; a run that is open is abandoned."""
        self.stop()
        self._thread.join()
        super().close()

    def __str__(self) -> str:
        return f"documents from {self.address}"

    def _listen(self) -> None:
        try:
            self._dispatcher.start()
        except asyncio.CancelledError:
            super().close()
        except Exception as error:  # whatever it is, those who wait must hear of it
            self.end(FileClosed(f"nobody listens any more ({type(error).__name__}: {error})", str(self)))


def _cancel_all() -> None:
    """End all that the event loop does that runs this."""
    for task in asyncio.all_tasks():
        task.cancel()


def _check_address(address: str) -> None:
    """Check that somebody could be found there."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise DocumentError(
            "is no address",
            where=repr(address),
            next_step='give "host:port" of a 0MQ proxy, or the URI of a run in a catalog',
        )
    host, port = found["host"], found["port"]
    if host is None:
        return
    if not 1 <= int(port) <= _HIGHEST_PORT:
        raise DocumentError(
            f"{port} is no port",
            where=repr(address),
            next_step=f"give the proxy's out port, from 1 to {_HIGHEST_PORT}",
        )
    try:
        socket.getaddrinfo(host, int(port), socket.AF_INET)
    except (OSError, UnicodeError) as error:
        raise DocumentError(
            f"host {host!r} is not known ({error})",
            where=repr(address),
            next_step="check its name, and that this machine's name service knows it",
        ) from error
