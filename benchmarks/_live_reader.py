"""One reader in a process of its own: follows a dataset and says when each point came, and what it cost.

Needs of `id3c_data` nothing, so that it runs in another environment with another implementation of the API.
"""

import argparse
import importlib
import json
import os
import resource
import threading
import time
from contextlib import contextmanager


def cpu_s() -> float:
    """Return the seconds of processor time that this process has taken."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_mb() -> float:
    """Return how much memory this process has at this moment."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6


@contextmanager
def points_of(arguments: argparse.Namespace):
    """Open what is followed."""
    if arguments.stack:
        images = importlib.import_module(f"{arguments.api}.images")
        state = importlib.import_module(f"{arguments.api}.documents").RunState()
        with images.open_stack(arguments.path, scan_state=state) as stack:
            yield stack
        return
    api = importlib.import_module(f"{arguments.api}.h5api.dynamic_hdf5")
    options = {} if arguments.period is None else {"retry_period": arguments.period}
    with api.File(arguments.path, **options) as file:
        yield file[arguments.dataset]


def follow(arguments: argparse.Namespace) -> dict:
    """Read so many points as they come."""
    times, sums, memory = [], 0, 0.0
    with points_of(arguments) as points:
        began, used = time.time(), cpu_s()
        for point in points:
            times.append(time.time())
            sums += int(point[0, 0])
            memory = max(memory, resident_mb()) if len(times) % 64 == 1 else memory
            if len(times) == arguments.points:
                break
        share = (cpu_s() - used) / (time.time() - began)
    return {"times": times, "sum": sums, "cpu": share, "memory_mb": memory}


def idle(arguments: argparse.Namespace) -> dict:
    """Wait for what does not come."""
    api = importlib.import_module(f"{arguments.api}.h5api.dynamic_hdf5")
    options = {} if arguments.period is None else {"retry_period": arguments.period}
    file = api.File(arguments.path, **options)

    def wait() -> None:
        if arguments.dataset:
            next(iter(file[arguments.dataset]))
        else:
            file["1.1"]

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(2)  # in the first second it looks more often
    used, began = cpu_s(), time.time()
    time.sleep(arguments.seconds)
    return {"cpu": (cpu_s() - used) / (time.time() - began)}


def main() -> None:
    """Do what the command line says, and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("follow", "idle"))
    parser.add_argument("api", choices=("id3c_data", "blissdata"))
    parser.add_argument("path")
    parser.add_argument("--dataset", default="")
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--period", type=float)
    parser.add_argument("--stack", action="store_true")
    arguments = parser.parse_args()
    result = follow(arguments) if arguments.what == "follow" else idle(arguments)
    print(json.dumps(result), flush=True)
    os._exit(0)  # a thread may still wait


if __name__ == "__main__":
    main()
