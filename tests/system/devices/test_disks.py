"""What becomes of a scan where the disk that is written to is full, or is another detector's too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from bluesky import plans as bp

from id3c_data.errors import FramesMissing
from id3c_data.testing import CaPorts, running_ioc

from ..._mounts import small_disk
from .conftest import PERIOD_S, SIZE, VIEW, Bench, unreadable
from .test_faults import failure


@pytest.mark.fault("disk full on the write side", injected="the IOC writes to a tmpfs that has no room left")
def test_disk_that_is_full(
    ca_ports: CaPorts, tmp_path: Path, engine: Any, docs: Any, fault_report: Any
) -> None:
    mount, copy = tmp_path / "mount", tmp_path / "copy"
    mount.mkdir()
    with small_disk(mount, 200) as disk:
        settings = {"ports": ca_ports, "size": SIZE, "arm_time_s": 0.03, "rate_hz": 1 / PERIOD_S}
        with running_ioc(mounts={VIEW: disk}, **settings) as ioc:
            bench = Bench(ioc, disk)
            error = failure(engine, bp.count([bench.detector(file_timeout=0.3)], num=50))
            bench.release()
        shutil.copytree(disk, copy)  # of the mount, only this process's view leads there
    taken = len(docs.of("event"))
    assert taken > 1
    assert unreadable(copy, taken + 1) == [taken]
    assert isinstance(error, FramesMissing)
    fault_report(error, lost="the frame of the point that failed", hide={str(disk): "/data"})
