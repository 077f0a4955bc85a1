"""The first bytes of an HDF5 file, which say how long it is.

Bytes and nothing else, because those who ask may not open HDF5: the control side opens none, and the doctor
looks at a file before HDF5 does.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["HDF5_HEAD_SIZE", "HDF5_SIGNATURE", "promised_size"]

HDF5_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
"""How every HDF5 file begins (HDF5 file format specification, II.A)."""

HDF5_HEAD_SIZE: Final = 52
"""Bytes that `promised_size` wants."""

_OFFSET_SIZE: Final = 8  # bytes of an address in every file that the DCU or ADCore writes


def promised_size(head: bytes) -> int | None:
    """Return the end-of-file address in an HDF5 superblock (HDF5 file format specification, II.A).

    HDF5 itself refuses a file that is shorter.

    Parameters
    ----------
    head
        The first `HDF5_HEAD_SIZE` bytes of the file.

    Returns
    -------
    int or None
        Bytes; None where this is no superblock of the kinds that detectors write.
    """
    if len(head) < HDF5_HEAD_SIZE or not head.startswith(HDF5_SIGNATURE):
        return None
    version = head[8]
    size_of_offsets, start = (head[13], 24) if version < 2 else (head[9], 12)
    if size_of_offsets != _OFFSET_SIZE:
        return None
    start += 4 if version == 1 else 0
    _base, _other, end = struct.unpack_from("<QQQ", head, start)
    return int(end)
