"""Take many runs, points and frames, and see that nothing grows: ``python tests/soak/run.py [--scale 0.01]``.

The whole chain runs in four processes: the session (the device, a RunEngine, and what writes its documents),
the IOC (the simulated detector, and what writes its files), the catalog's server, and a follower that reads.
Each is looked at while it works; it fails where one goes on to grow after its first fifth, or a frame or an
event is missing. ``--record docs/_soak.json`` keeps what was found for docs/reference/faults.md.

Both writers take part, but nothing waits without need: with the detector's own files the driver waits half a
second for each series, so that most runs, and the many points, are left to the HDF5 plugin.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from id3c_data.testing import ca_repeater, isolate_channel_access, running_ioc

PORTS = isolate_channel_access()  # before anything imports pyepics
VIEW = "/detector/data"
SIZE = (32, 48)
EXPOSURE_S = 0.001
RUNS, POINTS, FRAMES, FRAMES_AT_A_POINT = 1000, 10_000, 100_000, 1000
POINTS_IN_A_FILE = 10  # with many frames each: a reader keeps some files open, and these are no growth
ONE_BY_THE_DCU_OF = 10  # runs
RUNS_AHEAD = 50  # of their catalog: runs may be faster, and their documents would pile up
SAID = 10  # times that a part says how far it is
MOST_GROWN_MB = 64
MOST_NEW_FILES = 24  # connections that a server keeps open for a while are among them
SAMPLE_S = 0.5

FOLLOW = """
import sys
from id3c_data import follow
with follow(sys.argv[1], retry_timeout=120, settle_timeout=30) as frames:
    print("listening", flush=True)
    print(sum(1 for frame in frames if frame.image.size), frames.missing, flush=True)
"""


@dataclass
class Process:
    """What was seen of one process: memory, open files and threads, from time to time."""

    pid: int
    seen: list[tuple[float, int, int]] = field(default_factory=list)

    @property
    def memory_mb(self) -> float:
        """The memory that was seen last."""
        return self.seen[-1][0] if self.seen else 0.0

    def look(self) -> None:
        """Take a sample; nothing happens when the process has ended."""
        folder = Path(f"/proc/{self.pid}")
        try:
            pages = int((folder / "statm").read_text().split()[1])
            files, threads = (sum(1 for _ in (folder / name).iterdir()) for name in ("fd", "task"))
        except OSError:
            return
        self.seen.append((pages * resource.getpagesize() / 2**20, files, threads))

    def figures(self) -> dict[str, Any]:
        """Return the figures after a fifth of the time, and the highest since."""
        settled = self.seen[len(self.seen) // 5 :]
        early, late = settled[: max(1, len(settled) // 4)], settled
        first, highest = ([max(column) for column in zip(*part, strict=True)] for part in (early, late))
        return {
            "memory_mb": round(highest[0]),
            "grown_mb": round(highest[0] - first[0], 1),
            "files": highest[1],
            "more_files": highest[1] - first[1],
            "threads": highest[2],
        }


@contextmanager
def watched(processes: dict[str, Process]) -> Iterator[None]:
    """Look at processes as long as the context lasts."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_S):
            for process in list(processes.values()):
                process.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for process in processes.values():
            process.look()


class Progress:
    """Says now and then how far a part is, and how much memory each process has.

    It is a callback of the RunEngine for event documents.
    """

    def __init__(self, part: str, events: int, processes: dict[str, Process]) -> None:
        self._part, self._events, self._processes = part, events, processes
        self._came, self._began = 0, time.monotonic()

    def __call__(self, _: str, doc: dict[str, Any]) -> None:
        """Count an event."""
        del doc
        self._came += 1
        if self._came % max(1, self._events // SAID) == 0:
            memory = ", ".join(f"{name} {seen.memory_mb:.0f}" for name, seen in self._processes.items())
            seconds = time.monotonic() - self._began
            print(
                f"{self._part}: {self._came} of {self._events} in {seconds:.0f} s; MB: {memory}", flush=True
            )


class Chain:
    """Detector, engine, catalog and their processes."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        from bluesky import RunEngine

        from id3c_data.catalog import connect, serve, subscribe
        from id3c_data.devices import Eiger2Detector, declare_points

        (files := folder / "files").mkdir()
        stack.enter_context(ca_repeater(PORTS))
        ioc = stack.enter_context(
            running_ioc(ports=PORTS, size=SIZE, arm_time_s=0.01, rate_hz=1 / EXPOSURE_S, mounts={VIEW: files})
        )
        self.server = stack.enter_context(serve(folder / "catalog", readable_storage=[files]))
        self.cat = connect(self.server.uri, api_key=self.server.api_key)
        self.engine = RunEngine({}, context_managers=[])
        self.engine.preprocessors.append(declare_points)
        self.subscription = subscribe(self.engine, self.cat, spool=folder / "spool")
        stack.callback(self.subscription.close)
        self._pids = {"session": os.getpid(), "IOC": ioc.process.pid, "server": self.server.pid}
        self._make: Callable[..., Any] = lambda **arguments: Eiger2Detector(
            ioc.prefix,
            name="eiger2",
            write_path_template=f"{VIEW}/%Y/%m/",
            read_path_template=f"{files}/%Y/%m/",
            timeout=60.0,
            **arguments,
        )

    @contextmanager
    def detector(self, **arguments: Any) -> Iterator[Any]:
        """Make a detector."""
        device = self._make(**arguments)
        device.wait_for_connection(timeout=30)
        for signal in (device.cam.acquire_time, device.cam.acquire_period):
            signal.set(EXPOSURE_S).wait(10)
        yield device
        device.destroy()

    @contextmanager
    def told(self, callback: Callable[[str, dict[str, Any]], None], kind: str) -> Iterator[None]:
        """Let a callback have documents of one kind."""
        token = self.engine.subscribe(callback, kind)
        yield
        self.engine.unsubscribe(token)

    @contextmanager
    def processes(self) -> Iterator[dict[str, Process]]:
        """Watch all processes."""
        processes = {name: Process(pid) for name, pid in self._pids.items()}
        with watched(processes):
            yield processes

    @contextmanager
    def follower(self, uid: str) -> Iterator[subprocess.Popen[str]]:
        """Run a process that follows a run of the catalog."""
        uri = f"{self.server.uri}/metadata/{uid}"
        environment = {**os.environ, "TILED_API_KEY": self.server.api_key}
        with subprocess.Popen(
            [sys.executable, "-c", FOLLOW, uri], stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            yield process


def many_runs(chain: Chain, part: str, count: int) -> dict[str, Any]:
    """Take runs of one point, one after the other."""
    from bluesky import plans as bp

    before = len(chain.cat)
    with (
        chain.detector() as by_dcu,
        chain.detector(writer="hdf5") as by_plugin,
        chain.processes() as processes,
        chain.told(Progress(part, count, processes), "event"),
    ):
        for number in range(count):
            (uid,) = chain.engine(bp.count([by_plugin if number % ONE_BY_THE_DCU_OF else by_dcu]))
            if number % RUNS_AHEAD == 0:
                chain.subscription.wait(120)
        chain.subscription.wait(120)
        assert chain.cat[uid].primary["eiger2_image"].read().shape == (1, *SIZE)
        assert len(chain.cat) == before + count
    return {name: process.figures() for name, process in processes.items()}


def long_run(chain: Chain, part: str, points: int, images: int, **mode: Any) -> dict[str, Any]:
    """Take one run that another process follows, and read all of it from the catalog."""
    from bluesky import plans as bp

    followers: list[subprocess.Popen[str]] = []
    with ExitStack() as stack, chain.detector(num_images=images, **mode) as detector:
        processes = stack.enter_context(chain.processes())

        def begin(_: str, doc: dict[str, Any]) -> None:
            followers.append(stack.enter_context(chain.follower(doc["uid"])))
            assert followers[0].stdout
            assert followers[0].stdout.readline() == "listening\n"
            processes["follower"] = Process(followers[0].pid)

        with chain.told(begin, "start"), chain.told(Progress(part, points, processes), "event"):
            (uid,) = chain.engine(bp.count([detector], num=points))
        chain.subscription.wait(300)
        assert followers[0].stdout
        said = followers[0].stdout.read().split()
        assert said == [str(points * images), "0"], said
        frames = chain.cat[uid].primary["eiger2_image"]
        assert len(frames) == points
        step = max(1, points // 50)
        assert sum(len(frames[at : at + step].read()) for at in range(0, points, step)) == points
    return {name: process.figures() for name, process in processes.items()}


def many_points(chain: Chain, part: str, points: int) -> dict[str, Any]:
    """Take a run of points in one file, which is followed while it grows."""
    return long_run(chain, part, points, 1, writer="hdf5", series="run", swmr=True)


def many_frames(chain: Chain, part: str, frames: int) -> dict[str, Any]:
    """Take a run of points that have many frames each, in the detector's own files.

    Without statistics, which take the simulated IOC longer than the frames; the many points have them.
    """
    images = min(frames, FRAMES_AT_A_POINT)
    return long_run(
        chain,
        part,
        frames // images,
        images,
        series="run",
        images_per_file=POINTS_IN_A_FILE * images,
        hinted=[],
    )


PARTS: dict[str, tuple[Callable[[Chain, str, int], dict[str, Any]], int]] = {
    "thousand runs in a row": (many_runs, RUNS),
    "run of 10 000 points": (many_points, POINTS),
    "run of 100 000 frames": (many_frames, FRAMES),
}


def main() -> None:
    """Do the parts, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="which ones; without, all")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the runs, points and frames")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what was found as JSON")
    arguments = parser.parse_args()
    found, grown, started = {}, [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="id3c-soak-") as folder, ExitStack() as stack:
        chain = Chain(stack, Path(folder))
        for part in arguments.parts or PARTS:
            began = time.monotonic()
            take, count = PARTS[part]
            figures = take(chain, part, round(count * arguments.scale))
            seconds = round(time.monotonic() - began)
            found[part] = {"scale": arguments.scale, "seconds": seconds, "processes": figures}
            print(f"{part} (x {arguments.scale:g}): {seconds} s")
            for name, row in figures.items():
                print(f"  {name:10}", *(f"{key} {value}" for key, value in row.items()), sep="  ", flush=True)
                if row["grown_mb"] > MOST_GROWN_MB or row["more_files"] > MOST_NEW_FILES:
                    grown.append(f"{part}: {name}")
    print(f"all in all: {time.monotonic() - started:.0f} s")
    if arguments.record:
        arguments.record.write_text(json.dumps(found, indent=1) + "\n")
    if grown:
        raise SystemExit(
            f"grown by more than {MOST_GROWN_MB} MB or {MOST_NEW_FILES} files: {', '.join(grown)}"
        )


if __name__ == "__main__":
    main()
