"""Whether the events of a run are what its stop document says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._report import Finding

__all__ = ["check_events", "numbers_of"]


def check_events(run: Any) -> Iterator[Finding]:
    """Yield what is wrong with stop document and numbers of events."""
    stop = run.metadata.get("stop")
    if not stop:
        yield Finding(
            what="there is no stop document: the run goes on, or its session was killed",
            next_step="wait for its end, or see whether `id3c-data replay` has it",
        )
    told = dict((stop or {}).get("num_events") or {})
    for stream in run:
        numbers = numbers_of(run, stream)
        yield from _check_numbers(stream, numbers)
        last = int(numbers.max(initial=0))
        said = told.pop(stream, 0)
        if stop and said != last:
            yield Finding(
                stream=stream,
                what=f"the stop document tells of {said} events, the last is {last}",
                next_step="see whether `id3c-data replay` has the run whole",
            )
    for stream, events in told.items():
        if events:
            yield Finding(
                stream=stream,
                what=f"the stop document tells of {events} events, the catalog has no such stream",
                next_step="see whether `id3c-data replay` has the run whole",
            )


def numbers_of(run: Any, stream: str) -> np.ndarray[Any, Any]:
    """Return the numbers of a stream's events, as its table has them."""
    node = run[stream]
    return np.asarray(node["seq_num"].read()) if "seq_num" in node else np.zeros(0, int)


def _check_numbers(stream: str, numbers: np.ndarray[Any, Any]) -> Iterator[Finding]:
    """Yield gaps and repetitions; a point that was paused is taken again under its number."""
    unique, counts = np.unique(numbers, return_counts=True)
    missing = np.setdiff1d(np.arange(1, int(numbers.max(initial=0)) + 1), unique)
    if len(missing):
        yield Finding(
            stream=stream,
            event=int(missing[0]),
            what=f"{len(missing)} events are missing in the table: {_listed(missing)}",
            next_step="see whether `id3c-data replay` has the run whole",
        )
    again = unique[counts > 1]
    if len(again):
        yield Finding(
            severity="note",
            stream=stream,
            event=int(again[0]),
            what=f"events that are there more than once, as after a pause: {_listed(again)}",
        )


def _listed(numbers: np.ndarray[Any, Any]) -> str:
    """Return numbers for a message."""
    shown = ", ".join(map(str, numbers[:8]))
    return f"{shown}, ..." if len(numbers) > 8 else shown
