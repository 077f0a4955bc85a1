"""Pixels in, a chunk out, as the filters of HDF5 write it: for measuring and testing decoders."""

from __future__ import annotations

import struct
from typing import Any, cast

from numpy.typing import NDArray

from ._chunk_format import Codec

__all__ = ["encode_chunk"]


def encode_chunk(pixels: NDArray[Any], codec: Codec, block: int = 8192) -> bytes:
    """Return pixels as a chunk.

    Parameters
    ----------
    pixels
        The pixels.
    codec
        LZ4 or BSLZ4.
    block
        Bytes of a block; of BSLZ4 a multiple of 8 pixels.
    """
    import imagecodecs

    library = cast("Any", imagecodecs)  # without types
    data, itemsize = pixels.tobytes(), pixels.itemsize
    tail = len(data) // itemsize % 8 * itemsize if codec is Codec.BSLZ4 else 0
    end = len(data) - tail
    parts = [struct.pack(">QI", len(data), block)]
    for start in range(0, end, block):
        plain = data[start : min(start + block, end)]
        if codec is Codec.BSLZ4:
            plain = library.bitshuffle_encode(plain, itemsize=itemsize, blocksize=len(plain) // itemsize)
        packed = bytes(library.lz4_encode(plain))
        if codec is Codec.LZ4 and len(packed) >= len(plain):
            packed = bytes(plain)  # the filter stores it raw
        parts += [struct.pack(">I", len(packed)), packed]
    return b"".join((*parts, data[end:]))
