"""Which requests are answered with frames as they are stored."""

from __future__ import annotations

from typing import Any

import pytest

from id3c_data.catalog._as_stored import Offer

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
        (NEW, {"path": "/api/v1/metadata/array/full"}),
        (NEW, {"path": "/api/v1/table/full/x"}),
    ],
    ids=["encoding", "type", "format", "filename", "shape", "method", "metadata", "table"],
)
def test_whatever_else_is_asked_for_is_left_to_tiled(
    headers: dict[str, str], request_: dict[str, str]
) -> None:
    assert offer(headers, **request_) is None
