"""One catalog server for all tests of the catalog, and runs whose files really exist."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from id3c_data.catalog import Catalog, Run, Server, Subscription, connect
from id3c_data.catalog._open_run import SETTLE_VARIABLE
from id3c_data.errors import NotInCatalog
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles
from id3c_data.testing.catalog import RunDocuments, running_catalog

MODEL = FrameModel(height=60, width=80)


@pytest.fixture(scope="session")
def readable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detector")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Iterator[Server]:
    """A server that holds what is missing at the end of a run for missing for good."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:  # of the server only, not of tests that come later
            environment.setenv(SETTLE_VARIABLE, "0")
            running = stack.enter_context(running_catalog(tmp_path_factory.mktemp("catalog"), readable))
        yield running


@pytest.fixture(scope="session")
def cat(server: Server) -> Catalog:
    return connect(server.uri, api_key=server.api_key)


@pytest.fixture(scope="session")
def subscription(cat: Catalog) -> Iterator[Subscription]:
    with Subscription(cat) as made:
        yield made


def write_series(
    folder: Path, number: int, images: int = 1, per_file: int = 1000, taken: int | None = None
) -> SeriesFiles:
    """Write a series of the simulated detector."""
    return LegacyWriter(folder, Series(f"run_{number}", number, images, per_file), MODEL).write_series(taken)


@pytest.fixture
def folder(readable: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own, below what the server may read."""
    made = readable / re.sub(r"\W+", "-", request.node.nodeid.partition("::")[2])
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def model() -> FrameModel:
    return MODEL


@pytest.fixture
def series(folder: Path) -> Callable[..., SeriesFiles]:
    """Writes a series of the simulated detector into the test's folder."""
    return functools.partial(write_series, folder)


@pytest.fixture
def take(subscription: Subscription, folder: Path, model: FrameModel) -> Callable[..., RunDocuments]:
    """Documents of a run whose events are (master, slot); open until the test stops it."""

    def documents(*places: tuple[Path, int], stop: bool = True, **more: Any) -> RunDocuments:
        run = RunDocuments(subscription, **{"root": folder, "frame_shape": model.shape, **more})
        resources: dict[Path, str] = {}
        for master, slot in places:
            if master not in resources:
                resources[master] = run.resource(master, images_per_file=1000)
            run.event(resources[master], slot)
        if stop:
            run.stop()
        subscription.wait(30)
        return run

    return documents


@pytest.fixture(scope="session")
def ten_points(cat: Catalog, subscription: Subscription, readable: Path) -> Run:
    """A run of ten points, a series for each."""
    folder = readable / "ten_points"
    folder.mkdir()
    documents = RunDocuments(subscription, root=readable, frame_shape=MODEL.shape)
    for number in range(10):
        documents.event(documents.resource(write_series(folder, number).master, series="point"))
    documents.stop()
    subscription.wait(30)
    return cat[documents.uid]


class Ended:
    """A catalog whose server has ended, with what was made of it and what it said before."""

    def __init__(self, server: Server) -> None:
        self.folder = server.folder
        self.cat = connect(server.uri, api_key=server.api_key)
        try:
            self.last_run = self.cat[-1]
        except NotInCatalog as error:
            self.last_run = error
        self.last_runs = self.cat[-5:]
        self.subscription = Subscription(self.cat)
        self.run = RunDocuments(self.subscription, root=server.folder, frame_shape=MODEL.shape)
        self.subscription.wait(30)


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Ended:
    with running_catalog(tmp_path_factory.mktemp("ended"), readable) as server:
        return Ended(server)
