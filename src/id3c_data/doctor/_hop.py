"""What a hop of the chain is found to be."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..config import Finding
from ..errors import Id3cDataError
from ._note import Note

__all__ = ["Fault", "HopResult", "Seen", "Skipped", "State", "result_of"]

logger = logging.getLogger(__name__)

State = Literal["ok", "warning", "failed", "not reached"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a hop.

    Parameters
    ----------
    what
        The cause, in words.
    next_step
        The command to run, or the line to change.
    where
        File and line, PV, path or link.
    severity
        A warning breaks nothing yet.
    """

    what: str
    next_step: str
    where: str = ""
    severity: Literal["error", "warning"] = "error"

    @classmethod
    def of_error(cls, error: Id3cDataError) -> Fault:
        """Return what an error says."""
        return cls(error.what, error.next_step, error.where)

    @classmethod
    def of_finding(cls, finding: Finding) -> Fault:
        """Return what a check of the configuration's lines says."""
        problem = finding.as_problem("")
        return cls(problem.what, problem.next_step, problem.location, problem.severity)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a hop is not looked at."""

    why: str


Seen: TypeAlias = Iterator[Note | Finding | Fault | Skipped]
"""What a hop's function yields as it looks."""


@dataclass(frozen=True, slots=True)
class HopResult:
    """What a hop was found to be.

    Parameters
    ----------
    hop
        Its name.
    state
        ``"ok"``, ``"warning"``, ``"failed"``, or ``"not reached"`` where there was nothing to look at.
    seen
        What was seen and measured, in words; why it was not looked at.
    faults
        What is wrong, in the order of finding, errors first.
    values
        What was measured, by name with its unit.
    seconds
        How long it took.
    """

    hop: str
    state: State
    seen: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict[str, "Any"])
    seconds: float = 0.0

    def with_seen(self, more: Iterable[Note | Finding | Fault | Skipped]) -> HopResult:
        """Return the result with what was seen of the same hop later."""
        other = result_of(self.hop, iter(list(more)))
        faults = (*self.faults, *other.faults)
        return HopResult(
            self.hop,
            _state(faults, self.state),
            (*self.seen, *other.seen),
            _errors_first(faults),
            {**self.values, **other.values},
            self.seconds,
        )


def result_of(hop: str, seen: Seen) -> HopResult:
    """Return what a hop is found to be by all that its function yields, or raises."""
    began = time.perf_counter()
    notes: list[Note] = []
    faults: list[Fault] = []
    skipped: list[str] = []
    for item in _without_end(seen):
        if isinstance(item, Note):
            notes.append(item)
        elif isinstance(item, Skipped):
            skipped.append(item.why)
        else:
            faults.append(Fault.of_finding(item) if isinstance(item, Finding) else item)
    values = {name: value for note in notes for name, value in note.values.items()}
    words = tuple(dict.fromkeys([note.seen for note in notes if note.seen] + skipped))
    state = _state(faults, "not reached" if skipped else "ok")
    return HopResult(hop, state, words, _errors_first(faults), values, time.perf_counter() - began)


def _without_end(seen: Seen) -> Iterator[Note | Finding | Fault | Skipped]:
    """Yield what a function yields; an error that ends it is a fault of the hop."""
    try:
        yield from seen
    except Id3cDataError as error:
        yield Fault.of_error(error)
    except TimeoutError as error:
        yield Fault(str(error), "see whether the file server or the network that it needs is up")
    except Exception as error:  # libraries may raise anything where the world is not as they expect
        logger.exception("the doctor met an error that it does not know")
        what = f"the doctor met an error that it does not know: {type(error).__name__}: {error}"
        yield Fault(what, "report it with the file that `id3c-data doctor --bundle report.zip` writes")


def _state(faults: Iterable[Fault], otherwise: State) -> State:
    severities = {fault.severity for fault in faults}
    return "failed" if "error" in severities else "warning" if severities else otherwise


def _errors_first(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.severity))
