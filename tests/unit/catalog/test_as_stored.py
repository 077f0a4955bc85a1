"""Which requests are answered with frames as they are stored."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI, Request

from id3c_data.catalog._as_stored import AsStored, Offer, let_answer_as_stored
from id3c_data.images import CompressedFrame

TILED = {"accept": "application/octet-stream", "accept-encoding": "blosc2, zstd, gzip"}
NEW = {**TILED, "user-agent": "python-tiled/0.2.20"}


def offer(
    headers: dict[str, str] = NEW,
    *,
    path: str = "/api/v1/array/full/run/primary/eiger2_image",
    query: str = "",
    method: str = "GET",
) -> Offer | None:
    """Return the offer of a request."""
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": pairs}
    return Offer.of({**scope, "query_string": query.encode()})


def test_tileds_client_takes_many_frames() -> None:
    assert offer() == Offer(many=True, shape=None)
    assert offer(path="/api/v1/array/block/x") == Offer(many=True, shape=None)


@pytest.mark.parametrize("agent", ["python-tiled/0.2.14", "python-tiled/0.1.6", "curl/8", "python-tiled/dev"])
def test_a_client_that_may_decode_one_chunk_only_takes_one_frame(agent: str) -> None:
    found = offer({**TILED, "user-agent": agent})
    assert found is not None
    assert found.takes((5, 6), 1)
    assert not found.takes((2, 5, 6), 2)


@pytest.mark.parametrize("agent", ["python-tiled/0.2.15", "python-tiled/0.3.0.dev1", "python-tiled/1.0.0"])
def test_a_client_that_decodes_several_chunks_takes_several_frames(agent: str) -> None:
    found = offer({**TILED, "user-agent": agent})
    assert found is not None
    assert found.takes((2, 5, 6), 2)


def test_a_version_of_any_length_is_looked_at() -> None:
    found = offer({**TILED, "user-agent": f"python-tiled/0.2.{'9' * 5000}"})
    assert found is not None


def test_a_server_below_another_path_is_offered_the_same() -> None:
    pairs = [(name.encode(), value.encode()) for name, value in NEW.items()]
    scope = {"type": "http", "method": "GET", "path": "/tiled/api/v1/array/full/x", "root_path": "/tiled"}
    assert Offer.of({**scope, "headers": pairs, "query_string": b""}) is not None


def test_more_or_fewer_frames_than_asked_for_are_no_answer() -> None:
    frame = CompressedFrame.plain(bytes(6), np.dtype("u1"), (2, 3), 0, "here")
    with pytest.raises(ValueError, match="2 frames where there should be 3"):
        AsStored.of([frame, frame], 3, 6)


def test_a_server_without_blosc2_makes_no_use_of_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    let_answer_as_stored(app)
    assert AsStored not in app.exception_handlers
    assert not app.user_middleware
    monkeypatch.undo()
    let_answer_as_stored(app)
    assert AsStored in app.exception_handlers
    assert app.user_middleware


def test_an_answer_is_freed_with_its_request() -> None:
    async def leave() -> None:
        raise AsStored.of([frame], 1, 6)

    async def answered() -> weakref.ref[AsStored]:
        task = asyncio.ensure_future(leave())  # keeps the exception, which keeps the task
        try:
            await task
        except AsStored as answer:
            await app.exception_handlers[AsStored](Request(scope), answer)  # type: ignore[misc]  # typed as sync or async
            return weakref.ref(answer)
        raise AssertionError

    frame = CompressedFrame.plain(bytes(6), np.dtype("u1"), (2, 3), 0, "here")
    app = FastAPI()
    let_answer_as_stored(app)
    scope = {"type": "http", "headers": [], "state": {"metrics": {"read": {"dur": 0}}}}
    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(answered())() is None
    finally:
        gc.enable()


def test_no_frames_are_nothing_to_be_taken() -> None:
    assert not Offer(many=True, shape=None).takes((0, 5, 6), 0)


def test_another_shape_than_the_expected_one_is_left_to_tiled() -> None:
    found = offer(query="slice=0:2&expected_shape=2,5,6")
    assert found == Offer(many=True, shape=(2, 5, 6))
    assert found.takes((2, 5, 6), 2)
    assert not found.takes((3, 5, 6), 3)


@pytest.mark.parametrize(
    ("headers", "request_"),
    [
        ({**NEW, "accept-encoding": "zstd, gzip"}, {}),
        ({**NEW, "accept": "image/png"}, {}),
        (NEW, {"query": "format=tiff"}),
        (NEW, {"query": "filename=x.bin"}),
        (NEW, {"query": "expected_shape=two"}),
        (NEW, {"method": "HEAD"}),
        (NEW, {"path": "/api/v1/metadata/run/array/full/x"}),
        (NEW, {"query": "format="}),
        (NEW, {"path": "/api/v1/table/full/x"}),
    ],
    ids=["encoding", "type", "format", "filename", "shape", "method", "metadata", "no-format", "table"],
)
def test_whatever_else_is_asked_for_is_left_to_tiled(
    headers: dict[str, str], request_: dict[str, str]
) -> None:
    assert offer(headers, **request_) is None
