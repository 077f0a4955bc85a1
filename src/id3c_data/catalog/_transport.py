"""Requests with bounded patience: Tiled's client tries again for 45 s, which no one at a prompt waits.

Wraps the transport of Tiled's HTTP client (`httpx.Client._transport`, which Tiled sets itself). What it
raises is no error of httpx, so that Tiled's own retries leave it alone.
"""

from __future__ import annotations

import copy
import time
import weakref
from typing import Any

import httpx
from tiled.client.base import BaseClient
from tiled.client.constructors import from_context
from tiled.client.context import Context

from ._translate import error_of_response, unreachable

__all__ = [
    "PASSING",
    "PATIENCE_S",
    "BoundedTransport",
    "bound_patience",
    "close_with",
    "own_connection",
    "through_proxy",
]

PATIENCE_S = 5.0
"""How long a request is tried again that got no answer, or one that says that the server has a fault."""

_PAUSE_S = 0.25
_SAFE = {"GET", "HEAD", "OPTIONS", "PUT"}  # to be sent twice; PATCH appends rows, POST makes nodes
PASSING = frozenset({502, 503, 504})
"""Statuses of a proxy that waits for its server, or of a server that is busy."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class BoundedTransport(httpx.BaseTransport):
    """Sends requests through another transport, and gives up in words after a short while.

    Parameters
    ----------
    inner
        The transport that sends.
    patience
        Seconds, `PATIENCE_S` when not given; the request that runs when they are over may still take its own
        timeout.
    """

    def __init__(self, inner: httpx.BaseTransport, patience: float | None = None) -> None:
        self._inner, self._patience = inner, PATIENCE_S if patience is None else patience

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises
        ------
        CatalogUnreachable
            Where no answer came.
        CatalogError
            Where the server answered that it failed.
        """
        deadline = time.monotonic() + self._patience
        while True:
            again = time.monotonic() < deadline
            try:
                response = self._inner.handle_request(request)
            except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
                raise unreachable(error, str(request.url)) from error
            except httpx.TransportError as error:
                if not (again and (request.method in _SAFE or isinstance(error, _NEVER_SENT))):
                    raise unreachable(error, str(request.url)) from error
            else:
                if response.status_code < 500:
                    return response
                response.read()
                response.close()
                passing = response.status_code in PASSING and request.method in _SAFE
                if not (again and passing):
                    raise error_of_response(response, str(request.url))
            time.sleep(_PAUSE_S)

    @property
    def cache(self) -> Any:
        """The cache of Tiled's transport, which its context looks for here."""
        return getattr(self._inner, "cache", None)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def bound_patience(context: Context) -> None:
    """Make all requests of a Tiled client give up soon; nothing happens where they already do."""
    client = context.http_client
    if not isinstance(client._transport, BoundedTransport):
        client._transport = BoundedTransport(client._transport)


def close_with(context: Context) -> None:
    """Close a context's connections when no one holds it any more; Tiled leaves them open."""
    weakref.finalize(context, context.http_client.close)


def own_connection(client: BaseClient) -> Any:
    """Return the same node over a connection of its own, with Tiled's own clients and bounded patience.

    Tiled's own client would send again what got no answer, and a server that was only slow would have the
    rows of a table twice.
    """
    try:
        context = copy.copy(client.context)  # as pickle does it: a new HTTP client with the same credentials
        close_with(context)
    except TypeError:  # a server inside this process has no other connection
        context = client.context
    bound_patience(context)
    return from_context(context, node_path_parts=list(client.path_parts), include_data_sources=True)


def through_proxy(uri: str) -> bool:
    """Whether the environment's proxy is for a URI: never for one of this machine, which no proxy reaches."""
    host = httpx.URL(uri).host
    return host != "localhost" and not host.startswith("127.") and host != "::1"
