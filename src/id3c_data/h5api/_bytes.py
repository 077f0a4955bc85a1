"""The bytes that HDF5 has read of a file, remembered, so that it shows whether they still stand there."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, TypeAlias

from ._open import FileIdentity

__all__ = ["Ranges", "RememberedBytes"]

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""First byte and number of bytes, in order and without overlap."""

_LONGEST: Final = 1 << 14
"""More bytes at once are pixels; HDF5 reads its own structures in smaller pieces."""
_MOST: Final = 1 << 20
_NEAR: Final = 1 << 12
"""Ranges that lie so near to each other are read at once."""


class RememberedBytes(io.RawIOBase):
    """The bytes of a descriptor, for HDF5's driver for Python's file objects.

    What HDF5 knows of a file is what it has read of it. As long as these bytes stand in the file, another
    open would find the same, whatever else was written there meanwhile.

    Parameters
    ----------
    descriptor
        The open file.
    ranges
        What HDF5 is likely to read of it. They are read here, one after the other, in so short a time that a
        writer at work hardly ever changes the file meanwhile.

    Attributes
    ----------
    identity
        The state of the file before the first of the bytes were read.
    at_once
        Whether all that HDF5 knows was in the file at one moment, that of `identity`.
    """

    def __init__(self, descriptor: int, ranges: Ranges = ()) -> None:
        self._descriptor, self._position = descriptor, 0
        self._asked: dict[tuple[int, int], None] = {}
        self._single: dict[tuple[int, int], bytes] = {}
        self._forgot = False
        self._remembered = 0
        self.identity = FileIdentity.of(descriptor)
        self._starts = [start for start, _ in ranges]
        self._blocks = [os.pread(descriptor, length, start) for start, length in ranges]
        self.at_once = bool(ranges) and FileIdentity.of(descriptor) == self.identity

    @property
    def ranges(self) -> Ranges:
        """What HDF5 has read, for the next open of the file; nothing if that is too much to remember."""
        return () if self._forgot else tuple(_joined(self._asked))

    def is_unchanged(self) -> bool:
        """Say whether all that HDF5 has read stands in the file at this moment."""
        if self._forgot:
            return False
        known = [*zip(self._starts, self._blocks, strict=True)]
        known += ((start, data) for (start, _), data in self._single.items())
        try:
            identity = FileIdentity.of(self._descriptor)
            if any(os.pread(self._descriptor, len(data), start) != data for start, data in known):
                return False
            self.identity, self.at_once = identity, FileIdentity.of(self._descriptor) == identity
        except OSError:  # as of a file that was removed on its server
            return False
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Fill a buffer; h5py takes no notice of how much was read, so less than all is an error."""
        start, length = self._position, len(buffer)
        self._position += length
        if length > _LONGEST or self._remembered > _MOST:
            self._forgot, self.at_once = True, False
            self._single.clear()
            self._read(start, buffer)
            return length
        at = start, length
        self._asked[at] = None
        block = bisect_right(self._starts, start) - 1
        if block >= 0 and start + length <= self._starts[block] + len(self._blocks[block]):
            first = start - self._starts[block]
            buffer[:] = self._blocks[block][first : first + length]
        elif at in self._single:
            buffer[:] = self._single[at]
        else:
            self._read(start, buffer)
            self.at_once = False
            self._single[at] = bytes(buffer)
            self._remembered += length
        return length

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        self._position = offset if whence == os.SEEK_SET else os.fstat(self._descriptor).st_size + offset
        return self._position

    def tell(self) -> int:
        """Return the place in the file."""
        return self._position

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it has places to go to."""
        return True

    def _read(self, start: int, buffer: memoryview) -> None:
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(self._descriptor, [buffer[done:]], start + done)
            except OverflowError as error:
                raise OSError(f"no file has a byte {start}") from error
            if not count:
                raise OSError(f"the file ends at byte {start + done}, before its data do")
            done += count


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Yield ranges in order, those that lie near to each other as one."""
    first = last = None
    for start, length in sorted(ranges):
        if first is None or last is None:
            first, last = start, start + length
        elif start <= last + _NEAR:
            last = max(last, start + length)
        else:
            yield first, last - first
            first, last = start, start + length
    if first is not None and last is not None:
        yield first, last - first
