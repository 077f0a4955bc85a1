"""The tree of errors.

Every error of this package says three things: what is wrong, where, and what to do next. Each class is
also the built-in that users already catch.

::

    Id3cDataError
    ├── ConfigError (ValueError)            a configuration file is wrong
    │   └── TemplateError                   a path template is wrong
    ├── PathOutsideRoots (ValueError)       a path is not below the roots it must be below
    ├── DeviceError (RuntimeError)          the detector cannot do what was asked
    │   ├── DetectorFault                   the detector or its IOC reports an error
    │   ├── DetectorTimeout (TimeoutError)  the IOC did not answer or finish in time
    │   ├── FileNameTaken (FileExistsError) files of that name exist; they are never overwritten
    │   └── FramesMissing                   fewer frames or files came than were asked for
    ├── Hdf5Error (OSError)                 a file cannot be read as what it should be
    │   ├── FileMissing (FileNotFoundError) the file is not there
    │   ├── FileUnreadable (PermissionError)  the file may not be read
    │   ├── FileIncomplete                  the file is being written, or its writer died
    │   ├── FileReplaced                    another file took its place while it was iterated over
    │   ├── NotHdf5                         the file is something else
    │   ├── BrokenLink (KeyError)           a link leads nowhere
    │   │   └── NotInFile                   the file itself has nothing of that name
    │   ├── LinkOutsideRoots (PermissionError)  a link leads out of the allowed folders
    │   ├── DamagedChunk                    a chunk of image data is inconsistent
    │   └── LayoutUnknown                   the file has no layout that holds Eiger frames
    ├── RetryTimeoutException (TimeoutError)  what a reader waits for did not come in time
    ├── FileClosed (ValueError)             a file object was closed, perhaps while a reader waited
    ├── FrameNotWritten (IndexError)        the frame belongs to the run but is not on disk
    ├── DocumentError (ValueError)          a document stream does not hold together
    ├── CatalogError (RuntimeError)         the catalog cannot do what was asked
    │   ├── CatalogFault                    the catalog's server failed
    │   ├── CatalogUnreachable (ConnectionError)  no answer from the catalog's server
    │   └── NotInCatalog (KeyError, IndexError)  the catalog has no such run, stream or data key
    │       └── NotInRun (AttributeError)   a run has no such stream, or a stream no such data key
    └── MissingExtra (ImportError)          an optional part is not installed
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

__all__ = [
    "BrokenLink",
    "CatalogError",
    "CatalogFault",
    "CatalogUnreachable",
    "ConfigError",
    "DamagedChunk",
    "DetectorFault",
    "DetectorTimeout",
    "DeviceError",
    "DocumentError",
    "FileClosed",
    "FileIncomplete",
    "FileMissing",
    "FileNameTaken",
    "FileReplaced",
    "FileUnreadable",
    "FrameNotWritten",
    "FramesMissing",
    "Hdf5Error",
    "Id3cDataError",
    "LayoutUnknown",
    "LinkOutsideRoots",
    "MissingExtra",
    "NotHdf5",
    "NotInCatalog",
    "NotInFile",
    "NotInRun",
    "PathOutsideRoots",
    "RetryTimeoutError",
    "RetryTimeoutException",
    "TemplateError",
]


class Id3cDataError(Exception):
    """Root of all errors that this package raises.

    Parameters
    ----------
    what
        What is wrong, in words.
    where
        File and line, PV, link or path.
    next_step
        What to do about it.
    """

    def __new__(cls, *_: object, **__: object) -> Self:  # noqa: D102 (is no more than what follows says)
        # Python would take RuntimeError's for those that are one of these too, which refuses to make them.
        makers = (base for base in (OSError, AttributeError) if issubclass(cls, base))
        return next(makers, Exception).__new__(cls)

    def __init__(self, what: str, where: str = "", next_step: str = "") -> None:
        # Past OSError, which takes three arguments for errno, text and file: args stay whole, so it pickles.
        Exception.__init__(self, what, where, next_step)
        self.what, self.where, self.next_step = what, where, next_step

    def __str__(self) -> str:
        message = f"{self.where}: {self.what}" if self.where else self.what
        return f"{message}; {self.next_step}" if self.next_step else message


class ConfigError(Id3cDataError, ValueError):
    """A configuration file is wrong.

    Parameters
    ----------
    what, where, next_step
        See `Id3cDataError`.
    code
        The code of the rule that is broken, as in the check of ``devices.yml``; empty where there is none.
    """

    def __init__(self, what: str, where: str = "", next_step: str = "", code: str = "") -> None:
        Exception.__init__(self, what, where, next_step, code)
        self.what, self.where, self.next_step, self.code = what, where, next_step, code

    def __str__(self) -> str:
        message = ": ".join(part for part in (self.where, self.code, self.what) if part)
        return f"{message}; {self.next_step}" if self.next_step else message


class TemplateError(ConfigError):
    """A path template is wrong."""


class PathOutsideRoots(Id3cDataError, ValueError):
    """A path is not below the roots it must be below."""


class DeviceError(Id3cDataError, RuntimeError):
    """The detector cannot do what was asked."""


class DetectorFault(DeviceError):
    """The detector or its IOC reports an error."""


class DetectorTimeout(DeviceError, TimeoutError):
    """The IOC did not answer, or did not finish, in time."""


class FileNameTaken(DeviceError, FileExistsError):
    """Files of that name exist already; the detector would overwrite them."""


class FramesMissing(DeviceError):
    """Fewer frames or files came than were asked for."""


class Hdf5Error(Id3cDataError, OSError):
    """A file cannot be read as what it should be."""


class FileMissing(Hdf5Error, FileNotFoundError):
    """The file is not there, or not yet."""


class FileUnreadable(Hdf5Error, PermissionError):
    """The file is there, and this process may not read it."""


class FileIncomplete(Hdf5Error):
    """The file is still being written, or its writer died before the end."""


class FileReplaced(Hdf5Error):
    """Another file, or other content, took the place of one while it was iterated over."""


class NotHdf5(Hdf5Error):
    """The file is something else than HDF5."""


class BrokenLink(Hdf5Error, KeyError):
    """A link leads nowhere."""


class NotInFile(BrokenLink):
    """The file itself, and not one that a link leads to, has nothing of that name."""


class LinkOutsideRoots(Hdf5Error, PermissionError):
    """A link leads out of the allowed folders."""


class DamagedChunk(Hdf5Error):
    """A chunk of image data is inconsistent."""


class LayoutUnknown(Hdf5Error):
    """The file has no layout that holds Eiger frames."""


class RetryTimeoutException(Id3cDataError, TimeoutError):
    """What a reader waits for did not come in time; it never means that the data have ended."""


RetryTimeoutError = RetryTimeoutException


class FileClosed(Id3cDataError, ValueError):
    """A file object was closed, perhaps while a reader waited."""


class FrameNotWritten(Id3cDataError, IndexError):
    """The frame belongs to the run but is not on disk."""

    def __init__(self, frame: int, written: int, master: Path, reason: str = "") -> None:
        Exception.__init__(self, frame, written, master, reason)
        self.frame, self.written, self.master, self.reason = frame, written, Path(master), reason
        there = {0: "", 1: ", the first is"}.get(written, f", the first {written} are")
        self.what = f"frame {frame} is not there{there}" + (f" ({reason})" if reason else "")
        self.where = str(master)
        # Who raises this knows how the run ended at most in words of the reason.
        look = (
            f"see whether a file was moved, deleted or cut short (id3c-data doctor {self.master}), "
            "or the run was stopped (its stop document)"
        )
        self.next_step = f"read {_first_frames(written)}, or {look}" if written else look


def _first_frames(count: int) -> str:
    return "frame 0" if count == 1 else f"frames 0 to {count - 1}"


class DocumentError(Id3cDataError, ValueError):
    """A document stream does not hold together."""


class CatalogError(Id3cDataError, RuntimeError):
    """The catalog cannot do what was asked."""


class CatalogFault(CatalogError):
    """The catalog's server failed, which may pass: its disk is full, or its database locked."""


class CatalogUnreachable(CatalogError, ConnectionError):
    """No answer from the catalog's server."""


class NotInCatalog(CatalogError, KeyError, IndexError):
    """The catalog has no such run, stream or data key."""


class NotInRun(NotInCatalog, AttributeError):
    """A run has no such stream, or a stream no such data key: by name, or as an attribute."""


class MissingExtra(Id3cDataError, ImportError):
    """An optional part of this package is not installed.

    Parameters
    ----------
    module
        The module that could not be imported.
    extra
        The extra of ``id3c-data`` that brings it.
    """

    def __init__(self, module: str, extra: str) -> None:
        Exception.__init__(self, module, extra)
        self.module, self.extra = module, extra
        self.what, self.where = f"{module} is not installed", ""
        self.next_step = f'pip install "id3c-data[{extra}]"'
