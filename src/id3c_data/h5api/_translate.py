"""The one place that turns h5py's errors into ours."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FileIncomplete, Hdf5Error, Id3cDataError, NotHdf5

__all__ = ["H5PY_ERRORS", "hdf5_errors", "opening_error"]

# What HDF5 says when the end of a file is not there yet, or its writer has it open.
_UNFINISHED = ("truncated file", "already open for write", "not already open for SWMR", "file is locked")
_DAMAGED = "copy the file again from where it was written, or leave it out"
_UNFINISHED_NEXT = "wait until its writer has closed it; if the writer died, the file stays as it is"

# h5py raises all of these for what HDF5 reports about a file: among them TypeError for types that NumPy has
# not, and the errors of memory and of numbers for sizes that no file has.
H5PY_ERRORS = (KeyError, MemoryError, OSError, OverflowError, RuntimeError, TypeError, ValueError)


@contextmanager
def hdf5_errors(where: str) -> Generator[None]:
    """Raise `Hdf5Error` for what h5py raises in the block, which holds nothing but calls of h5py.

    Parameters
    ----------
    where
        File and object that the block reads.
    """
    try:
        yield
    except Id3cDataError:
        raise
    except H5PY_ERRORS as error:
        raise Hdf5Error(f"HDF5 cannot read it ({_message(error)})", where, _DAMAGED) from error


def opening_error(path: Path, error: Exception) -> Hdf5Error:
    """Return our error for one that h5py raised when it opened a file."""
    message = _message(error)
    if any(text in message for text in _UNFINISHED):
        return FileIncomplete(f"the file is not complete ({message})", str(path), _UNFINISHED_NEXT)
    if "signature not found" in message:
        return NotHdf5("the file is not HDF5", str(path), "check what wrote it")
    return Hdf5Error(f"HDF5 cannot open it ({message})", str(path), _DAMAGED)


def _message(error: Exception) -> str:
    """Return what HDF5 said, in one line and without h5py's frame around it."""
    text = " ".join(str(error.args[0] if error.args else error).split())
    return re.sub(r"^Unable to (?:synchronously )?\w[\w ]* \((.*)\)$", r"\1", text)
