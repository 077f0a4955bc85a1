from __future__ import annotations

import inspect
import io

import fastapi.dependencies.utils
import pytest
import tiled.catalog.adapter
from tiled.client.decoders import SUPPORTED_DECODERS
from tiled.media_type_registration import default_compression_registry
from tiled.serialization.array import as_buffer

from id3c_data.catalog._faster_tiled import (
    PixelCompression,
    _by_joins,
    _node_from_segments,
    make_tiled_faster,
)
from id3c_data.sim import FrameModel

FRAME = FrameModel().frame(1, 1)


def sent(body: bytes | memoryview) -> bytes:
    """Return a body as it goes over the wire."""
    file = io.BytesIO()
    compression = PixelCompression(file)
    compression.write(body)
    compression.close()
    return file.getvalue()


def received(data: bytes) -> bytes:
    """Return what Tiled's client makes of it."""
    decoder = SUPPORTED_DECODERS["blosc2"]()
    return decoder.decode(data) + decoder.flush()


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i8", "f4", "f8", "c16", "S3", ">u4"])
def test_tileds_client_decodes_it(dtype: str) -> None:
    array = FRAME.astype(dtype)
    assert received(sent(as_buffer("application/octet-stream", array, {}))) == array.tobytes()


def test_a_body_of_plain_bytes_is_decoded_too() -> None:
    assert received(sent(b"plain bytes" * 99)) == b"plain bytes" * 99


def test_a_frame_becomes_smaller_than_by_tileds_own() -> None:
    import blosc2

    body = as_buffer("application/octet-stream", FRAME, {})
    assert len(sent(body)) < len(blosc2.compress(body, typesize=body.itemsize))  # type: ignore[union-attr]


def test_tiled_takes_it_for_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[tuple[object, ...]] = []
    monkeypatch.setattr(default_compression_registry, "register", lambda *args: registered.append(args))
    utils = fastapi.dependencies.utils
    monkeypatch.setattr(utils, "get_dependant", utils.get_dependant)
    monkeypatch.setattr(tiled.catalog.adapter, "node_from_segments", _by_joins)
    make_tiled_faster()
    assert tiled.catalog.adapter.node_from_segments is _node_from_segments
    assert registered == [("application/octet-stream", "blosc2", PixelCompression)]


def test_a_child_is_found_by_its_parent_and_deeper_nodes_by_tileds_own_statement() -> None:
    child = str(_node_from_segments(["a"], 7).compile(compile_kwargs={"literal_binds": True}))
    assert "JOIN" not in child
    assert child.endswith("WHERE nodes.parent = 7 AND nodes.key = 'a'")
    deeper = str(_node_from_segments(["a", "b"], 7))
    assert deeper.count("JOIN") == 2
    assert deeper == str(_by_joins(["a", "b"], 7))


def test_a_dependency_is_analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = fastapi.dependencies.utils
    monkeypatch.setattr(utils, "get_dependant", inspect.unwrap(utils.get_dependant))
    monkeypatch.setattr(default_compression_registry, "register", lambda *_: None)
    monkeypatch.setattr(tiled.catalog.adapter, "node_from_segments", _by_joins)
    make_tiled_faster()

    def dependency(number: int) -> int:
        return number

    def analysed(path: str, scopes: list[str] | None = None) -> object:
        return utils.get_dependant(path=path, call=dependency, parent_oauth_scopes=scopes)

    assert analysed("/a/{number}") is analysed("/a/{number}")
    assert analysed("/a/{number}") is not analysed("/b")
    scoped = analysed("/a", ["read:data"])
    assert scoped is analysed("/a", ["read:data"])
    assert scoped.parent_oauth_scopes == ["read:data"]  # type: ignore[attr-defined]
    assert [param.name for param in analysed("/a/{number}").path_params] == ["number"]  # type: ignore[attr-defined]
