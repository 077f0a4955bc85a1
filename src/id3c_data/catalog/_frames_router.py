"""The server's route for frames as they stand in their files; the setting ``routers`` of Tiled takes it.

Whoever may read a node's data may read them here, and nobody else: key, scopes and the node's policy are
checked by what Tiled checks them with for ``/array/full``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from math import prod
from typing import Annotated, Any

from anyio import CancelScope
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Security
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from tiled.ndslice import NDSlice
from tiled.server.authentication import (
    check_scopes,
    get_current_access_tags,
    get_current_principal,
    get_current_scopes,
    get_session_state,
)
from tiled.server.dependencies import get_root_tree, parse_slice_param
from tiled.structures.core import StructureFamily

from ._adapter import MasterAdapter, refused
from ._faster_tiled import entry_of
from ._frame_stream import MARK, MEDIA_TYPE, ROUTE, encoded
from ._selection import Selection

__all__ = ["frames_router"]

frames_router = APIRouter()


@contextmanager
def _marked() -> Iterator[None]:
    """Mark refusals as those of this route, so that a client can tell them from a server without it."""
    try:
        yield
    except HTTPException as error:
        error.headers = {**(error.headers or {}), **MARK}
        raise


async def _entry(
    path: str,
    request: Request,
    principal: Annotated[Any, Depends(get_current_principal)],
    root_tree: Annotated[Any, Depends(get_root_tree)],
    session_state: Annotated[Any, Depends(get_session_state)],
    access_tags: Annotated[Any, Depends(get_current_access_tags)],
    scopes: Annotated[Any, Depends(get_current_scopes)],
    _: Annotated[Any, Security(check_scopes, scopes=["read:data"])],
) -> Any:
    """Return the node of a path, whose data the caller may read."""
    with _marked():
        return await entry_of(
            path,
            ["read:data"],
            principal,
            access_tags,
            scopes,
            root_tree,
            session_state,
            request.state.metrics,
            {StructureFamily.array},
            getattr(request.app.state, "access_policy", None),
        )


@frames_router.get(f"/{ROUTE}/{{path:path}}", name="frames as they stand in their files")
async def frames(
    request: Request,
    entry: Annotated[Any, Depends(_entry)],
    slice: Annotated[NDSlice, Depends(parse_slice_param)],  # noqa: A002  # Tiled's name
    skip: Annotated[int, Query(ge=0)] = 0,
) -> StreamingResponse:
    """Stream the frames of a slice, compressed as the detector did it.

    The slice takes whole frames; the first ``skip`` of them are left out.
    """
    request.state.endpoint = "data"
    with _marked():
        selection = _selection(entry.structure().shape, slice)
        adapter = await _adapter_of(entry, slice)
        first, rest = await run_in_threadpool(_begun, adapter, selection, skip)
    return StreamingResponse(_sent(first, rest), media_type=MEDIA_TYPE, headers=MARK)


async def _adapter_of(entry: Any, slice: NDSlice) -> MasterAdapter:  # noqa: A002
    """Return our adapter of a node, with the masters that a slice needs."""
    adapter = None
    if hasattr(entry, "get_adapter"):
        adapter = await entry._get_lazy_adapter(slice=slice) or await entry.get_adapter()
    if not isinstance(adapter, MasterAdapter):
        raise HTTPException(415, "is no node of detector frames; read it as an array")
    return adapter


def _selection(shape: tuple[int, ...], slice: NDSlice) -> Selection:  # noqa: A002
    """Return what a slice takes of an array: whole frames."""
    try:
        selection = Selection.of(shape, tuple(slice) or ...)
    except IndexError as error:
        raise HTTPException(422, f"{slice} does not fit the shape {shape}: {error}") from error
    if not selection.whole_frames(*shape[-2:]):
        raise HTTPException(422, f"{slice} does not take whole frames of {tuple(shape[-2:])}")
    return selection


def _begun(adapter: MasterAdapter, selection: Selection, skip: int) -> tuple[bytes, Generator[bytes]]:
    """Return the first bytes of a stream, and the rest; what can be refused at once is."""
    found = adapter.frames(selection, skip)
    with refused(run_ended=adapter.run_ended):
        first = list(islice(found, 1))
    stream = encoded(chain(first, found), max(0, prod(selection.shape[:-2]) - skip))
    return next(stream), stream


async def _sent(first: bytes, rest: Generator[bytes]) -> AsyncIterator[bytes]:
    """Yield the bytes of a stream; a thread makes the next piece while one is sent."""
    following = None
    try:
        piece = first
        while piece:
            following = asyncio.ensure_future(run_in_threadpool(next, rest, b""))
            yield piece
            piece = await following
    finally:  # also where the client has gone
        with CancelScope(shield=True):
            if following is not None:
                await asyncio.wait({following})
            rest.close()
