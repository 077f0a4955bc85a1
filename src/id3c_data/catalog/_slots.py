"""Which frames make which event: a table of (master, slot), kept as arithmetic runs.

A series for each point is one run (the master counts up), a series for the whole scan is one run (the slot
counts up), and a paused scan is a few, so the table stays small however long the scan is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Slot", "SlotRun", "SlotTable"]


class Slot(NamedTuple):
    """Where an event's frames are."""

    master: int
    """Number of the master among the node's assets, from 0."""
    slot: int
    """Which event of that master, from 0; with n frames an event it has the frames [slot*n, (slot+1)*n)."""


@dataclass(frozen=True, slots=True)
class SlotRun:
    """Consecutive events whose master and slot go on in equal steps."""

    count: int
    first: Slot
    master_step: int = 0
    slot_step: int = 0

    def __getitem__(self, index: int) -> Slot:
        return Slot(
            self.first.master + index * self.master_step,
            self.first.slot + index * self.slot_step,
        )

    def extended(self, slot: Slot) -> SlotRun | None:
        """Return this run with one event more, or None where the event does not go on with it."""
        if self.count == 1:
            steps = slot.master - self.first.master, slot.slot - self.first.slot
            return SlotRun(2, self.first, *steps)
        if self[self.count] == slot:
            return SlotRun(self.count + 1, self.first, self.master_step, self.slot_step)
        return None

    @property
    def masters(self) -> tuple[int, int]:
        """Lowest and highest number of a master in the run."""
        ends = self.first.master, self[self.count - 1].master
        return min(ends), max(ends)


class SlotTable(Sequence[Slot]):
    """Master and slot of each event, in the order of the events."""

    def __init__(self, runs: Iterable[SlotRun] = ()) -> None:
        self._runs = list(runs)
        self._ends = list(accumulate(run.count for run in self._runs))

    def append(self, slot: Slot) -> None:
        """Add the next event."""
        longer = self._runs[-1].extended(slot) if self._runs else None
        if longer is not None:
            self._runs[-1] = longer
            self._ends[-1] += 1
        else:
            self._runs.append(SlotRun(1, slot))
            self._ends.append(len(self) + 1)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, event: int) -> Slot:  # type: ignore[override]  # an index, never a slice
        if not 0 <= event < len(self):
            raise IndexError(f"event {event} of {len(self)}")
        run = bisect_right(self._ends, event)
        return self._runs[run][event - (self._ends[run] - self._runs[run].count)]

    def __iter__(self) -> Iterator[Slot]:
        for run in self._runs:
            yield from (run[index] for index in range(run.count))

    def to_json(self) -> list[list[int]]:
        """Return the runs as lists ``[count, master, slot, master step, slot step]``."""
        return [[run.count, *run.first, run.master_step, run.slot_step] for run in self._runs]

    @classmethod
    def from_json(cls, runs: object, *, masters: int) -> SlotTable:
        """Return the table of what `to_json` gave.

        Parameters
        ----------
        runs
            The lists; from a catalog, so nothing about them is taken for granted.
        masters
            How many masters there are.

        Raises
        ------
        ValueError
            Where the lists are not runs, or name a master that is not there or a slot before the first.
        """
        if not isinstance(runs, list):
            raise ValueError(f"slots are {runs!r:.80}, not a list of runs")
        return cls(_checked_run(run, masters) for run in runs)


def _checked_run(run: object, masters: int) -> SlotRun:
    """Return one run from JSON, or raise ValueError."""
    if not (isinstance(run, list) and len(run) == 5 and all(type(value) is int for value in run)):
        raise ValueError(f"{run!r:.80} is not [count, master, slot, master step, slot step]")
    count, master, slot, master_step, slot_step = run
    made = SlotRun(count, Slot(master, slot), master_step, slot_step)
    if count < 1 or slot < 0 or slot + (count - 1) * slot_step < 0:
        raise ValueError(f"{run!r:.80} counts no events, or slots below 0")
    low, high = made.masters
    if low < 0 or high >= masters:
        raise ValueError(f"{run!r:.80} names masters {low} to {high}, of which there are {masters}")
    return made
