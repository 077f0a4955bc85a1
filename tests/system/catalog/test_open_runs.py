"""Frames of a run that goes on, over HTTP: what is there is read, what is not is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tiled.client import from_uri
from tiled.client.array import ArrayClient
from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH
from tiled.client.utils import ClientError

from id3c_data.catalog import Catalog, ImagesClient, Server, Subscription, serve
from id3c_data.catalog._open_run import SETTLE_VARIABLE
from id3c_data.errors import CatalogUnreachable, FrameNotWritten, RetryTimeoutError
from id3c_data.sim import FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series
from id3c_data.testing.catalog import RunDocuments

AT_ONCE_S = 5.0  # an answer that is asked for again takes half a minute
SERIES = Series("run", 1, images=4, images_per_file=2)


@pytest.fixture
def run(subscription: Subscription, folder: Path, model: FrameModel) -> Iterator[RunDocuments]:
    """A run that has begun, and goes on until the test has ended."""
    made = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    yield made
    made.stop()
    subscription.wait(30)


@pytest.fixture
def announce(run: RunDocuments, subscription: Subscription) -> Callable[..., None]:
    """Emits events of a master's slots, and waits until the catalog has them."""
    resources: dict[Path, str] = {}

    def events(master: Path, slots: range) -> None:
        if master not in resources:
            resources[master] = run.resource(master)
        for slot in slots:
            run.event(resources[master], slot)
        subscription.wait(30)

    return events


@pytest.fixture
def images(cat: Catalog, run: RunDocuments) -> Callable[[], ImagesClient]:
    """Asks the catalog for the run's images as they are now."""
    return lambda: cat[run.uid].primary["eiger2_image"]


@pytest.fixture
def stock(server: Server, run: RunDocuments) -> Iterator[Callable[[], ArrayClient]]:
    """Asks the catalog for the run's images with Tiled's own client."""
    dispatch = {**DEFAULT_STRUCTURE_CLIENT_DISPATCH["numpy"]}
    dispatch.pop("Eiger2Image")
    client = from_uri(server.uri, dispatch, api_key=server.api_key)
    yield lambda: client[run.uid].primary["eiger2_image"]
    client.context.close()


def frames(model: FrameModel, *numbers: int, series: int = 1) -> np.ndarray:
    return np.stack([model.frame(series, number) for number in numbers])


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_frames_are_read_as_their_files_come(
    writer: type, folder: Path, model: FrameModel, announce: Callable, images: Callable
) -> None:
    files = writer(folder, SERIES, model)
    announce(files.write_master(), range(4))
    for k in files.data_files(4):
        with pytest.raises(RetryTimeoutError, match="not on disk yet"):
            images()[2 * k - 2].read()
        files.write_data(k)
        assert np.array_equal(images()[: 2 * k].read(), frames(model, *range(1, 2 * k + 1)))


def test_the_images_grow_with_the_run(
    folder: Path, model: FrameModel, announce: Callable, images: Callable
) -> None:
    master = LegacyWriter(folder, SERIES, model).write_series().master
    for last in (1, 4):
        announce(master, range(images().shape[0] if last > 1 else 0, last))
        assert images().shape == (last, *model.shape)
        assert np.array_equal(images()[-1].read(), model.frame(1, last))


def test_the_answer_says_which_frame_of_which_file_and_what_to_do(
    folder: Path, model: FrameModel, announce: Callable, images: Callable
) -> None:
    files = LegacyWriter(folder, SERIES, model)
    master = files.write_master()
    files.write_data(1)
    announce(master, range(4))
    with pytest.raises(
        RetryTimeoutError, match=r"event 3: not on disk yet: frame 3.*data_000002\.h5"
    ) as error:
        images()[3].read()
    assert error.value.where == str(master)
    assert error.value.next_step.startswith("ask again")


def test_a_client_without_this_package_is_told_at_once(
    folder: Path, model: FrameModel, announce: Callable, stock: Callable
) -> None:
    master = LegacyWriter(folder, SERIES, model).write_master()
    announce(master, range(2))
    began = time.monotonic()
    with pytest.raises(ClientError, match=r"425.*run_master\.h5.*not on disk yet"):
        stock()[1]
    assert time.monotonic() - began < AT_ONCE_S


def test_a_client_without_this_package_reads_what_is_there(
    folder: Path, model: FrameModel, announce: Callable, stock: Callable
) -> None:
    files = LegacyWriter(folder, SERIES, model)
    files.write_data(1)
    announce(files.write_master(), range(4))
    assert np.array_equal(stock()[:2], frames(model, 1, 2))


def test_a_master_that_is_yet_to_come_is_told_as_such(
    folder: Path, announce: Callable, images: Callable
) -> None:
    announce(folder / "later_master.h5", range(1))
    with pytest.raises(RetryTimeoutError, match=r"later_master\.h5.*not on disk yet"):
        images()[0].read()


@pytest.mark.parametrize("swmr", [False, True])
def test_a_file_that_grows_is_read_up_to_its_last_frame(
    swmr: bool, folder: Path, model: FrameModel, announce: Callable, images: Callable
) -> None:
    with PluginWriter(folder / "run.h5", model.shape, model.dtype, swmr=swmr) as writer:
        for number in (1, 2, 3):
            writer.append(model.frame(1, number), number, 2e9)
            writer.flush()
            announce(writer.path, range(number - 1, number))
            assert np.array_equal(images().read(), frames(model, *range(1, number + 1)))
        announce(writer.path, range(3, 4))
        with pytest.raises(RetryTimeoutError, match="frame 3"):
            images()[3].read()


def test_files_that_were_replaced_are_read_anew(
    folder: Path, model: FrameModel, announce: Callable, images: Callable
) -> None:
    master = LegacyWriter(folder, SERIES, model).write_series().master
    announce(master, range(4))
    opened = images()
    assert np.array_equal(opened[3].read(), model.frame(1, 4))
    (folder / "old").mkdir()
    for path in folder.glob("*.h5"):
        path.rename(folder / "old" / path.name)
    LegacyWriter(folder, Series("run", 2, images=4, images_per_file=3), model).write_series()
    assert np.array_equal(opened.read(), frames(model, *range(1, 5), series=2))


def test_what_is_missing_when_the_run_is_over_never_comes(
    cat: Catalog, subscription: Subscription, folder: Path, model: FrameModel
) -> None:
    files = LegacyWriter(folder, SERIES, model)
    files.write_data(1)
    run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
    resource = run.resource(files.write_master())
    for slot in range(4):
        run.event(resource, slot)
    subscription.wait(30)
    images = cat[run.uid].primary["eiger2_image"]
    with pytest.raises(RetryTimeoutError):
        images[3].read()
    run.stop("abort", "by hand")
    subscription.wait(30)
    with pytest.raises(FrameNotWritten, match="frame 3"):
        images[3].read()
    assert np.array_equal(images[:2].read(), frames(model, 1, 2))


def test_no_server_starts_that_would_hold_runs_for_open_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTLE_VARIABLE, "inf")
    with pytest.raises(CatalogUnreachable, match=f"{SETTLE_VARIABLE}: 'inf' is no number of seconds"):
        serve(tmp_path)
