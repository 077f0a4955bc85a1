"""What a Tiled server pushes about one node, taken as nothing but a hint that it has changed.

Tiled's own subscription looks ten times a second whether something came, and waits for ever for a server that
does not stream; `websockets`, which it is made of, does neither.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
from tiled.client.context import Context
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ._transport import PASSING, through_proxy

__all__ = ["PUSHED_PERIOD_S", "Pushes"]

logger = logging.getLogger(__name__)

PUSHED_PERIOD_S = 10.0
"""How often a server is asked that pushes, in case a push was lost. A connection that ended is not begun
again before, as some server or proxy may end each of them at once."""

_OPEN_S: Final = 5.0
_CLOSE_S: Final = 1.0
_KEY_LIFETIME_S: Final = 60


class Pushes:
    """Calls somebody whenever the server pushes something about a node.

    Parameters
    ----------
    context
        Of the client.
    changed
        Called from a thread, also when a connection begins or ends.
    """

    def __init__(self, context: Context, changed: Callable[[], None]) -> None:
        self._context, self._changed = context, changed
        self._listener: _Listener | None = None
        self._refused = False

    @property
    def active(self) -> bool:
        """Whether the server pushes at this moment."""
        return self._listener is not None and self._listener.connected

    def listen(self, uri: str) -> None:
        """See to it that the server pushes about this node and no other, unless it has refused to push.

        To be called again and again: a connection that has ended is begun again after some seconds. Tiled
        answers 404 where there is no such route, and 500 where it is not set up to stream.

        Parameters
        ----------
        uri
            Of the node's metadata.
        """
        listener = self._listener
        if listener is not None and listener.uri == uri and not listener.to_begin_again:
            return
        self._refused = self._refused or (listener is not None and listener.refused)
        self.close()
        if not self._refused:
            self._listener = _Listener(self._context, uri, self._changed)

    def close(self) -> None:
        """Listen no longer."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class _Listener:
    """One connection, in a thread of its own.

    Attributes
    ----------
    connected, ended, refused
        Whether the server pushes; whether it does no longer, or never did; whether it does not push at all.
    """

    def __init__(self, context: Context, uri: str, changed: Callable[[], None]) -> None:
        self.uri, self.connected, self.ended, self.refused = uri, False, False, False
        self._began = time.monotonic()
        self._context, self._changed = context, changed
        self._lock = threading.Lock()
        self._closed, self._socket = False, None
        threading.Thread(target=self._work, name=f"pushes of {uri}", daemon=True).start()

    _socket: ClientConnection | None

    @property
    def to_begin_again(self) -> bool:
        """Whether the connection has ended, and another may be begun by now."""
        return self.ended and time.monotonic() >= self._began + PUSHED_PERIOD_S

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._closed, socket = True, self._socket
        if socket is not None:
            socket.close()

    def _work(self) -> None:
        try:
            self._receive()
        except Exception as error:  # whatever it is, the server is asked instead
            self.refused = isinstance(error, InvalidStatus) and error.response.status_code not in PASSING
            what = "does not push" if self.refused else "pushes no more"
            logger.info("%s: the catalog's server %s (%s); it is asked", self.uri, what, error)
        finally:
            self.connected, self.ended = False, True
            self._changed()

    def _receive(self) -> None:
        """Connect, and tell of each message; returns when the server ends the stream."""
        uri = httpx.URL(self.uri.replace("/metadata/", "/stream/single/", 1))
        scheme = "wss" if uri.scheme == "https" else "ws"
        key, first_eight = self._key()
        headers = {"Authorization": f"Apikey {key}"} if key else {}
        with connect(
            str(uri.copy_with(scheme=scheme)),
            additional_headers=headers,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            proxy=True if through_proxy(self.uri) else None,
            max_size=None,
        ) as socket:
            if first_eight:
                self._context.revoke_api_key(first_eight)
            with self._lock:
                if self._closed:
                    return
                self._socket = socket
            self.connected = True
            self._changed()  # what came before the server listened to us
            for _ in socket:
                self._changed()

    def _key(self) -> tuple[str | None, str | None]:
        """Return what to show to the server, and how to revoke it: of a user's login a key for one use."""
        if not self._context.server_info.authentication.providers:
            return self._context.api_key, None
        made: Any = self._context.create_api_key(expires_in=_KEY_LIFETIME_S, note="websocket")
        return made["secret"], made["first_eight"]
