from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import Iterator
from pathlib import Path

import fastapi.dependencies.utils
import h5py
import pytest
import tiled.catalog.adapter
import tiled.server.router
from fastapi import HTTPException
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from tiled.adapters.mapping import MapAdapter
from tiled.catalog import orm
from tiled.catalog.adapter import CatalogContainerAdapter, in_memory
from tiled.client.decoders import SUPPORTED_DECODERS
from tiled.media_type_registration import default_compression_registry
from tiled.serialization.array import as_buffer
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management
from tiled.utils import ensure_uri

from id3c_data.catalog import _faster_tiled as faster_tiled
from id3c_data.catalog._faster_tiled import (
    PixelCompression,
    _by_joins,
    _node_from_segments,
    entry_of,
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
    monkeypatch.setattr(tiled.server.router, "get_entry", faster_tiled._step_by_step)
    make_tiled_faster()
    assert tiled.catalog.adapter.node_from_segments is _node_from_segments
    assert tiled.server.router.get_entry is entry_of
    assert registered == [("application/octet-stream", "blosc2", PixelCompression)]


def test_a_node_is_found_by_the_names_on_its_way() -> None:
    child = str(_node_from_segments(["a"], 7).compile(compile_kwargs={"literal_binds": True}))
    assert "JOIN" not in child
    assert child.endswith("WHERE nodes.parent = 7 AND nodes.key = 'a'")
    deeper = str(_node_from_segments(["a", "b", "c"], 7).compile(compile_kwargs={"literal_binds": True}))
    assert "JOIN" not in deeper
    assert [deeper.index(f"key = '{name}'") for name in "abc"] == sorted(
        deeper.index(f"key = '{name}'") for name in "abc"
    )
    assert deeper.endswith("nodes.key = 'c'")
    assert str(_node_from_segments([], 7)) == str(_by_joins([], 7))


@pytest.fixture(scope="module")
def nodes() -> Iterator[Session]:
    """Runs ``a`` and ``b`` with a stream each, of the same names, below the root that each database has."""
    engine = create_engine("sqlite://")
    orm.Base.metadata.create_all(engine)
    with Session(engine) as session:
        rows = [(1, 0, "a"), (2, 0, "b"), (3, 1, "primary"), (4, 2, "primary"), (5, 4, "x")]
        for number, parent, key in rows:
            node = {"structure_family": "container", "metadata_": {}, "specs": []}
            session.add(orm.Node(id=number, parent=parent, key=key, **node))
        session.flush()
        yield session
    engine.dispose()


@pytest.mark.parametrize(
    "path", ["a", "b/primary", "a/primary", "b/primary/x", "a/primary/x", "primary", "a/b"]
)
def test_it_is_the_node_that_tileds_own_statement_finds(nodes: Session, path: str) -> None:
    segments = path.split("/")
    ours, theirs = (nodes.execute(find(segments)).scalar() for find in (_node_from_segments, _by_joins))
    assert ours is theirs


@pytest.mark.parametrize(
    ("root", "session_state", "policy"),
    [("catalog", {}, "policy"), ("catalog", {"state": 1}, None), ("map", {}, None)],
)
def test_wherever_somebody_may_refuse_a_node_on_the_way_tiled_walks(
    root: str, session_state: dict[str, int], policy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walked(*arguments: object) -> object:
        return arguments

    monkeypatch.setattr(faster_tiled, "_step_by_step", walked)
    tree = object.__new__(CatalogContainerAdapter) if root == "catalog" else MapAdapter({})
    given = ("a/b", ["read:data"], None, None, {"read:data"}, tree, session_state, {}, None, policy)
    assert asyncio.run(entry_of(*given)) == given


def test_a_dependency_is_analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = fastapi.dependencies.utils
    monkeypatch.setattr(utils, "get_dependant", inspect.unwrap(utils.get_dependant))
    monkeypatch.setattr(default_compression_registry, "register", lambda *_: None)
    monkeypatch.setattr(tiled.catalog.adapter, "node_from_segments", _by_joins)
    monkeypatch.setattr(tiled.server.router, "get_entry", faster_tiled._step_by_step)
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


def test_a_path_beyond_the_array_of_a_file_is_not_found(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["group/array"] = FRAME
    asset = Asset(ensure_uri(tmp_path / "f.h5"), is_directory=False, parameter="data_uris", num=0)
    family, how = StructureFamily.container, Management.external
    source = DataSource(family, None, None, "application/x-hdf5", {}, {}, [asset], how)

    async def looked_up() -> None:
        catalog = in_memory(readable_storage=[str(tmp_path)])
        await catalog.startup()
        try:
            await catalog.create_node(family, {}, "f", data_sources=[source])
            given = (["read:data"], None, None, {"read:data"}, catalog, {}, {})
            assert (await entry_of("f/group/array", *given)).structure().shape == FRAME.shape
            with pytest.raises(HTTPException, match="404"):
                await entry_of("f/group/array/extra", *given)
        finally:
            await catalog.shutdown()

    asyncio.run(looked_up())
