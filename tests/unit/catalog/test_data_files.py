"""Data files as Starlette serves them, which is what Tiled has do it: their tags change with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from id3c_data.catalog._byte_ranges import NotServed
from id3c_data.catalog._data_files import HDF5_MIMETYPE, DataFiles
from id3c_data.catalog._frame_stream import Expected
from id3c_data.catalog._selection import Selection
from id3c_data.errors import FrameNotWritten

SHAPE = (4, 5)


class Connection:
    """What of Tiled's `Context` is used, before files in a folder; notes the ranges that are asked for.

    Attributes
    ----------
    asked
        Number of the file and how many bytes, of each request.
    refused
        The nodes whose files are not given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.refused, self.asked = folder, set[str](), list[tuple[int, int]]()
        app = Starlette(routes=[Route("/{path:path}", self._answer)])
        self._server = httpx.ASGITransport(app)
        self.http_client = httpx.Client(transport=httpx.MockTransport(self._served))

    def throttle(self) -> nullcontext[None]:
        return nullcontext()

    def file(self, asset: int) -> Path:
        return self.folder / f"{asset}.h5"

    def _served(self, request: httpx.Request) -> httpx.Response:
        """Have the application answer, which is asynchronous."""

        async def answered() -> httpx.Response:
            asked = httpx.Request("GET", request.url, headers=request.headers)
            answer = await self._server.handle_async_request(asked)
            body = httpx.ByteStream(await answer.aread())
            return httpx.Response(answer.status_code, headers=answer.headers, stream=body)

        return asyncio.run(answered())

    async def _answer(self, request: Request) -> Response:
        first, last = request.headers["range"].removeprefix("bytes=").split("-")
        asset = int(request.query_params["id"])
        self.asked.append((asset, int(last) - int(first) + 1))
        if request.path_params["path"].rpartition("/")[2] in self.refused:
            return Response(status_code=httpx.codes.FORBIDDEN)
        return FileResponse(self.file(asset))

    def write(self, asset: int, frames: int, start: int, *, written: int | None = None, **more: int) -> None:
        """Write a file whose frames are of their number each, and datasets of one value beside it."""
        values = np.arange(start, start + frames, dtype="u4")
        fresh = self.file(asset).with_suffix(".new")
        with h5py.File(fresh, "w") as file:
            dataset = file.create_dataset("data", (frames, *SHAPE), "u4", chunks=(1, *SHAPE))
            count = frames if written is None else written
            dataset[:count] = np.broadcast_to(values[:count, None, None], (count, *SHAPE))
            for name, value in more.items():
                beside = file.create_dataset(name, dataset.shape, "u4", chunks=dataset.chunks)
                beside[:] = value
        fresh.replace(self.file(asset))

    def node(self, frames: int, *assets: int, dataset: str = "data", name: str = "node") -> DataFiles:
        """Return the data files of a node."""
        listed = [
            SimpleNamespace(parameter="data_uris", num=number, id=asset, is_directory=False)
            for number, asset in enumerate(assets)
        ]
        source = SimpleNamespace(
            mimetype=HDF5_MIMETYPE,
            parameters={"dataset": dataset, "slice": f":{frames}"},
            structure={"shape": (frames, *SHAPE)},
            assets=listed,
        )
        context: Any = self
        return DataFiles(context, f"http://server/array/full/{name}", lambda: [source])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Connection]:
    connection = Connection(tmp_path)
    with connection.http_client:
        yield connection


def read(files: DataFiles, start: int, stop: int, step: int = 1) -> list[int]:
    """Return the first pixel of each frame."""
    selection = Selection.of((1000, *SHAPE), slice(start, stop, step))
    expected = Expected(SHAPE, np.dtype("u4"), len(range(start, stop, step)))
    return [int(frame.pixels()[0, 0]) for frame in files.answer(selection, expected, 0)]


def test_frames_behind_a_file_that_grew_are_not_placed_by_its_old_table(server: Connection) -> None:
    server.write(1, 20, 100)
    assert read(server.node(20, 1), 0, 10) == list(range(100, 110))
    server.write(1, 40, 100)
    server.write(2, 40, 500)
    with pytest.raises(NotServed):
        read(server.node(80, 1, 2), 45, 55)
    assert read(server.node(80, 1, 2), 45, 55) == list(range(505, 515))


def test_a_file_that_is_passed_over_is_asked_once_a_read_and_for_a_byte(server: Connection) -> None:
    server.write(1, 40, 100)
    server.write(2, 40, 500)
    files = server.node(80, 1, 2)
    assert read(files, 0, 80) == [*range(100, 140), *range(500, 540)]
    server.asked.clear()
    assert read(files, 45, 55) == list(range(505, 515))
    passed_over, frames = server.asked
    assert passed_over == (1, 1)
    assert frames[0] == 2
    server.asked.clear()
    assert read(files, 79, 0, -1) == [*range(539, 499, -1), *range(139, 100, -1)]
    assert (1, 1) not in server.asked


def test_a_frame_behind_more_files_than_it_is_worth_comes_as_pixels(server: Connection) -> None:
    for asset in (1, 2, 3):
        server.write(asset, 10, asset * 100)
    files = server.node(30, 1, 2, 3)
    assert len(read(files, 0, 30)) == 30
    server.asked.clear()
    with pytest.raises(NotServed):
        read(files, 25, 26)
    assert server.asked == []
    assert read(files, 25, 27) == [305, 306]


def test_a_frame_written_after_the_table_was_read_is_not_told_as_missing(server: Connection) -> None:
    server.write(1, 40, 0, written=20)
    assert read(server.node(40, 1), 5, 15) == list(range(5, 15))
    server.write(1, 40, 0)
    with pytest.raises(NotServed):
        read(server.node(40, 1), 25, 35)
    assert read(server.node(40, 1), 25, 35) == list(range(25, 35))


def test_a_frame_is_told_as_missing_of_a_file_that_has_not_changed(server: Connection) -> None:
    server.write(1, 40, 0, written=20)
    with pytest.raises(FrameNotWritten, match="frame 25 is not there, the first 20 are"):
        read(server.node(40, 1), 25, 35)


def test_a_frame_is_not_told_as_missing_by_the_old_table_of_a_file_before_it(server: Connection) -> None:
    server.write(1, 20, 0)
    server.write(2, 40, 500, written=20)
    assert read(server.node(60, 1, 2), 0, 40) == [*range(20), *range(500, 520)]
    server.write(1, 40, 0)
    with pytest.raises(NotServed):
        read(server.node(80, 1, 2), 45, 35, -1)
    assert read(server.node(80, 1, 2), 45, 35, -1) == [*range(505, 499, -1), *range(39, 35, -1)]


def test_each_dataset_of_a_file_has_its_own_table(server: Connection) -> None:
    server.write(1, 20, 100, raw=900)
    assert read(server.node(20, 1), 0, 10) == list(range(100, 110))
    assert read(server.node(20, 1, dataset="raw"), 0, 10) == [900] * 10


def test_a_node_whose_files_are_refused_is_asked_once_and_others_are_read(server: Connection) -> None:
    server.write(1, 20, 100)
    server.refused.add("secret")
    for _ in range(2):
        with pytest.raises(NotServed):
            read(server.node(20, 1, name="secret"), 0, 10)
    assert len(server.asked) == 1
    assert read(server.node(20, 1), 0, 10) == list(range(100, 110))
