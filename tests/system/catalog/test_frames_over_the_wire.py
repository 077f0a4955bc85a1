"""Frames that travel compressed: from a real server, through a connection that breaks, and to whom."""

from __future__ import annotations

import secrets
import socket
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from tiled.client.array import ArrayClient
from tiled.client.context import Context
from tiled.config import Database

from id3c_data.catalog import Catalog, ImagesClient, Run, Server, Subscription, connect
from id3c_data.catalog import _frames_client as wire
from id3c_data.catalog import _view as view
from id3c_data.catalog._app import app_of, embedded_config, initialize_catalog
from id3c_data.catalog._frame_stream import MARK, ROUTE
from id3c_data.errors import CatalogUnreachable, FrameNotWritten
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

Write = Callable[..., SeriesFiles]


@contextmanager
def requests_of(context: Context) -> Iterator[list[httpx.Request]]:
    """Collect the requests of a connection."""
    client, requests = context.http_client, []
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], requests.append]}
    try:
        yield requests
    finally:
        client.event_hooks = hooks


@pytest.fixture
def images(ten_points: Run) -> ImagesClient:
    return ten_points.primary["eiger2_image"]


@pytest.fixture(scope="module")
def pixels(model: FrameModel) -> np.ndarray:
    return np.stack([model.frame(number, 1) for number in range(10)])


@pytest.mark.parametrize(
    "read",
    [
        lambda images: images[3].read(),
        lambda images: images.read(),
        lambda images: np.asarray(images[2:9:3]),
        lambda images: images[::-2, 5:, ::3].read(),
        lambda images: images[[7, 1, 2], 4:].read(),
        lambda images: np.stack(list(images)),
        lambda images: images[4:6].to_dask().compute(),
    ],
    ids=["frame", "whole", "strided", "backwards", "list", "iteration", "dask"],
)
def test_every_way_to_read_takes_compressed_frames(
    images: ImagesClient,
    pixels: np.ndarray,
    read: Callable[[Any], np.ndarray],
    request: pytest.FixtureRequest,
) -> None:
    index = {
        "frame": np.s_[3],
        "strided": np.s_[2:9:3],
        "backwards": np.s_[::-2, 5:, ::3],
        "list": ([7, 1, 2], np.s_[4:]),
        "dask": np.s_[4:6],
    }.get(request.node.callspec.id, ...)
    with requests_of(images.context) as requests:
        assert np.array_equal(read(images), pixels[index])
    assert requests
    assert all(f"/{ROUTE}/" in str(sent.url) for sent in requests)


def test_a_long_run_is_iterated_with_a_few_frames_in_memory(
    cat: Catalog,
    subscription: Subscription,
    folder: Path,
    series: Write,
    model: FrameModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    resource = run.resource(series(1, images=10).master, images_per_file=1000)
    for event in range(200):
        run.event(resource, event % 10)
    run.stop()
    subscription.wait(30)
    frames = [model.frame(1, number) for number in range(1, 11)]
    monkeypatch.setattr(view, "_ITERATION_BYTES", 20 * frames[0].nbytes)
    images = cat[run.uid].primary["eiger2_image"]
    next(iter(images))
    tracemalloc.start()
    try:
        for event, frame in enumerate(images):
            assert np.array_equal(frame, frames[event % 10])
        assert event == 199
        assert tracemalloc.get_traced_memory()[1] < images.nbytes / 4
    finally:
        tracemalloc.stop()


def test_a_small_region_comes_as_pixels(images: ImagesClient, pixels: np.ndarray) -> None:
    with requests_of(images.context) as requests:
        assert np.array_equal(images[2, 10:20, 10:20].read(), pixels[2, 10:20, 10:20])
    assert [ROUTE in str(sent.url) for sent in requests] == [False]


def test_an_unmodified_client_gets_what_it_always_got(images: ImagesClient, pixels: np.ndarray) -> None:
    plain = ArrayClient(images.context, item=images.item, structure_clients=images.structure_clients)
    with requests_of(images.context) as requests:
        assert np.array_equal(plain[2:4], pixels[2:4])
    assert [ROUTE in str(sent.url) for sent in requests] == [False]


def test_a_frame_that_is_missing_far_behind_is_told(
    cat: Catalog, subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    resource = run.resource(series(1, images=6, per_file=2, taken=4).master, images_per_file=2)
    for slot in range(6):
        run.event(resource, slot)
    run.stop()
    subscription.wait(30)
    images = cat[run.uid].primary["eiger2_image"]
    with pytest.raises(FrameNotWritten, match="frame 4 is not there"):
        images.read()
    assert np.array_equal(images[:4].read(), np.stack([model.frame(1, n) for n in range(1, 5)]))


class Link:
    """A way to a server whose connections break, one after the other, when so many bytes have come back."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target, self.breaks, self.connections = target, list[int](), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(self._target)
            self._sockets += [near, far]
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        total = 0
        with suppress(OSError):
            while data := source.recv(4096):
                total += len(data)
                if back and self.breaks and total > self.breaks[0]:
                    del self.breaks[0]
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in self._sockets:
            one.close()


@pytest.fixture
def link(server: Server) -> Iterator[Link]:
    url = httpx.URL(server.uri)
    made = Link((url.host, url.port or 80))
    yield made
    made.close()


@pytest.fixture
def through_link(link: Link, server: Server, ten_points: Run) -> ImagesClient:
    cat = connect(f"http://127.0.0.1:{link.port}/api/v1", api_key=server.api_key)
    return cat[ten_points.metadata["start"]["uid"]].primary["eiger2_image"]


def test_a_broken_connection_goes_on_with_the_frame_that_is_missing(
    through_link: ImagesClient, link: Link, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_PAUSE_S", 0.01)
    with requests_of(through_link.context) as requests:
        through_link[0].read()
        size = len(requests)
        link.breaks += [12_000, 6_000]
        assert np.array_equal(through_link.read(), pixels)
    skips = [int(sent.url.params.get("skip", "0")) for sent in requests[size:]]
    assert not link.breaks
    assert skips[0] == 0
    assert 0 < skips[-1] < 10
    assert skips == sorted(skips)


def test_reads_one_after_the_other_take_one_connection(
    through_link: ImagesClient, link: Link, pixels: np.ndarray
) -> None:
    through_link[0].read()
    before = link.connections
    for n in range(4):
        assert np.array_equal(through_link[n].read(), pixels[n])
    assert link.connections == before


def test_a_connection_that_always_breaks_is_told(
    through_link: ImagesClient, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PATIENCE_S", 0.2)
    monkeypatch.setattr(wire, "_PAUSE_S", 0.01)
    through_link[0].read()
    link.breaks += [2000] * 500
    with pytest.raises(CatalogUnreachable, match="no answer from the catalog's server"):
        through_link.read()


def test_a_server_that_gives_no_files_is_asked_once_and_sends_pixels(
    server: Server, folder: Path, series: Write, model: FrameModel
) -> None:
    fresh = connect(server.uri, api_key=server.api_key)
    with Subscription(fresh, registered="files") as subscription:
        run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
        resource = run.resource(series(1, images=9).master, images_per_file=1000)
        for slot in range(9):
            run.event(resource, slot)
        run.stop()
        subscription.wait(30)
    images = fresh[run.uid].primary["eiger2_image"]
    asked = []
    for _ in range(2):
        with requests_of(images.context) as requests:
            assert np.array_equal(images.read(), [model.frame(1, number) for number in range(1, 10)])
        urls = [str(sent.url) for sent in requests]
        parts = (ROUTE, "asset/bytes", "array/full")
        asked.append([part for url in urls for part in parts if f"/{part}/" in url])
    assert asked == [[ROUTE, "asset/bytes", "array/full"], ["array/full"]]


def test_a_wrong_key_reads_nothing(server: Server, images: ImagesClient) -> None:
    url = images.item["links"]["full"].replace("/array/full/", f"/{ROUTE}/")
    for headers in ({}, {"Authorization": "Apikey 1234"}):
        answer = httpx.get(url, headers=headers, trust_env=False)
        assert answer.status_code == httpx.codes.UNAUTHORIZED
    good = {"Authorization": f"Apikey {server.api_key}"}
    assert httpx.get(url, headers=good, trust_env=False).status_code == httpx.codes.OK


def test_a_node_that_is_not_there_is_not_found(server: Server, images: ImagesClient) -> None:
    url = images.item["links"]["full"].replace("/array/full/", f"/{ROUTE}/") + "_nothing"
    answer = httpx.get(url, headers={"Authorization": f"Apikey {server.api_key}"}, trust_env=False)
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers.items() >= MARK.items()
    assert "No such entry" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("slice=0:2,0:5", 422),
        ("slice=99", 422),
        ("slice=a", 422),
        ("skip=-1", 422),
        ("slice=0:2&skip=2", 200),
    ],
)
def test_what_makes_no_sense_is_refused(
    server: Server, images: ImagesClient, query: str, status: int
) -> None:
    url = images.item["links"]["full"].replace("/array/full/", f"/{ROUTE}/")
    answer = httpx.get(
        f"{url}?{query}", headers={"Authorization": f"Apikey {server.api_key}"}, trust_env=False
    )
    assert answer.status_code == status


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with accounts, whose keys have scopes."""
    folder = tmp_path_factory.mktemp("accounts")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # alembic's, of Tiled's own settings
        initialize_catalog(folder / "catalog.db")
    config = embedded_config(folder, [str(folder)], secrets.token_hex(16))
    config.authentication = type(config.authentication).model_validate(
        {
            "providers": [
                {
                    "provider": "toy",
                    "authenticator": "tiled.authenticators:DictionaryAuthenticator",
                    "args": {"users_to_passwords": {"alice": "secret"}},
                }
            ],
            "secret_keys": [secrets.token_hex(16)],
        }
    )
    # a file: databases in memory are one for all servers of a process
    database = {"uri": f"sqlite:///{folder / 'accounts.db'}", "init_if_not_exists": True}
    config.database = Database.model_validate(database)
    server = uvicorn.Server(uvicorn.Config(app_of(config), log_level="error", loop="asyncio"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
            yield client
        server.should_exit = True
        thread.join(30)


def test_a_key_that_may_not_read_data_reads_none(accounts: httpx.Client) -> None:
    form = {"username": "alice", "password": "secret"}
    token = accounts.post("auth/provider/toy/token", data=form).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    statuses = {}
    for scopes in (["read:metadata"], ["read:metadata", "read:data"]):
        body = {"scopes": scopes, "expires_in": 600}
        made = accounts.post("auth/apikey", json=body, headers=bearer).json()
        accounts.cookies.clear()
        key = {"Authorization": f"Apikey {made['secret']}"}
        headers = {**key, "Accept-Encoding": "blosc2", "Accept": "application/octet-stream"}
        routes = (ROUTE, "array/full")
        statuses[scopes[-1]] = [accounts.get(f"{r}/nothing", headers=headers).status_code for r in routes]
    assert statuses == {
        "read:metadata": 2 * [httpx.codes.UNAUTHORIZED],
        "read:data": 2 * [httpx.codes.NOT_FOUND],
    }
