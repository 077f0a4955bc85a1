"""Seconds for each point beyond the exposure: our device in each mode, and plain ophyd, on one simulated IOC.

    python benchmarks/point_overhead.py [--points 20] [--rounds 5] [--size 64x64]

All variants take turns within each round, so that what else the machine does falls on all alike. A point's
overhead is the time from its event to the next, less the exposure; the first event of a run, which carries
the arming of a series for the run, is not among them. Medians over all rounds; ratios within this one run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from id3c_data.testing import ca_repeater, isolate_channel_access, running_ioc

PORTS = isolate_channel_access()  # before anything imports pyepics
VIEW = "/detector/data"
EXPOSURE_S = 0.01
PLAIN = "plain ophyd, plugin"
LIKE_FOR_LIKE = "ours, hdf5, point"


@dataclass(frozen=True)
class Variant:
    """One way to take points."""

    name: str
    make: Callable[[str, Path], Any]


def ours(writer: str, series: str) -> Callable[[str, Path], Any]:
    """Return what makes our device; like plain ophyd it reads one of the statistics."""

    def make(prefix: str, folder: Path) -> Any:
        from id3c_data.devices import Eiger2Detector

        return Eiger2Detector(
            prefix,
            name="eiger2",
            write_path_template=f"{VIEW}/ours/",
            read_path_template=f"{folder}/ours/",
            writer=writer,  # pyright: ignore[reportArgumentType]
            series=series,  # pyright: ignore[reportArgumentType]
        )

    return make


def plain(prefix: str, folder: Path) -> Any:
    """Return plain ophyd's device as the areaDetector documentation puts it together."""
    from ophyd.areadetector import ADComponent, DetectorBase, EigerDetectorCam
    from ophyd.areadetector.filestore_mixins import FileStoreHDF5IterativeWrite
    from ophyd.areadetector.plugins import HDF5Plugin_V34, StatsPlugin_V34
    from ophyd.areadetector.trigger_mixins import SingleTrigger

    class Plugin(HDF5Plugin_V34, FileStoreHDF5IterativeWrite):
        pass

    class Detector(SingleTrigger, DetectorBase):
        cam = ADComponent(EigerDetectorCam, "cam1:")
        stats1 = ADComponent(StatsPlugin_V34, "Stats1:")
        hdf1 = ADComponent(
            Plugin, "HDF1:", write_path_template=f"{VIEW}/plain/", read_path_template=f"{folder}/plain/"
        )

    detector = Detector(prefix, name="plain", read_attrs=["hdf1", "stats1"])
    detector.stats1.kind = detector.hdf1.kind = "normal"
    detector.stats1.total.kind = "hinted"
    # What ours finds out by itself: the same data source, no files by the DCU, no priming.
    detector.stage_sigs.update(
        {"cam.data_source": 2, "cam.fw_enable": 0, "cam.save_files": 0, "cam.num_images": 1}
    )
    detector.hdf1.stage_sigs["lazy_open"] = "Yes"
    detector.hdf1.stage_sigs.move_to_end("capture")
    return detector


VARIANTS = [
    Variant(PLAIN, plain),
    Variant(LIKE_FOR_LIKE, ours("hdf5", "point")),
    Variant("ours, hdf5, run", ours("hdf5", "run")),
    Variant("ours, dcu, point", ours("dcu", "point")),
    Variant("ours, dcu, run", ours("dcu", "run")),
]


def overheads(engine: Any, detector: Any, points: int) -> list[float]:
    """Return the overhead of each point of a count but the first."""
    from bluesky import plans as bp

    times: list[float] = []
    engine(
        bp.count([detector], num=points),
        lambda name, doc: times.append(doc["time"]) if name == "event" else None,
    )
    assert len(times) == points
    return [after - before - EXPOSURE_S for before, after in pairwise(times)]


def measure(prefix: str, folder: Path, points: int, rounds: int) -> dict[str, list[float]]:
    """Return the overheads of all variants, which take turns."""
    from bluesky import RunEngine
    from ophyd import EpicsSignal

    for name in ("AcquireTime", "AcquirePeriod"):
        signal = EpicsSignal(f"{prefix}cam1:{name}", name=name)
        signal.wait_for_connection(timeout=10)
        signal.set(EXPOSURE_S).wait(10)
    for name in ("plain", "ours"):
        (folder / name).mkdir()
    engine = RunEngine({})
    detectors: dict[str, Any] = {}
    for variant in VARIANTS:  # one by one: channels of one PV that are made at once may miss its connection
        detectors[variant.name] = variant.make(prefix, folder)
        detectors[variant.name].wait_for_connection(timeout=30)
    for detector in reversed(detectors.values()):  # plain ophyd last: its plugin must have seen a frame
        overheads(engine, detector, 2)  # connects what is lazy
    found: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
    for _ in range(rounds):
        for name, detector in detectors.items():
            found[name] += overheads(engine, detector, points)
    return found


def table(found: dict[str, list[float]]) -> str:
    """Return the medians, and each one's ratio to plain ophyd."""
    medians = {name: statistics.median(values) for name, values in found.items()}
    rows = [f"{'':22} {'median':>9} {'best':>9} {'/ plain':>8}"]
    rows += [
        f"{name:22} {1e3 * median:6.1f} ms {1e3 * min(found[name]):6.1f} ms {median / medians[PLAIN]:8.2f}"
        for name, median in medians.items()
    ]
    faster = medians["ours, dcu, point"] / medians["ours, dcu, run"]
    rows.append(f'\nwith the DCU\'s files series="run" is {faster:.1f} times faster than series="point"')
    return "\n".join(rows)


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="64x64", help="height x width of a frame (%(default)s)")
    options = parser.parse_args(argv)
    height, width = (int(number) for number in options.size.split("x"))
    with (
        tempfile.TemporaryDirectory() as folder,
        ca_repeater(PORTS),
        running_ioc(ports=PORTS, size=(height, width), arm_time_s=0.05, mounts={VIEW: Path(folder)}) as ioc,
    ):
        found = measure(ioc.prefix, Path(folder), options.points, options.rounds)
    print(
        f"seconds for each point beyond the exposure of {EXPOSURE_S:g} s; arming takes 0.05 s; "
        f"{options.rounds} rounds of {options.points} points, frames of {options.size}\n"
    )
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
