"""The client's side of frames as they stand in their files: fetched from the server, decoded here."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from math import prod
from typing import Any, Final, Protocol, TypeVar

import httpx
import numpy as np
from tiled.client.context import Context

from ..images import WORKERS, CompressedFrame, decode_frames
from ._data_files import DataFiles, NotServed
from ._frame_stream import MARK, MEDIA_TYPE, ROUTE, BrokenStream, Expected, frames_of
from ._selection import Selection
from ._translate import error_of_response, unreachable
from ._transport import PATIENCE_S

__all__ = ["RemoteFrames"]

T = TypeVar("T")

_PAUSE_S: Final = 0.25
_SMALLEST_PART: Final = 1 / 16
"""Of a smaller part of each frame the pixels are fewer bytes than the compressed frame."""

_NO_ROUTE: Final = frozenset({httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED})

_without_route: weakref.WeakSet[Context] = weakref.WeakSet()
"""Connections to servers that do not have the route; detected once."""


class Way(Protocol):
    """How compressed frames come from a server."""

    def answer(self, selection: Selection, expected: Expected, skip: int) -> Iterator[CompressedFrame]:
        """Yield the frames of a selection but for the first ones.

        Raises
        ------
        NotServed
            The server does not give them in this way.
        BrokenStream
            The answer ends before it is whole; what came of it is right.
        """
        ...


class RemoteFrames:
    """The frames of one node, as its server has them in files.

    A server of ours sends the frames; one that is not may let the data files be read, as byte ranges.

    Parameters
    ----------
    context
        The connection.
    full
        The node's link for whole arrays, beside which the route is.
    sources
        Returns the node's data sources.
    """

    def __init__(self, context: Context, full: str, sources: Callable[[], Any]) -> None:
        self._full = full
        self._ways: tuple[Way, ...] = _Route(context, full), DataFiles(context, full, sources)

    def read(self, shape: tuple[int, ...], dtype: np.dtype[Any], index: Any) -> np.ndarray | None:
        """Return the pixels that an index takes; None where they must be asked for as pixels.

        Parameters
        ----------
        shape, dtype
            Of the node's array.
        index
            Of slices and integers.

        Raises
        ------
        CatalogUnreachable
            Where no answer comes, or the connection breaks again and again.
        CatalogError
            Where the answer makes no sense.
        FrameNotWritten, RetryTimeoutException, DamagedChunk, …
            What the server says of a frame, or what its bytes show here.
        """
        selection = Selection.of(shape, index)
        out = np.empty(selection.kept_shape, dtype)
        pixels = out.reshape(-1, *out.shape[-2:])

        def decode(frames: Iterable[CompressedFrame]) -> np.ndarray:
            decode_frames(frames, pixels, _region(selection))
            return out.reshape(selection.shape)

        return self._fetched(selection, shape, dtype, decode)

    def each(self, shape: tuple[int, ...], dtype: np.dtype[Any], index: Any) -> Iterator[np.ndarray] | None:
        """Return what an index takes of each frame, read-only; None where `read` gives None.

        The frames have all come when this returns, compressed; they are decoded a little ahead.
        """
        selection = Selection.of(shape, index)
        part = selection.kept_shape[-2:]

        def decoded(frame: CompressedFrame) -> np.ndarray:
            out = np.empty((1, *part), dtype)
            decode_frames([frame], out, _region(selection))
            out.flags.writeable = False
            return out[0]

        frames = self._fetched(selection, shape, dtype, list)
        return None if frames is None else WORKERS.in_order(decoded, frames, prod(part) * dtype.itemsize)

    def _fetched(
        self,
        selection: Selection,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        use: Callable[[Iterable[CompressedFrame]], T],
    ) -> T | None:
        """Return what is made of the frames; None where the server does not give them compressed."""
        if prod(selection.kept_shape[-2:]) < _SMALLEST_PART * prod(shape[-2:]):
            return None
        expected = Expected((shape[-2], shape[-1]), dtype, prod(selection.kept_shape[:-2]))
        for way in self._ways:
            try:
                with closing(self._frames(way, selection, expected)) as frames:
                    return use(frames)
            except NotServed:
                continue
        return None

    def _frames(self, way: Way, selection: Selection, expected: Expected) -> Generator[CompressedFrame]:
        """Yield the frames; where the connection breaks, go on with the one that is missing."""
        done, deadline = 0, time.monotonic() + PATIENCE_S
        while True:
            try:
                for frame in way.answer(selection, expected, done):
                    yield frame
                    done, deadline = done + 1, time.monotonic() + PATIENCE_S
                return
            except (httpx.TransportError, BrokenStream) as error:
                if time.monotonic() >= deadline:
                    raise unreachable(error, self._full) from error
            time.sleep(_PAUSE_S)


class _Route:
    """The route of our servers."""

    def __init__(self, context: Context, full: str) -> None:
        self._context, self._full = context, full
        self._url = full.replace("/array/full/", f"/{ROUTE}/", 1)
        self._ours = True

    def answer(self, selection: Selection, expected: Expected, skip: int) -> Iterator[CompressedFrame]:
        """Yield the frames of one answer."""
        if not self._ours or self._context in _without_route:
            raise NotServed
        headers = {"Accept": MEDIA_TYPE, "Accept-Encoding": "identity"}
        query = {"slice": _slice_of(selection), **({"skip": str(skip)} if skip else {})}
        client = self._context.http_client
        with (
            self._context.throttle(),
            client.stream("GET", self._url, params=query, headers=headers) as response,
        ):
            self._check(response)
            left = replace(expected, count=expected.count - skip)
            yield from frames_of(response.iter_raw(), left, self._full)

    def _check(self, response: httpx.Response) -> None:
        """Raise where the answer is no stream of frames."""
        status = response.status_code
        if any(response.headers.get(name) != value for name, value in MARK.items()):
            if status in _NO_ROUTE:
                _without_route.add(self._context)
            raise NotServed
        if status == httpx.codes.UNSUPPORTED_MEDIA_TYPE:
            self._ours = False
            raise NotServed
        if status != httpx.codes.OK:
            response.read()
            raise error_of_response(response, self._full)


def _region(selection: Selection) -> Any:
    """Return which rows and columns a selection takes of each frame."""
    return selection.slices(-2), selection.slices(-1)


def _slice_of(selection: Selection) -> str:
    """Return which events and images a selection takes, as Tiled writes a slice."""
    taken = [selection.slices(axis) for axis in range(len(selection.axes) - 2)]
    return ",".join(f"{part.start}:{part.stop}:{part.step or 1}" for part in taken)
