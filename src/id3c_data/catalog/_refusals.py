"""An error of ours on its way over HTTP: in words for every client, in a header for ours."""

from __future__ import annotations

import json
from typing import Any

from .. import errors
from ..errors import (
    BrokenLink,
    FileMissing,
    FileUnreadable,
    FrameNotWritten,
    Hdf5Error,
    Id3cDataError,
    LinkOutsideRoots,
    PathOutsideRoots,
    RetryTimeoutException,
)

__all__ = ["HEADER", "error_from_header", "header_of", "status_of", "value_of"]

HEADER = "x-id3c-data-error"
"""Response header that holds class and arguments of the error as JSON."""

_TOO_EARLY, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE, _BAD_REQUEST = 425, 403, 404, 422, 400
_LONGEST = 4000  # servers and proxies refuse longer headers


def status_of(error: Id3cDataError, *, run_ended: bool) -> int:
    """Return the HTTP status of an error met while reading frames.

    Always one below 500, because Tiled's clients try those again for half a minute: 403 where a path is not
    allowed, 425 where something is not on disk while the run goes on, 404 where it never came, 422 where
    the file is not what it should be.
    """
    if isinstance(error, (FileUnreadable, LinkOutsideRoots, PathOutsideRoots)):
        return _FORBIDDEN
    if isinstance(error, RetryTimeoutException):
        return _TOO_EARLY
    if isinstance(error, (FrameNotWritten, Hdf5Error)) and not run_ended:
        return _TOO_EARLY  # a file that is being written can look broken in every way
    if isinstance(error, (BrokenLink, FileMissing, FrameNotWritten)):
        return _NOT_FOUND
    if isinstance(error, Hdf5Error):
        return _UNPROCESSABLE
    return _BAD_REQUEST


def header_of(error: Id3cDataError) -> dict[str, str]:
    """Return the header that tells our client which error it was; none where it would be too long."""
    value = value_of(error)
    return {HEADER: value} if len(value) <= _LONGEST else {}


def value_of(error: Id3cDataError) -> str:
    """Return what `error_from_header` makes the error of again."""
    args = error.__reduce__()[1]  # what makes it again; an OSError keeps but two of three in its args
    return json.dumps([type(error).__name__, args], default=str)


def error_from_header(value: str | None) -> Id3cDataError | None:
    """Return the error that a header names, or None where it names none of ours."""
    try:
        name, args = json.loads(value or "")
        made: Any = getattr(errors, name)(*args) if name in errors.__all__ else None
    except (ValueError, TypeError):
        return None
    return made if isinstance(made, Id3cDataError) else None
