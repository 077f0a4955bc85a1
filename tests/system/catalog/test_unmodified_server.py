"""Data files registered as plain HDF5, served by Tiled as it comes: no adapter of ours in that process."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest
import yaml

from id3c_data import follow
from id3c_data.catalog import Catalog, CatalogRunState, ImagesClient, Subscription, connect
from id3c_data.catalog._app import initialize_catalog
from id3c_data.catalog._frame_stream import ROUTE
from id3c_data.errors import CatalogError, FrameNotWritten
from id3c_data.h5api import ScanPhase
from id3c_data.sim import FrameModel, PluginWriter, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

Write = Callable[..., SeriesFiles]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("stock")
    config = {
        "catalog": {
            "uri": f"sqlite:///{folder}/catalog.db",
            "specs": [{"name": "CatalogOfBlueskyRuns", "version": "3.0"}],
            "writable_storage": [str(folder / "data"), f"sqlite:///{folder}/tables.db"],
            "readable_storage": [str(readable)],
        },
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # alembic's, of Tiled's own settings
        initialize_catalog(folder / "catalog.db")
    (folder / "tiled.yml").write_text(yaml.safe_dump(config))
    key, port = secrets.token_hex(16), free_port()
    command = [sys.executable, "-m", "tiled", "serve", "config", "tiled.yml"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--api-key", key, "--port", str(port)],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={name: value for name, value in os.environ.items() if not name.startswith("TILED_")},
        )
    try:
        deadline = time.monotonic() + 60
        uri = f"http://127.0.0.1:{port}/api/v1"
        while not answers(uri):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield connect(uri, api_key=key)
    finally:
        process.terminate()
        process.wait(20)


def answers(uri: str) -> bool:
    try:
        return httpx.get(f"{uri}/", timeout=2.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def stock_subscription(stock: Catalog) -> Iterator[Subscription]:
    with Subscription(stock) as made:
        yield made


def images_of(cat: Catalog, run: RunDocuments) -> ImagesClient:
    images = cat[run.uid].primary["eiger2_image"]
    assert type(images) is ImagesClient
    return images


def test_a_series_for_each_point(
    stock: Catalog,
    stock_subscription: Subscription,
    folder: Path,
    series: Write,
    model: FrameModel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape)
    masters = [series(number).master for number in range(3)]
    with caplog.at_level(logging.WARNING):
        for master in masters:
            run.event(run.resource(master, images_per_file=1000, series="point"))
        run.stop()
        stock_subscription.wait(30)
    assert "the server does not know application/x-eiger2-master" in caplog.text
    images = images_of(stock, run)
    assert np.array_equal(images, [model.frame(number, 1) for number in range(3)])
    assert np.array_equal(images[1, 5:9].read(), model.frame(1, 1)[5:9])
    assert images.master_files == [str(master) for master in masters]


def test_the_server_is_asked_once_whether_it_has_compressed_frames(
    stock: Catalog, stock_subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape)
    run.event(run.resource(series(8).master, images_per_file=1000, series="point"))
    run.stop()
    stock_subscription.wait(30)
    fresh = connect(str(stock.context.api_uri), api_key=stock.context.api_key)
    images = images_of(fresh, run)
    client, urls = images.context.http_client, list[str]()
    client.event_hooks = {**client.event_hooks, "request": [lambda request: urls.append(str(request.url))]}
    for _ in range(2):
        assert np.array_equal(images[0].read(), model.frame(8, 1))
    assert [f"/{ROUTE}/" in url for url in urls] == [True, False, False]


@contextmanager
def urls_of(cat: Catalog) -> Iterator[list[str]]:
    """Collect what is asked for, in a word each."""
    client, urls = cat.context.http_client, list[str]()
    hooks = client.event_hooks
    words = {"/asset/bytes/": "bytes", "/array/full/": "pixels", f"/{ROUTE}/": "route"}

    def note(request: httpx.Request) -> None:
        urls.append(next((word for part, word in words.items() if part in str(request.url)), "metadata"))

    client.event_hooks = {**hooks, "request": [*hooks["request"], note]}
    try:
        yield urls
    finally:
        client.event_hooks = hooks


@pytest.fixture
def long_series(
    stock: Catalog, stock_subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> tuple[Catalog, ImagesClient, SeriesFiles]:
    """Forty images in two data files, over a connection that knows nothing of the server yet."""
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape, frames_per_event=2)
    files = series(4, images=40, per_file=30)
    resource = run.resource(files.master, images_per_file=30)
    for slot in range(20):
        run.event(resource, slot)
    run.stop()
    stock_subscription.wait(30)
    fresh = connect(str(stock.context.api_uri), api_key=stock.context.api_key)
    return fresh, images_of(fresh, run), files


def test_many_frames_come_as_bytes_of_the_data_files(
    long_series: tuple[Catalog, ImagesClient, SeriesFiles], model: FrameModel
) -> None:
    cat, images, _ = long_series
    whole = np.stack([model.frame(4, image) for image in range(1, 41)]).reshape(20, 2, *model.shape)
    assert np.array_equal(images[0].read(), whole[0])
    with urls_of(cat) as urls:
        assert np.array_equal(images.read(), whole)
    assert set(urls) == {"bytes", "metadata"}
    with urls_of(cat) as urls:
        assert np.array_equal(images[::-3, 1, 2:40].read(), whole[::-3, 1, 2:40])
        assert np.array_equal(images[19, 0].read(), whole[19, 0])
    assert (
        urls == ["bytes"] * 4
    )  # two files, then one of them and a byte of the other: their tables are known


def test_a_data_file_that_has_changed_is_not_read_by_its_old_table(
    long_series: tuple[Catalog, ImagesClient, SeriesFiles], series: Write, model: FrameModel
) -> None:
    cat, images, files = long_series
    images.read()
    other = series(5, images=40, per_file=30)
    other.data[0].replace(files.data[0])
    with urls_of(cat) as urls:
        assert np.array_equal(images[3, 1].read(), model.frame(5, 8))
        assert np.array_equal(images[:15].read()[3, 1], model.frame(5, 8))
    assert urls[:2] == ["bytes", "pixels"]
    assert set(urls[2:]) == {"bytes"}


def test_frames_behind_a_data_file_that_grew_are_those_that_the_server_has_there(
    long_series: tuple[Catalog, ImagesClient, SeriesFiles], series: Write, model: FrameModel
) -> None:
    _, images, files = long_series
    images.read()
    series(5, images=36, per_file=36).data[0].replace(files.data[0])
    whole = [model.frame(5, image) for image in range(33, 37)] + [model.frame(4, n) for n in range(31, 35)]
    for _ in range(2):
        assert np.array_equal(images[16:].read(), np.reshape(whole, (4, 2, *model.shape)))


def test_a_frame_that_was_not_written_is_told_by_its_file(
    long_series: tuple[Catalog, ImagesClient, SeriesFiles],
) -> None:
    _, images, files = long_series
    with h5py.File(files.data[1], "r+") as file:
        dataset = file["entry/data/data"]
        dataset.resize(4, axis=0)
        dataset.resize(10, axis=0)
    assert images[:17].read().shape[0] == 17
    with pytest.raises(FrameNotWritten, match=r"asset/bytes.*frame 4 is not there, the first 4 are"):
        images.read()


def test_several_images_of_an_event_over_several_data_files_of_a_series_cut_short(
    stock: Catalog, stock_subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape, frames_per_event=2)
    resource = run.resource(series(4, images=20, per_file=3, taken=7).master, images_per_file=3)
    for slot in range(3):
        run.event(resource, slot)
    run.stop()
    stock_subscription.wait(30)
    images = images_of(stock, run)
    whole = np.stack([model.frame(4, image) for image in range(1, 7)]).reshape(3, 2, *model.shape)
    assert images.shape == whole.shape
    assert np.array_equal(images, whole)
    assert np.array_equal(images[2, 1].read(), whole[2, 1])


def test_a_file_of_the_hdf5_plugin(
    stock: Catalog, stock_subscription: Subscription, folder: Path, model: FrameModel
) -> None:
    with PluginWriter(folder / "scan.h5", model.shape, model.dtype) as writer:
        for image in (1, 2):
            writer.append(model.frame(1, image), image, 1.7e9)
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape, writer="hdf5")
    resource = run.resource(folder / "scan.h5")
    for slot in range(2):
        run.event(resource, slot)
    run.stop()
    stock_subscription.wait(30)
    assert np.array_equal(images_of(stock, run), [model.frame(1, 1), model.frame(1, 2)])


def test_frames_that_belong_to_no_event_are_refused_instead_of_shown_as_another_events(
    stock: Catalog, stock_subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape)
    resource = run.resource(series(1, images=3).master, images_per_file=1000)
    for slot in (0, 2):
        run.event(resource, slot)
    run.stop()
    with pytest.raises(CatalogError, match="slot 2 comes where slot 1 should"):
        stock_subscription.wait(30)
    assert "stop" not in stock[run.uid].metadata


def test_masters_can_be_insisted_on(stock: Catalog, folder: Path, series: Write, model: FrameModel) -> None:
    with Subscription(stock, registered="masters") as subscription:
        run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
        run.event(run.resource(series(1).master))
        with pytest.raises(CatalogError, match=r"415.*id3c-data serve"):
            subscription.wait(30)


def test_a_run_on_a_server_that_does_not_push_is_followed_while_it_goes_on(
    stock: Catalog, stock_subscription: Subscription, folder: Path, series: Write, model: FrameModel
) -> None:
    run = RunDocuments(stock_subscription, root=folder, frame_shape=model.shape)
    stock_subscription.wait(30)
    state, seen = CatalogRunState(stock[run.uid]), []
    with follow(state, retry_timeout=30) as frames:
        for number in range(3):
            master = series(10 + number).master
            run.event(run.resource(master, images_per_file=1000, series="point"))
            seen.append(next(frames))
            assert state.phase is ScanPhase.PREPARED
        run.stop()
        assert list(frames) == []
    state.close()
    assert not state.pushed
    assert [frame.seq_num for frame in seen] == [1, 2, 3]
    assert all(np.array_equal(frame.image, model.frame(9 + frame.seq_num, 1)) for frame in seen)
    assert (state.phase, state.exit_status) == (ScanPhase.FINISHED, "success")
