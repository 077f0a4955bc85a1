"""What is remembered of a master from one look to the next."""

import os

import h5py
import numpy as np
import pytest

from id3c_data.h5api import Look, ScanPhase, Standing, _sightings
from id3c_data.h5api._files import Files
from id3c_data.images._live_master import LiveMaster
from id3c_data.testing.waiting import PATIENCE_S

DATA = "/entry/data/data"
OPEN = Standing(ScanPhase.PREPARED, settling=False, awaits_files=True)


@pytest.fixture
def files():
    files = Files(None, None)
    yield files
    files.close()


@pytest.fixture
def long_tick(monkeypatch):
    """A clock that ticks so seldom that no file is quiet in this test."""
    for name in ("_COARSE_QUIET_S", "_FINE_QUIET_S"):
        monkeypatch.setattr(_sightings, name, PATIENCE_S)


@pytest.fixture
def master(tmp_path):
    with h5py.File(tmp_path / "x_master.h5", "w") as file:
        file["/entry/data/data_000001"] = h5py.ExternalLink("x_data_000001.h5", DATA)
    return tmp_path / "x_master.h5"


def write(path, frames, size=1 << 14):
    """Write a data file of that size, as if in the same moment as any other."""
    with h5py.File(path, "w") as file:
        file.create_dataset(DATA, data=np.ones((frames, 3, 5), "u4"), maxshape=(None, 3, 5), chunks=(1, 3, 5))
    os.truncate(path, size)
    os.utime(path, ns=(1, 1))


@pytest.mark.usefixtures("long_tick")
def test_a_data_file_that_was_not_quiet_is_not_taken_for_unchanged(files, master):
    """Two changes within one tick of the clock leave one time; the second may have been the last."""
    live, data = LiveMaster(master, "threshold_1"), master.with_name("x_data_000001.h5")
    for frames in (1, 2):
        write(data, frames)
        with Look(files, strict=False) as look:
            assert live.frames(look, OPEN).written == frames
