"""What in a pair of templates is allowed, and seldom meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._lexical import PathSemantics, is_below
from ._problem import Field, TemplateProblem, quoted
from ._split import join, split

__all__ = ["template_warnings"]

_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - to be warned of, not to be used
_TEMPORARY_ON_WINDOWS = re.compile(r"^[A-Za-z]:\\(?:.*\\)?(?:temp|tmp)(?:\\|$)", re.IGNORECASE)
_HOUR = re.compile("%[HI]")
_MONTH_AFTER_HOUR = re.compile(r"%[HI][^%/\\]*%m")


def template_warnings(
    write: str, read: str, write_root: str | None = None, semantics: PathSemantics = "posix"
) -> Iterator[TemplateProblem]:
    """Yield what should be looked at in a pair of templates that breaks no rule.

    Parameters are those of `template_problems`. A device takes such a pair.
    """
    yield from _no_separator("write", write, semantics)
    yield from _no_separator("read", read, "posix")
    yield from _temporary("write", join(write, write_root, semantics).base, semantics)
    yield from _temporary("read", split(read, "posix").base, "posix")
    yield from _month_or_minute("write", write)
    yield from _month_or_minute("read", read)


def _no_separator(field: Field, text: str, semantics: PathSemantics) -> Iterator[TemplateProblem]:
    separator = "\\" if semantics == "windows" else "/"
    if not text.endswith(separator):
        what = f"{quoted(text)} does not end in {quoted(separator)}"
        next_step = f"write {quoted(text + separator)}: a folder without it never matches the IOC's readback"
        yield TemplateProblem(field, "W301", what, next_step)


def _temporary(field: Field, base: str, semantics: PathSemantics) -> Iterator[TemplateProblem]:
    if semantics == "windows":
        temporary = bool(_TEMPORARY_ON_WINDOWS.search(base))
    else:
        temporary = any(is_below(base, root) for root in _TEMPORARY)
    if temporary:
        what = f"{quoted(base)} is emptied now and then: what is written there is lost"
        yield TemplateProblem(field, "W302", what, "write a folder that is kept")


def _month_or_minute(field: Field, text: str) -> Iterator[TemplateProblem]:
    if "%M" in text and not _HOUR.search(text):
        what = f"'%M' in {quoted(text)} is the minute, and no hour stands beside it"
        next_step = "write '%m' for the month, or '%H' before it"
        yield TemplateProblem(field, "W305", what, f"{next_step}; on both sides")
    elif _MONTH_AFTER_HOUR.search(text):
        what = f"'%m' in {quoted(text)} is the month, and stands where the minute belongs"
        yield TemplateProblem(field, "W305", what, "write '%M' for the minute; on both sides")
