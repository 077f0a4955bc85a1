"""What becomes of a scan where the disk that is written to is full, or is another detector's too."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bluesky import plans as bp

from id3c_data.errors import FramesMissing
from id3c_data.testing import CaPorts, running_ioc

from ..._mounts import small_disk
from .conftest import PERIOD_S, SIZE, VIEW, Bench, unreadable
from .test_faults import failure

COUNT_FIVE = """
import json, sys
from bluesky import RunEngine
from bluesky import plans as bp
from id3c_data.devices import Eiger2Detector
detector = Eiger2Detector(**json.loads(sys.argv[1]))
detector.wait_for_connection(timeout=20)
RE, stops = RunEngine({}), []
RE.subscribe(lambda _, doc: stops.append(doc), "stop")
print("ready", flush=True)
RE(bp.count([detector], num=5))
print(stops[0]["exit_status"], flush=True)
detector.destroy()
"""


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
    # where the room ends, in which file, depends on the sizes that HDF5 makes
    fault = r"_(data_000001|master)\.h5: (is|has) [^;]*;"
    said = re.sub(fault, "_data_000001.h5: is empty, or not whole;", str(error))
    fault_report(said, lost="the frame of the point that failed", hide={str(disk): "/data"})


@pytest.mark.fault(
    "two detectors with one path", injected="two IOCs, and devices of one name, write to one folder at a time"
)
def test_two_detectors_with_one_folder(
    ca_ports: CaPorts, tmp_path: Path, engine: Any, docs: Any, fault_report: Any
) -> None:
    settings = {"size": SIZE, "arm_time_s": 0.03, "rate_hz": 1 / PERIOD_S, "mounts": {VIEW: tmp_path}}
    with running_ioc(ports=ca_ports, **settings) as mine, running_ioc(**settings) as others:
        bench = Bench(mine, tmp_path)
        detector = bench.detector()
        arguments = json.dumps({**bench.arguments, "prefix": others.prefix})
        command = [sys.executable, "-c", COUNT_FIVE, arguments]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, **others.environment}
        ) as other:
            assert other.stdout
            assert other.stdout.readline() == "ready\n"
            engine(bp.count([detector], num=5))
            their_status = other.stdout.readline().strip()
        bench.release()
    assert len(bench.files) == 2 * 2 * 5
    fault_report(
        f"nothing: the runs end with {docs.exit_status} and {their_status}, no file has the name of another",
        lost=unreadable(tmp_path, 10),
    )
