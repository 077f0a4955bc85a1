"""Images of the catalog as dask arrays, in this process and in others."""

from __future__ import annotations

import logging
import os
import pickle

import cloudpickle
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster

from id3c_data.catalog import ImagesClient, Run, Server
from id3c_data.sim import FrameModel


@pytest.fixture
def images(ten_points: Run) -> ImagesClient:
    return ten_points.primary["eiger2_image"]


@pytest.fixture(scope="module")
def pixels(model: FrameModel) -> np.ndarray:
    return np.stack([model.frame(number, 1) for number in range(10)])


@pytest.mark.parametrize(
    "index", [3, np.s_[2:5], np.s_[::3, 5], np.s_[4:6, 10:20, 30:40], (2, [5, 1])], ids=str
)
def test_a_part_asks_for_that_part(images: ImagesClient, pixels: np.ndarray, index: object) -> None:
    slices: list[str] = []
    client = images.context.http_client
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [lambda sent: slices.append(sent.url.params["slice"])]}
    try:
        part = images.to_dask()[index].compute()
    finally:
        client.event_hooks = hooks
    assert type(part) is np.ndarray
    assert np.array_equal(part, pixels[index])  # type: ignore[index]
    asked = {n for text in slices for n in range(*map(int, text.partition(",")[0].split(":")))}
    assert asked == set(np.atleast_1d(np.arange(10)[index[0] if isinstance(index, tuple) else index]))  # type: ignore[index]


def test_chunks_are_of_some_frames_each(images: ImagesClient) -> None:
    assert images.to_dask().chunks == ((10,), (60,), (80,))
    assert images[0].to_dask().chunks == ((60,), (80,))
    assert images[0, 0].to_dask().chunks == ((80,),)


def test_images_can_be_pickled(images: ImagesClient, pixels: np.ndarray) -> None:
    there = pickle.loads(pickle.dumps(images[2:4]))  # noqa: S301
    assert np.array_equal(there.read(), pixels[2:4])
    client = pickle.loads(pickle.dumps(images))  # noqa: S301
    assert client.context is images.context
    assert client.uri == images.uri


def test_what_shows_of_a_pickled_array_has_no_key(images: ImagesClient, server: Server) -> None:
    lazy = images.to_dask()
    connection = pickle.loads(pickle.dumps(images)).__reduce__()[1][0]  # noqa: S301
    for thing in (lazy, dict(lazy.dask), images, images[1], connection):
        assert server.api_key not in f"{thing!r} {thing}"
    assert len(cloudpickle.dumps(lazy)) < 20_000


def test_workers_of_a_cluster_read_through_the_server(
    images: ImagesClient, pixels: np.ndarray, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    lazy = images.to_dask().rechunk((2, 60, 80))
    with (
        caplog.at_level(logging.DEBUG, "distributed"),
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
    ):
        sums = client.compute(lazy.sum(axis=(1, 2))).result(60)
        pids = client.run(os.getpid)
    assert np.array_equal(sums, pixels.sum(axis=(1, 2)))
    assert os.getpid() not in pids.values()
    assert server.api_key not in caplog.text
