"""Whether the events of a run are what its stop document says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ._report import Finding

__all__ = ["Numbers", "check_events", "numbers_of"]

Numbers = np.ndarray[Any, Any]


def check_events(stop: Mapping[str, Any] | None, numbers: Mapping[str, Numbers]) -> Iterator[Finding]:
    """Yield what is wrong with stop document and numbers of events.

    Parameters
    ----------
    stop
        The stop document, where there is one.
    numbers
        Of each stream, the numbers of its events.
    """
    if not stop:
        yield Finding(
            what="there is no stop document: the run goes on, or its session was killed",
            next_step="wait for its end, or see whether `id3c-data replay` has it",
        )
    told = dict((stop or {}).get("num_events") or {})
    for stream, there in numbers.items():
        yield from _check_numbers(stream, there)
        last = int(there.max(initial=0))
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


def numbers_of(stream: Any) -> Numbers:
    """Return the numbers of a stream's events, as its table has them."""
    try:
        return np.asarray(stream["seq_num"].read())
    except KeyError:  # it has no events yet
        return np.zeros(0, int)


def _check_numbers(stream: str, numbers: Numbers) -> Iterator[Finding]:
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


def _listed(numbers: Numbers) -> str:
    """Return numbers for a message."""
    shown = ", ".join(map(str, numbers[:8]))
    return f"{shown}, ..." if len(numbers) > 8 else shown
