"""The rules of what a pair of templates may be: one generator, for the device and for every validator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ._lexical import PathSemantics, is_below, looks_like_windows
from ._problem import Field, TemplateProblem, quoted
from ._split import Split, join, split
from ._text_rules import starts_unclearly, text_problems

__all__ = ["FILE_NAME_ROOM", "FILE_PATH_LENGTH", "template_problems"]

FILE_PATH_LENGTH = 255
"""Characters that the IOC's ``FilePath`` keeps; the rest is cut off silently."""

FILE_NAME_ROOM = 64
"""Characters left free for the file's name: path and name together share a buffer of 256 in the driver."""


def template_problems(
    write: str, read: str, write_root: str | None = None, semantics: PathSemantics = "posix"
) -> Iterator[TemplateProblem]:
    """Yield every fault of a pair of templates.

    Parameters
    ----------
    write
        Where the IOC writes, as the IOC sees it; strftime directives are filled in for each run.
    read
        The same folder as readers see it: absolute, POSIX.
    write_root
        The folder that a relative ``write`` starts from; an absolute ``write`` must be below it.
    semantics
        Flavour of ``write`` and ``write_root``.

    Yields
    ------
    TemplateProblem
        One fault each, with its next step. What the two sides are together is looked at only where each is
        right by itself.
    """
    if semantics not in ("posix", "windows"):
        yield TemplateProblem(
            "write", "E303", f"{semantics!r} is no path semantics", 'write "posix" or "windows"'
        )
        return
    sides: list[tuple[Field, object, PathSemantics]] = [("write", write, semantics)]
    if write_root is not None:
        sides.append(("write_root", write_root, semantics))
    sides.append(("read", read, "posix"))
    if swapped := _swapped(write, read, write_root, semantics):
        yield swapped
        return
    found = [problem for side in sides for problem in text_problems(*side)]
    is_text = not any(problem.code in ("E302", "E305") for problem in found if problem.field == "write")
    if is_text and not starts_unclearly(write, semantics):
        found[:0] = _root_problems(write, write_root, semantics)
    yield from found or _pair_problems(write, read, write_root, semantics)


def _swapped(
    write: object, read: object, write_root: object, semantics: PathSemantics
) -> TemplateProblem | None:
    """Return the fault of two templates that have each other's place, where that can be seen."""
    if not (isinstance(write, str) and isinstance(read, str)):
        return None
    if semantics == "windows":
        swapped = write.startswith("/") and looks_like_windows(read)
    else:
        swapped = (
            isinstance(write_root, str) and is_below(read, write_root) and not is_below(write, write_root)
        )
        swapped = swapped and write.startswith("/")
    if not swapped:
        return None
    what = f"write {quoted(write)} and read {quoted(read)} have each other's place"
    return TemplateProblem(
        "both", "E318", what, "swap them: write is what the IOC sees, read what readers see"
    )


def _root_problems(write: str, write_root: str | None, semantics: PathSemantics) -> Iterator[TemplateProblem]:
    side = split(write, semantics)
    if not side.anchor and write_root is None:
        yield TemplateProblem(
            "write",
            "E313",
            f"{quoted(write)} is not absolute, and only the IOC's process knows where it would start from",
            "write the whole path as the IOC sees it, or name its start in write_root",
        )
    elif side.anchor and isinstance(write_root, str) and not is_below(side.base, write_root):
        yield TemplateProblem(
            "write",
            "E314",
            f"{quoted(write)} is not below write_root {quoted(write_root)}",
            "write it relative to write_root, or correct write_root",
        )


def _pair_problems(
    write: str, read: str, write_root: str | None, semantics: PathSemantics
) -> Iterator[TemplateProblem]:
    writing, reading = join(write, write_root, semantics), split(read, "posix")
    yield from _whole_disk("write", writing)
    yield from _whole_disk("read", reading)
    yield from _different(writing, reading)
    yield from _too_long(writing)


def _whole_disk(field: Field, side: Split) -> Iterator[TemplateProblem]:
    if side.base == "/":
        yield TemplateProblem(
            field,
            "E315",
            "everything on the disk is below its fixed part '/'",
            "start with the folder of the detector's data",
        )


def _different(writing: Split, reading: Split) -> Iterator[TemplateProblem]:
    if writing.dynamic != reading.dynamic:
        ends = [quoted("/".join(side.dynamic)) if side.dynamic else "nothing" for side in (writing, reading)]
        yield TemplateProblem(
            "both",
            "E316",
            f"from the first directive on, write goes on with {ends[0]} and read with {ends[1]}",
            "let both end alike, from the first component with a directive to the end: they name one folder",
        )


def _too_long(writing: Split) -> Iterator[TemplateProblem]:
    # Names of months and days differ in length: a week of each month has them all together.
    moments = (datetime(2026, month, day, 20, 20, 20) for month in range(1, 13) for day in range(20, 27))
    longest = max(len(writing.expanded(moment)) for moment in moments)
    most = FILE_PATH_LENGTH - FILE_NAME_ROOM
    if longest > most:
        yield TemplateProblem(
            "write",
            "E317",
            f"expands to {longest} characters; the IOC keeps {FILE_PATH_LENGTH}, and the file's name needs "
            f"{FILE_NAME_ROOM} of them",
            f"shorten it to {most} characters",
        )
