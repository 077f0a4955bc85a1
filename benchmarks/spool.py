"""What keeping documents on disk costs: for the RunEngine, which hands them over, and in the spool's thread.

    python benchmarks/spool.py [--events 2000]

Documents are handed to a subscription one by one, as a RunEngine does, with a real catalog behind it; and to
the spool alone, as fast as it takes them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from id3c_data.catalog import Subscription, connect
from id3c_data.catalog._spool import Spool
from id3c_data.testing.catalog import RunDocuments, running_catalog

PAUSE_S = 0.001


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=2000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="id3c-bench-") as scratch:
        folder = Path(scratch)
        print(handed_over(folder, events))
        print(kept(folder, events))


def take(emit: Callable[[str, Any], object], folder: Path, events: int, pause: float) -> list[float]:
    """Emit a run; return the seconds that handing over each document took."""
    seconds: list[float] = []

    def timed(name: str, doc: Any) -> None:
        begin = time.perf_counter()
        emit(name, doc)
        seconds.append(time.perf_counter() - begin)
        time.sleep(pause)

    run = RunDocuments(timed, root=folder, frame_shape=(514, 1030))
    resource = run.resource(folder / "run_1_master.h5")
    for slot in range(events):
        run.event(resource, slot)
    run.stop()
    return seconds


def handed_over(folder: Path, events: int) -> str:
    """Say what a document costs the RunEngine."""
    with running_catalog(folder / "catalog", folder) as server:
        cat = connect(server.uri, api_key=server.api_key)
        with Subscription(cat, spool=folder / "spool") as subscription:
            seconds = take(subscription, folder, events, PAUSE_S)
    return f"to the catalog and the disk: {_in_words(seconds)}"


def kept(folder: Path, events: int) -> str:
    """Say how many documents the spool's thread writes in a second."""
    spool = Spool(folder / "alone", catalog="", registered="auto", on_trouble=print, size=10 * events)
    begin = time.perf_counter()
    seconds = take(spool.put, folder, events, 0.0)
    spool.close(600)
    rate = len(seconds) / (time.perf_counter() - begin)
    return f"to the disk alone, without a pause: {_in_words(seconds)}; {rate:.0f} documents/s are written"


def _in_words(seconds: list[float]) -> str:
    micro = sorted(1e6 * value for value in seconds)
    late = micro[int(0.99 * len(micro))]
    return f"{len(micro)} documents, {statistics.median(micro):.1f} us each, 99 % within {late:.0f} us"


if __name__ == "__main__":
    main()
