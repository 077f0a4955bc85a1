"""Reading files while they are written: what waiting costs, how late frames come, how fast old files are.

    python benchmarks/live.py [--peer PYTHON] [--frames 300] [--rounds 3] [--folder DIR]
                              [--only idle,latency,end,fast,finished]

The peer is blissdata, whose API has the same shape; ``--peer`` (or PEER in the environment) is a Python that
has it installed; ``make bench PEER=1`` makes an environment with it. It runs with its default period, which
keeps a core busy, and with one of 0.1 s. The readers take turns on the same machine, each in a process of its
own, so compare within one run. Files are BLISS files, which both understand.

Whatever else runs on the machine makes readers late. So each is measured in several rounds: the figures are
those of its best round, and the last column has the 99th percentile of all.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from id3c_data.h5api import (
    DECODER_VARIABLE,
    FINISHED,
    decoder_in_use,
    decoders_here,
    dynamic_hdf5,
    static_hdf5,
)
from id3c_data.testing.free_writer import DATA, Pace, free_writer
from id3c_data.testing.h5api import SteppedState

DATASET = "/1.1/instrument/eiger1/data"
READER = Path(__file__).with_name("_live_reader.py")
IDLE_S = 4.0
MOST_IDLE = 0.01
MEDIAN_MS, P99_MS, END_MS = 3.0, 10.0, 5.0


def verdict(*goals: bool) -> str:
    """Return whether goals are reached."""
    return "reached" if all(goals) else "MISSED"


@dataclass(frozen=True)
class Contestant:
    """One implementation, and how often it is told to look."""

    name: str
    api: str
    python: str
    period: float | None = None
    stack: bool = False

    @property
    def ours(self) -> bool:
        """Whether it has to reach our goals."""
        return self.api == "id3c_data"

    @property
    def dataset(self) -> str:
        """What is followed: a dataset in a scan of a BLISS file, or the frames of the HDF5 plugin's file."""
        return DATA if self.stack else DATASET

    def start(self, what: str, path: Path, **options: object) -> subprocess.Popen[str]:
        """Start a reader."""
        words = [self.python, str(READER), what, self.api, str(path)]
        if self.period is not None:
            options["period"] = self.period
        words += ["--stack"] * self.stack
        words += [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def contestants(peer: str | None) -> Iterator[Contestant]:
    """Yield who takes part."""
    yield Contestant("ours", "id3c_data", sys.executable)
    yield Contestant("ours, FrameStack", "id3c_data", sys.executable, stack=True)
    if peer:
        yield Contestant("blissdata", "blissdata", peer)
        yield Contestant("blissdata, 0.1 s", "blissdata", peer, 0.1)


def result_of(process: subprocess.Popen[str], timeout: float) -> dict[str, Any]:
    """Return what a reader has to say; nothing where it does not end."""
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {}
    return json.loads(output) if output else {}


def idle(folder: Path, peer: str | None) -> None:
    """Print what waiting costs."""
    print(f"\nWaiting: share of a core; goal: at most {MOST_IDLE:.0%}\n")
    print(f"{'':18}{'for a file':>12}{'for a frame':>14}")
    with h5py.File(folder / "still.h5", "w") as file:
        file["1.1/writer/status"] = "RUNNING"
        file.create_dataset(DATASET, (0, 514, 1030), "u4", maxshape=(None, 514, 1030), chunks=(1, 514, 1030))
    for contestant in contestants(peer):
        if contestant.stack:
            continue  # it waits in the same way
        shares = [
            result_of(contestant.start("idle", path, seconds=IDLE_S, **options), 60).get("cpu", float("nan"))
            for path, options in (
                (folder / "absent.h5", {}),
                (folder / "still.h5", {"dataset": DATASET}),
            )
        ]
        goal = verdict(max(shares) <= MOST_IDLE) if contestant.ours else ""
        print(f"{contestant.name:18}{shares[0]:>11.1%} {shares[1]:>13.1%}  {goal}")


@dataclass(frozen=True)
class Lateness:
    """How late frames came in one round, in ms, and what the reader took for that."""

    late: list[float]
    core: float
    memory_mb: float

    @classmethod
    def of(cls, answer: dict[str, Any], flushed: list[float]) -> Lateness:
        """Return it from what a reader and a writer say."""
        late = sorted(1e3 * (seen - at) for seen, at in zip(answer["times"], flushed, strict=False))
        return cls(late, answer["cpu"], answer["memory_mb"])

    @property
    def p99(self) -> float:
        """The 99th percentile."""
        return self.late[len(self.late) * 99 // 100]

    def reached(self, pace: Pace) -> tuple[bool, ...]:
        """Return whether the goals for lateness are reached, which there are for 200 Hz."""
        return (statistics.median(self.late) <= MEDIAN_MS, self.p99 <= P99_MS) if pace.rate_hz == 200 else ()


def follow_all(folder: Path, peer: str | None, pace: Pace, rounds: int) -> None:
    """Print how late the frames of a writer come to each reader, which take turns."""
    print(
        f"{'':18}{'mode':>7}{'median':>9}{'99 %':>8}{'max':>8}{'frames':>8}{'core':>7}{'MB':>6}"
        f"{'goal':>10}  99 % of all rounds"
    )
    for mode in ("plain", "swmr"):
        rows: dict[Contestant, list[Lateness]] = {}
        for _ in range(rounds):
            for contestant in contestants(peer):
                answer, flushed = _followed(contestant, folder / f"{mode}.h5", replace(pace, mode=mode))
                measured = rows.setdefault(contestant, [])
                measured += [Lateness.of(answer, flushed)] if answer else []
        for contestant, measured in rows.items():
            goals = pace if contestant.ours else None
            cells = _cells(measured, goals) if measured else "   did not end"
            print(f"{contestant.name:18}{mode:>7}{cells}")


def _cells(measured: list[Lateness], goals: Pace | None) -> str:
    """Return the cells of one contestant, who may have to reach the goals for a pace."""
    best = min(measured, key=lambda one: one.p99)
    reached = ""
    if goals is not None:
        reached = verdict(*best.reached(goals), all(len(one.late) == goals.frames for one in measured))
    return (
        f"{statistics.median(best.late):>9.2f}{best.p99:>8.2f}{best.late[-1]:>8.1f}{len(best.late):>8}"
        f"{best.core:>7.0%}{best.memory_mb:>6.0f}{reached:>10}  "
        + " ".join(f"{one.p99:.1f}" for one in measured)
    )


def _followed(contestant: Contestant, path: Path, pace: Pace) -> tuple[dict[str, Any], list[float]]:
    """Return what a reader saw of a writer, and when the writer had flushed each frame."""
    path.unlink(missing_ok=True)
    reader = contestant.start("follow", path, dataset=contestant.dataset, points=pace.frames)
    time.sleep(1.5)  # until it waits
    with free_writer(path, pace, contestant.dataset) as writer:
        flushed = writer.flushed()
        answer = result_of(reader, 20)
    path.unlink()
    return answer, flushed


def end(folder: Path) -> None:
    """Print how fast a read returns once the end is known."""
    path = folder / "ended.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(DATASET, (1, 8, 8), "u4", maxshape=(None, 8, 8), chunks=(1, 8, 8))[0] = 1
    took: list[float] = []
    for _ in range(50):
        state = SteppedState()
        with dynamic_hdf5.File(path, scan_state=state) as file:
            reader = threading.Thread(target=lambda file=file: list(file[DATASET]))
            reader.start()
            time.sleep(0.05)
            began = time.perf_counter()
            state.finish()
            reader.join()
            took.append(1e3 * (time.perf_counter() - began))
    print(f"\nReturn after the end is known: ms; goal: below {END_MS:g}\n")
    goal = verdict(max(took) < END_MS)
    print(f"{'ours':18}median {statistics.median(took):.2f}, longest of {len(took)} {max(took):.2f}  {goal}")


def finished(folder: Path, frames: int) -> None:
    """Print how fast complete files are iterated over, and by how much faster than h5py."""
    path = folder / "finished.h5"
    images = np.random.default_rng(1).poisson(3, (min(frames, 60), 514, 1030)).astype("u4")
    with h5py.File(path, "w") as file:
        chunks = (1, 514, 1030)
        file.create_dataset("bslz4", data=images, chunks=chunks, **hdf5plugin.Bitshuffle())
        file.create_dataset("raw", data=images, chunks=chunks)
        file.create_dataset("numbers", data=np.arange(100_000.0), chunks=(1024,))
    for decoder in decoders_here():
        with decoding_by(decoder.name):
            print(
                f"\nIterating over a finished file with {decoder.name}: points a second (and against h5py)\n"
            )
            _contest(path)


@contextmanager
def decoding_by(name: str) -> Iterator[None]:
    """Have one of the decoders used."""
    before = os.environ.get(DECODER_VARIABLE)
    os.environ[DECODER_VARIABLE] = name
    decoder_in_use.cache_clear()
    try:
        yield
    finally:
        os.environ.pop(DECODER_VARIABLE)
        os.environ.update({} if before is None else {DECODER_VARIABLE: before})
        decoder_in_use.cache_clear()


def _contest(path: Path) -> None:
    """Print how fast three readers iterate over the datasets of a file, which take turns."""
    print(f"{'':18}{'bslz4 frames':>18}{'raw frames':>18}{'numbers':>18}")
    rates: dict[str, list[float]] = {}
    for _ in range(3):
        for name, opened in (
            ("h5py", lambda: h5py.File(path)),
            ("static", lambda: static_hdf5.File(path)),
            ("dynamic", lambda: dynamic_hdf5.File(path, scan_state=FINISHED)),
        ):
            with opened() as file:
                measured = [_rate(file[dataset]) for dataset in ("bslz4", "raw", "numbers")]
            rates[name] = [max(pair) for pair in zip(rates.get(name, measured), measured, strict=True)]
    for name, values in rates.items():
        cells = (f"{v:>10.0f} ({v / r:4.2f})" for v, r in zip(values, rates["h5py"], strict=True))
        goal = verdict(*(v >= r for v, r in zip(values, rates["h5py"], strict=True)))
        print(f"{name:18}" + "".join(f"{cell:>18}" for cell in cells) + f"  {goal if name != 'h5py' else ''}")


def _rate(dataset: Any) -> float:
    began, count = time.perf_counter(), 0
    for _ in dataset:
        count += 1
    return count / (time.perf_counter() - began)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peer", default=os.environ.get("PEER"), help="Python of an environment that has blissdata"
    )
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files go; they take 700 MB for a moment")
    parser.add_argument("--only", default="idle,latency,end,fast,finished")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        if "idle" in wanted:
            idle(folder, arguments.peer)
        if "latency" in wanted:
            print(
                "\nFrom flush to the loop's body, 200 Hz, 514 x 1030 uint32: ms; "
                f"goal: median {MEDIAN_MS:g}, 99 % {P99_MS:g}, none lost\n"
            )
            follow_all(folder, arguments.peer, Pace(arguments.frames, 200), arguments.rounds)
        if "end" in wanted:
            end(folder)
        if "fast" in wanted:
            print("\nThe same, 1000 Hz, 64 x 64 uint32: ms; goal: none lost\n")
            follow_all(folder, arguments.peer, Pace(5 * arguments.frames, 1000, (64, 64)), arguments.rounds)
        if "finished" in wanted:
            finished(folder, arguments.frames)


if __name__ == "__main__":
    main()
