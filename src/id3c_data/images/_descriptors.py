"""Raw bytes of many files through few descriptors."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from ..errors import Hdf5Error
from ..h5api import FileIdentity, Inconsistent, OpenFile, open_descriptor, written_in_swmr_mode

__all__ = ["DESCRIPTORS", "DescriptorPool", "FileReference"]

T = TypeVar("T")
ANY_DEVICE: Final = -1
"""Number of a device in a reference that came from another process."""


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file that was looked at, so that later reads can tell whether it is still the same.

    Parameters
    ----------
    path
        The path as it was asked for.
    real_path
        Where it really is; this is opened again.
    identity
        Its state when it was looked at.
    growing
        Whether it may grow meanwhile.
    """

    path: Path
    real_path: Path
    identity: FileIdentity
    growing: bool

    @classmethod
    def of(cls, file: OpenFile, *, live: bool = False) -> FileReference:
        """Return the reference to an open file.

        Parameters
        ----------
        file
            The file.
        live
            Its run is open, so it may grow; otherwise only a file may that a SWMR writer has open.
        """
        growing = live or file.swmr or written_in_swmr_mode(file.real_path)
        return cls(file.path, file.real_path, file.identity, growing)

    @property
    def key(self) -> tuple[Path, int, int]:
        """What tells the file from all others."""
        return self.real_path, self.identity.device, self.identity.inode

    def __reduce__(self) -> Any:
        """Leave out the number of the device, which is another on each machine that has mounted it."""
        everywhere = self.identity._replace(device=ANY_DEVICE)
        return FileReference, (self.path, self.real_path, everywhere, self.growing)

    def check(self, now: FileIdentity) -> None:
        """Raise where the file is not what it was."""
        if now == self.identity:
            return
        if self.identity.device == ANY_DEVICE:
            now = now._replace(device=ANY_DEVICE)
        same = (self.identity.device, self.identity.inode) == (now.device, now.inode)
        if not same or not (self.identity == now or (self.growing and now.size >= self.identity.size)):
            raise Hdf5Error(
                "the file was changed or replaced after it was opened", str(self.path), "open it again"
            )


class _Descriptor:
    """A descriptor that closes itself when its last user has let it go."""

    __slots__ = ("__weakref__", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        weakref.finalize(self, os.close, number)


class DescriptorPool:
    """Reads bytes of files, and keeps some of them open; thread-safe.

    A run of ten thousand points has twenty thousand files, and a process may have about a thousand open.

    Parameters
    ----------
    limit
        Files to keep open at most, but for those being read at this moment.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._lock = limit, threading.Lock()
        self._open: OrderedDict[tuple[Path, int, int], _Descriptor] = OrderedDict()

    def read(self, file: FileReference, size: int, offset: int) -> bytes:
        """Return bytes of a file.

        Raises
        ------
        Inconsistent
            The file ends before.
        Hdf5Error
            The file is not what it was when it was looked at, or cannot be read.
        """
        data = self._read(file, size, offset, lambda number: os.pread(number, size, offset))
        _check_whole(file, len(data), size)
        return data

    def read_into(self, file: FileReference, out: memoryview, offset: int) -> None:
        """Read bytes of a file into memory of the caller's; raises what `read` does."""
        count = self._read(file, out.nbytes, offset, lambda number: os.preadv(number, [out], offset))
        _check_whole(file, count, out.nbytes)

    def forget(self, files: Iterable[FileReference]) -> None:
        """Close files, or have them closed when the reads that are going on have ended."""
        with self._lock:
            for file in files:
                self._open.pop(file.key, None)

    def _read(self, file: FileReference, size: int, offset: int, read: Callable[[int], T]) -> T:
        """Return what is read of a descriptor, if the file reaches so far and is what it was."""
        descriptor = self._borrow(file)
        try:
            there = FileIdentity.of(descriptor.number).size if file.growing else file.identity.size
            if offset + size > there:  # so that no forged size reserves memory
                raise Inconsistent(f"the file ends {offset + size - there} bytes before the chunk does")
            result = read(descriptor.number)
            after = FileIdentity.of(descriptor.number)
        except OSError as error:
            raise Hdf5Error(f"reading failed ({error})", str(file.path), "see the file system") from error
        file.check(after)
        return result

    def _borrow(self, file: FileReference) -> _Descriptor:
        with self._lock:
            descriptor = self._open.get(file.key)
            if descriptor is not None:
                self._open.move_to_end(file.key)
                return descriptor
        number, _ = open_descriptor(file.real_path)
        descriptor = _Descriptor(number)
        file.check(FileIdentity.of(number))
        with self._lock:
            self._open[file.key] = descriptor
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
        return descriptor


def _check_whole(file: FileReference, count: int, size: int) -> None:
    if count != size:
        raise Hdf5Error("reading came to an end before the file did", str(file.path), "read again")


DESCRIPTORS: Final = DescriptorPool(limit=128)
"""The pool that all stacks of this process share."""
