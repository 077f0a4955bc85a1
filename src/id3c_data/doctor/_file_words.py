"""What hops say of many files: measures in one line, the first faults by name, each with what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ..errors import FileIncomplete, FileMissing, FileUnreadable, Id3cDataError
from ._case import Case
from ._hop import Fault
from ._note import Note
from ._raw_look import RawLook

__all__ = [
    "as_time_allows",
    "came_late",
    "file_fault",
    "first_faults",
    "or_shorten",
    "raw_notes",
    "size_words",
    "spread",
]

T = TypeVar("T")

_NAMED = 3  # of the files or links that fail
_TO_SAY_A_RATE_S = 0.01
_LOOKING_S = 60.0  # at many files; more are for `id3c-data verify`


def spread(count: int) -> list[int]:
    """Return all numbers below a count, so ordered that any beginning is spread over the whole."""
    numbers = [0, count - 1] if count > 1 else [0][:count]
    step = count // 2
    while step:
        numbers += range(step, count - 1, 2 * step)
        step //= 2
    return list(dict.fromkeys([*numbers, *range(count)]))


def as_time_allows(items: Sequence[T]) -> Iterator[T]:
    """Yield items, the first and the last of them first, until there is no time left."""
    deadline = time.monotonic() + _LOOKING_S
    for number in spread(len(items)):
        yield items[number]
        if time.monotonic() > deadline:
            return


def raw_notes(raw: Sequence[RawLook], count: int, what: str) -> Iterator[Note]:
    """Yield how many files are whole, how large they are, and how fast their bytes came."""
    if not raw:
        return
    size, read = sum(look.size for look in raw), sum(look.read for look in raw)
    seconds = sum(look.seconds for look in raw)
    name = what.replace(" ", "_")
    values: dict[str, float] = {f"{name}s": count, f"{name}_bytes": size, f"{name}_bytes_read": read}
    values[f"{name}_read_s"] = round(seconds, 4)
    words = raw[0].path.name if count == 1 else f"{len(raw)} of {count} {what}s are whole"
    rate = (
        f"at {size_words(read / seconds)}/s" if seconds > _TO_SAY_A_RATE_S else f"in {1e3 * seconds:.1f} ms"
    )
    yield Note(what, f"{words}, {size_words(size)}, read {rate}", values)


def size_words(count: float) -> str:
    """Return a number of bytes in words."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} bytes"


def first_faults(faults: Sequence[Fault], count: int, what: str) -> Iterator[Fault]:
    """Yield the first faults, errors before warnings, and how many there are more."""
    ordered = sorted(faults, key=lambda fault: (fault.severity, fault.where))
    yield from ordered[:_NAMED]
    if more := ordered[_NAMED:]:
        words = f"and {len(more)} more of {count} {what}, to {more[-1].where}"
        next_step = "see to those above first; `id3c-data tree MASTER` lists all of a master"
        yield Fault(words, next_step, more[0].where, more[0].severity)


def came_late(case: Case) -> Fault:
    """Return that files came, but later than the device waits for them."""
    site = case.site
    assert site is not None  # noqa: S101 - a frame was taken with it
    what = f"{case.came_late} came to this host later than the device waits for it"
    next_step = f"give the device a longer `file_timeout` (its default is 30 s) at {site.entry.location}"
    return Fault(what, next_step, case.came_late or "")


def or_shorten(case: Case) -> str:
    """Return what to do where a run's last frames were never written; empty where it is in no catalog."""
    run = case.run
    if run is None or run.exit_status is None:
        return ""
    return f"; `id3c-data verify {run.uid} --repair` shortens the run in the catalog to what was written"


def file_fault(error: Exception, path: Path, kind: str, *, needed: bool = True) -> Fault:
    """Return what is wrong with a file, and what to do about it."""
    folder = path.parent
    if isinstance(error, TimeoutError):
        what = f"the {kind} does not answer: {error}; its file server is gone, or another process holds it"
        next_step = (
            f"`findmnt -T {folder}` names the server, see whether it is up; `lsof {path}` names who holds it"
        )
        return Fault(what, next_step, str(path))
    assert isinstance(error, Id3cDataError)  # noqa: S101 - nothing else is caught
    if isinstance(error, FileMissing):
        next_step = f"`ls -l {folder}` lists what came; see on the IOC's machine whether it was written"
    elif isinstance(error, FileUnreadable):
        next_step = f"`ls -l {path}` shows who may; let its owner run `chmod a+r {path}`"
    elif isinstance(error, FileIncomplete):
        next_step = (
            "wait if it is still being written; if not, copy it again from the IOC's machine, and see "
            f"whether the disk is full: `df -h {folder}`"
        )
    else:
        next_step = error.next_step or "copy it again from where it was written"
    return Fault(error.what, next_step, str(path), "error" if needed else "warning")
