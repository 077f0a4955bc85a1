"""Feed what reads bytes of strangers with damaged ones: ``python tests/fuzz/run.py [TARGET...]``.

Each target runs in a process of its own, whose memory is limited. It fails where one crashes, hangs, takes
too much memory, or refuses an input in words that are not ours; what it was fed with last is in a file then.
``--record docs/_fuzzing.json`` keeps what came of it for docs/reference/faults.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

INPUTS = 10_000
HEADROOM_MB = 512
"""Address space that reading may take beyond what the process has when it begins."""
HANG_S = 20
"""Longest that one input may take."""
MAY_DIE = "HDF5 files"
"""What the HDF5 library itself reads: it does not survive everything, so that servers let others read it."""


def main() -> None:
    """Feed the targets, and say what came of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help="which ones; without, all")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="inputs of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what came of it as JSON")
    parser.add_argument("--together", action="store_true", help="feed them in one process: quicker to start")
    parser.add_argument("--here", metavar="FILE", help="feed them in this process; FILE has the last input")
    arguments = parser.parse_args()
    names = arguments.targets or known_targets()
    if arguments.here:
        print(json.dumps([feed(name, arguments.inputs, arguments.seed, arguments.here) for name in names]))
        return
    found: dict[str, Any] = {}
    for group in [names] if arguments.together else [[name] for name in names]:
        found |= zip(group, fed(group, arguments.inputs, arguments.seed), strict=True)
        for name in group:
            print(f"{name:24}", *(f"{key} {value}" for key, value in found[name].items()), sep="  ")
        sys.stdout.flush()
    if arguments.record:
        arguments.record.write_text(json.dumps(found, indent=1) + "\n")


def known_targets() -> list[str]:
    """Return the names of all targets."""
    from targets import TARGETS

    return list(TARGETS)


def fed(names: list[str], inputs: int, seed: int) -> list[dict[str, Any]]:
    """Feed targets in a process of their own, and return what came of each."""
    with tempfile.TemporaryDirectory(prefix="id3c-fuzz-") as scratch:
        last = Path(scratch) / "last"
        options = ["--here", str(last), "--inputs", str(inputs), "--seed", str(seed)]
        done = subprocess.run(
            [sys.executable, __file__, *options, "--", *names],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TMPDIR": scratch},  # which is removed also where the process died
        )
        if done.returncode == 0:
            return json.loads(done.stdout.splitlines()[-1])
        counted, _, fed_with = last.read_text().partition("\n") if last.exists() else ("{}", "", "")
    counts = json.loads(counted)
    if names == [MAY_DIE] and done.returncode < 0:
        counts["died"] = 1
        if counts["inputs"] == inputs:
            return [counts]
        (rest,) = fed(names, inputs - counts["inputs"], seed + 1)
        return [{key: (max if key == "grown_mb" else int.__add__)(rest[key], counts[key]) for key in counts}]
    fate = signal.Signals(-done.returncode).name if done.returncode < 0 else "an error"
    kept = Path(f"fuzz-{os.getpid()}.txt").absolute()
    kept.write_text(fed_with)
    raise SystemExit(f"{', '.join(names)}: ended with {fate}; its last input: {kept}\n{done.stderr[-3000:]}")


def feed(name: str, inputs: int, seed: int, last: str) -> dict[str, Any]:
    """Feed one target in this process, and return what came of it."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from targets import TARGETS

    target = TARGETS[name]()
    limit_memory()
    before, began = peak_mb(), time.monotonic()
    counts = {"inputs": 0, "taken": 0, "refused": 0, "died": 0, "seconds": 0, "grown_mb": 0}

    def take(one: Any) -> None:
        signal.alarm(HANG_S)  # which ends the process, also while C code hangs
        counts["inputs"] += 1
        counts["seconds"], counts["grown_mb"] = round(time.monotonic() - began), round(peak_mb() - before)
        note(file, f"{json.dumps(counts)}\n{one!r}")
        try:
            target.take(one)
        except target.refusals:
            counts["refused"] += 1
        else:
            counts["taken"] += 1

    options = settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with Path(last).open("w") as file:
        seeded(seed)(options(given(target.inputs)(take)))()
    signal.alarm(0)
    return counts


def note(file: IO[str], text: str) -> None:
    """Keep the input that is about to be taken, and what came of those before."""
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def limit_memory() -> None:
    """Let this process have but so much more address space than it has by now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + HEADROOM_MB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def peak_mb() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
