"""Processes that meet HDF5 files for the server may end or hang; the server goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from id3c_data.catalog._masters_elsewhere import Master, Processes
from id3c_data.errors import Hdf5Error

MASTER = Master(Path("/data/m_master.h5"), ("/data",), "threshold_1")


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    made = Processes(1, 20.0)
    yield made
    made.close()


def test_a_file_that_ends_the_process_is_told_of(processes: Processes) -> None:
    with pytest.raises(Hdf5Error, match="ended with SIGABRT") as raised:
        processes.ask(MASTER, os.abort)
    assert raised.value.where == str(MASTER.path)
    assert processes.ask(MASTER, os.getpid) != os.getpid()


def test_a_file_that_keeps_the_process_is_told_of() -> None:
    impatient = Processes(1, 0.2)
    try:
        with pytest.raises(Hdf5Error, match=r"not ended within 0\.2 s") as raised:
            impatient.ask(MASTER, time.sleep, 60)
    finally:
        impatient.close()
    assert raised.value.where == str(MASTER.path)


def test_errors_of_the_file_come_as_they_are(processes: Processes) -> None:
    with pytest.raises(FileNotFoundError):
        processes.ask(MASTER, os.listdir, "/no/such/folder")
