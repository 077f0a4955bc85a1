"""Whole frames for any client that takes Blosc2: the bytes that the detector wrote, not compressed anew.

A server of Tiled makes an array of what an adapter reads, hashes it, and compresses it, which takes
milliseconds for a frame. The adapter knows by an `Offer` what the client takes, and leaves Tiled's route by
raising `AsStored`: so it comes past all of that, after every check that Tiled makes before it reads.
"""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import numpy as np
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tiled.server.dependencies import expected_shape
from tiled.server.etag import tokenize

from ..h5api import WORKERS
from ..images import CompressedFrame
from ._blosc2_chunks import blosc2_chunk

__all__ = ["AsStored", "Blosc2Body", "Offer", "let_answer_as_stored", "offer"]

_ENCODING: Final = "blosc2"
_PIXELS: Final = "application/octet-stream"
_ROUTE: Final = re.compile(r"/api/v1/array/(?:full|block)/")
_CLIENT: Final = re.compile(r"python-tiled/(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
_DECODES_MANY: Final = (0, 2, 15)
"""The first Tiled whose client decodes Blosc2 chunks that follow each other."""


class Blosc2Body(np.ndarray[Any, Any]):
    """The body of an answer that is Blosc2 already; `PixelCompression` leaves it as it is."""


@dataclass(frozen=True)
class Offer:
    """What a client takes that asked for pixels.

    Parameters
    ----------
    many
        Whether it decodes several Blosc2 chunks in one answer.
    shape
        Of the array that it expects; None where it did not say.
    """

    many: bool
    shape: tuple[int, ...] | None

    @classmethod
    def of(cls, scope: Scope) -> Offer | None:
        """Return what a request offers; None where nothing but Tiled's own answer will do."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        if not _ROUTE.match(scope["path"].removeprefix(scope.get("root_path", ""))):
            return None
        headers = Headers(scope=scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        wanted = headers.get("accept", _PIXELS).partition(",")[0].strip()
        encodings = {item.strip() for item in headers.get("accept-encoding", "").split(",")}
        if (
            wanted not in (_PIXELS, "*/*")
            or _ENCODING not in encodings
            or query.keys() & {"format", "filename"}
        ):
            return None
        client = _CLIENT.match(headers.get("user-agent", ""))
        many = client is not None and tuple(map(int, client.groups())) >= _DECODES_MANY
        try:
            return cls(many, expected_shape(query.get("expected_shape", [None])[-1]))
        except ValueError:
            return None  # Tiled says what is wrong with it

    def takes(self, shape: tuple[int, ...], frames: int) -> bool:
        """Whether an array of whole frames can be sent so."""
        return (self.shape is None or self.shape == shape) and (frames == 1 or (self.many and frames > 1))


_OFFER: Final[ContextVar[Offer | None]] = ContextVar("offer", default=None)


def offer() -> Offer | None:
    """Return what the client offers whose request is being answered."""
    return _OFFER.get()


class _Offers:
    """Middleware: makes the offer of each request known to the adapter that reads for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        token = _OFFER.set(Offer.of(scope))
        try:
            await self._app(scope, receive, send)
        finally:
            _OFFER.reset(token)


class AsStored(Exception):
    """The answer to a request whose offer was taken; no error, but how an adapter leaves Tiled's route.

    Parameters
    ----------
    body
        Its frames.
    took_s
        How long it took to read them, in seconds.
    """

    def __init__(self, body: Blosc2Body, took_s: float) -> None:
        super().__init__("frames as they are stored")
        self.body, self.took_s = body, took_s
        self.tag = tokenize((np.asarray(body), _ENCODING))

    @classmethod
    def of(cls, frames: Iterable[CompressedFrame], count: int, frame_bytes: int) -> AsStored:
        """Return the answer with so many frames as Blosc2 chunks, one after the other, made in parallel.

        Raises
        ------
        DamagedChunk
            What stands in a frame contradicts itself.
        ValueError
            There are more frames, or fewer.
        """
        began = time.perf_counter()
        chunks = list(WORKERS.in_order(blosc2_chunk, frames, frame_bytes))
        if len(chunks) != count:
            raise ValueError(f"{len(chunks)} frames where there should be {count}")
        return cls(np.concatenate(chunks).view(Blosc2Body), time.perf_counter() - began)


def let_answer_as_stored(app: Any) -> None:
    """Have an application of Tiled answer with frames as they are stored, where it can check them."""
    if importlib.util.find_spec("blosc2") is not None:
        app.add_exception_handler(AsStored, _answer)
        app.add_middleware(_Offers)


async def _answer(request: Request, answer: Any) -> Response:
    """Return an answer `AsStored`, with the headers that Tiled gives the same pixels."""
    answer.__traceback__ = None  # the frames of the call that it left know it: none would be freed soon
    request.state.endpoint = "data"
    request.state.metrics["read"]["dur"] += answer.took_s
    headers = {"ETag": answer.tag, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == answer.tag:
        return Response(status_code=304, headers=headers)
    headers["Content-Encoding"] = _ENCODING
    return Response(memoryview(answer.body), media_type=_PIXELS, headers=headers)
