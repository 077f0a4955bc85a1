"""An instrument as apsbits makes it, on the simulated IOC; Channel Access is this session's own.

The environment is set before anything here imports pyepics, as libca reads it once in the life of a process.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from id3c_data.testing import RunningIoc, ca_repeater, isolate_channel_access, running_ioc

_PORTS = isolate_channel_access()
os.environ["MPLBACKEND"] = "Agg"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the instrument's packages say of each other while they load
    import apsbits.core.best_effort_init
    import apsbits.core.catalog_init
    import apsbits.core.instrument_init
    import apsbits.core.run_engine_init  # noqa: F401
    import apstools.devices  # noqa: F401

_VIEW = "/detector/data"  # of the IOC; nobody here has a folder of that name


@pytest.fixture(scope="session")
def detector_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder as this host sees it."""
    return tmp_path_factory.mktemp("eiger2")


@pytest.fixture(scope="session")
def ioc(detector_folder: Path) -> Iterator[RunningIoc]:
    """The simulated detector, with small frames."""
    with (
        ca_repeater(_PORTS),
        running_ioc(
            ports=_PORTS, size=(64, 80), arm_time_s=0.02, rate_hz=100, mounts={_VIEW: detector_folder}
        ) as ioc,
    ):
        yield ioc


@pytest.fixture(scope="session")
def templates(detector_folder: Path) -> dict[str, str]:
    """The two templates of a run's folder."""
    return {
        "write_path_template": f"{_VIEW}/%Y/%m/%d/",
        "read_path_template": f"{detector_folder}/%Y/%m/%d/",
    }
