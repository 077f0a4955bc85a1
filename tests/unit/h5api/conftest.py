"""A writer that is stepped through each state of its file, and a file that is read meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from id3c_data.h5api import dynamic_hdf5
from id3c_data.testing.h5api import SteppedState
from id3c_data.testing.stepped_writer import SteppedWriter


@pytest.fixture(scope="module")
def process() -> Iterator[SteppedWriter]:
    writer = SteppedWriter()
    yield writer
    writer.stop()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "scan.h5"


@pytest.fixture(params=["plain", "latest", "swmr"])
def writer(request, process, path):
    """A writer that has made the file, with an empty dataset of frames that grows."""
    with process.growing(path, request.param):
        yield process


@pytest.fixture
def state() -> SteppedState:
    return SteppedState()


@pytest.fixture
def opened(path, state):
    with dynamic_hdf5.File(path, scan_state=state, settle_timeout=0.3) as file:
        yield file


@pytest.fixture
def pool():
    pool = ThreadPoolExecutor(8)
    yield pool
    pool.shutdown(wait=False)  # what still waits ends when its file is closed
