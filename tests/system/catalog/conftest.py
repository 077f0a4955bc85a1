"""One catalog server for all tests of the catalog, and runs whose files really exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from id3c_data.catalog import Catalog, Server, Subscription, connect
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles
from id3c_data.testing.catalog import running_catalog

MODEL = FrameModel(height=60, width=80)


@pytest.fixture(scope="session")
def readable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detector")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Iterator[Server]:
    with running_catalog(tmp_path_factory.mktemp("catalog"), readable) as running:
        yield running


@pytest.fixture(scope="session")
def cat(server: Server) -> Catalog:
    return connect(server.uri, api_key=server.api_key)


@pytest.fixture
def subscription(cat: Catalog) -> Iterator[Subscription]:
    with Subscription(cat) as made:
        yield made


@pytest.fixture
def folder(readable: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own, below what the server may read."""
    made = readable / request.node.name.replace("[", "-").replace("]", "")
    made.mkdir()
    return made


@pytest.fixture
def model() -> FrameModel:
    return MODEL


@pytest.fixture
def series(folder: Path) -> Callable[..., SeriesFiles]:
    """Writes a series of the simulated detector into the test's folder."""

    def write(
        number: int, images: int = 1, images_per_file: int = 1000, taken: int | None = None
    ) -> SeriesFiles:
        names = Series(f"run_{number}", number, images, images_per_file)
        return LegacyWriter(folder, names, MODEL).write_series(taken)

    return write
