"""Seconds that the command line takes to start, and to check a devices.yml with many devices.

    python benchmarks/validate.py [--devices 500] [--rounds 15]

All commands take turns within each round, so that what else the machine does falls on all alike. Medians over
all rounds; the ratio is to `python -c pass` of the same rounds. Nothing that the file names is imported. It
fails where a median is above its limit.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from id3c_data.config import check

COMMAND = [sys.executable, "-m", "id3c_data"]
EIGER = """\
  - name: eiger{0}
    prefix: "e{0}:"
    labels: [area_detector, detectors]
    write_path_template: "/detector/data/{0}/%Y/%m/%d/"
    read_path_template: "/data/eiger{0}/%Y/%m/%d/"
"""
DETECTOR = """\
  - name: camera{0}
    prefix: "c{0}:"
    plugins:
      - cam: {{class: ophyd.areadetector.SimDetectorCam}}
      - image
      - hdf1:
          class: apstools.devices.AD_EpicsFileNameHDF5Plugin
          write_path_template: "/detector/camera{0}/%Y/"
          read_path_template: "/data/camera{0}/%Y/"
      - roi1
      - stats1
"""
MOTOR = '  - {{name: m{0}, prefix: "m:m{0}", labels: [motors, baseline]}}\n'
SECTIONS = {
    "id3c_data.devices.Eiger2Detector": EIGER,
    "apstools.devices.ad_creator": DETECTOR,
    "ophyd.EpicsMotor": MOTOR,
}


@dataclass(frozen=True)
class Row:
    """One line of the table: what is measured, how, and what it may take."""

    name: str
    measure: Callable[[], float]
    limit_s: float | None = None


def devices_yml(devices: int) -> str:
    """Return a file of so many devices: a third each of Eiger2s, other area detectors, and motors."""
    each, more = divmod(devices, len(SECTIONS))
    text = ""
    for number, (section, device) in enumerate(SECTIONS.items()):
        if count := each + (number < more):
            text += f"{section}:\n" + "".join(map(device.format, range(count)))
    return text


def run(*command: str) -> float:
    """Return how long a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def check_here(file: Path) -> float:
    """Return how long the checks take in this process."""
    start = time.perf_counter()
    problems = check([file], imports=False)
    taken = time.perf_counter() - start
    assert problems == [], problems[:3]
    return taken


def rows(folder: Path, devices: int) -> list[Row]:
    """Return what is measured, with files in a folder."""
    many, one = folder / "many_devices.yml", folder / "one_devices.yml"
    many.write_text(devices_yml(devices))
    one.write_text(devices_yml(1))
    validate = [*COMMAND, "validate", "--no-import"]
    return [
        Row("python -c pass", lambda: run(sys.executable, "-c", "pass")),
        Row("id3c-data --help", lambda: run(*COMMAND, "--help"), 0.3),
        Row("id3c-data validate --no-import, 1 device", lambda: run(*validate, str(one)), 0.6),
        Row(f"config.check, {devices} devices", lambda: check_here(many), 1.0),
        Row(f"id3c-data validate --no-import, {devices} devices", lambda: run(*validate, str(many)), 2.0),
    ]


def main() -> int:
    """Print the table, and return 1 where a limit is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measured = rows(Path(name), arguments.devices)
        for row in measured:
            row.measure()  # once for the disk's cache
        taken: dict[str, list[float]] = {row.name: [] for row in measured}
        for _ in range(arguments.rounds):
            for row in measured:
                taken[row.name].append(row.measure())
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    bare = medians[measured[0].name]
    print(f"{'':52}{'median':>10}{'ratio':>8}{'limit':>8}")
    for row in measured:
        limit = "" if row.limit_s is None else f"{row.limit_s:g} s"
        print(f"{row.name:52}{medians[row.name]:>8.3f} s{medians[row.name] / bare:>8.1f}{limit:>8}")
    broken = [row.name for row in measured if row.limit_s is not None and medians[row.name] > row.limit_s]
    print(f"above the limit: {', '.join(broken)}" if broken else "all within their limits")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
