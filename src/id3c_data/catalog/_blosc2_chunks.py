"""Frames of the detector as Blosc2 chunks, without compressing them again.

Bitshuffle-LZ4 (HDF5 filter 32008) and Blosc2, with its filter "bitshuffle" and its codec "LZ4", make the
same bytes of a block of pixels, which each puts behind the length of the block. What differs is around them:
Blosc2 has another header, then a table of where each block begins, and its lengths are little-endian. The
last pixels, modulo 8, stand raw behind the last block in HDF5, and inside of it in Blosc2.

The layout of a chunk: https://github.com/Blosc/c-blosc2/blob/main/README_CHUNK_FORMAT.rst
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ..h5api import Codec, encode_chunk, read_blocks
from ..images import CompressedFrame

__all__ = ["blosc2_chunk"]

_HDF5_HEADER: Final = 12  # size of the decoded chunk and of a block
_HEADER: Final = 32
_BLOCK: Final = 8192  # as the detector has it
_SIZES: Final = slice(4, 16)  # decoded chunk, block, and the chunk as it is
_LARGEST_ITEM: Final = 8  # bytes of a pixel that is one number
_LENGTH: Final = np.arange(4)

_decoded = threading.local()


def blosc2_chunk(frame: CompressedFrame) -> NDArray[np.uint8]:
    """Return a frame as a Blosc2 chunk: the detector's own bytes, or compressed again where they cannot be.

    It is decoded anyway, to memory that is used again: nobody gets bytes that are damaged.

    Raises
    ------
    DamagedChunk
        What stands in the frame contradicts itself.
    """
    pixels = frame.pixels(out=_scratch(frame))
    if _is_one_chunk(frame) and (header := _header(pixels.itemsize)) is not None:
        recoded = _recoded(frame.chunks[0], pixels.nbytes, pixels.itemsize, header)
        if recoded is not None:
            return recoded
    return _compressed(pixels)


def _is_one_chunk(frame: CompressedFrame) -> bool:
    """Whether a frame is a chunk of its own, as the detector compresses it."""
    alone = frame.tile == frame.shape and frame.layers == 1
    real = frame.dtype.itemsize <= _LARGEST_ITEM
    return alone and real and frame.codec is Codec.BSLZ4 and frame.skipped == (False,)


def _scratch(frame: CompressedFrame) -> NDArray[Any]:
    """Return memory of this thread for the pixels of a frame; new memory would take longer than decoding."""
    pixels = getattr(_decoded, "pixels", None)
    if pixels is None or pixels.shape != frame.shape or pixels.dtype != frame.dtype:
        _decoded.pixels = pixels = np.empty(frame.shape, frame.dtype)
    return pixels


@cache
def _header(itemsize: int) -> NDArray[np.uint8] | None:
    """Return the header of a Blosc2 chunk as the library writes it; None where it does not decode ours."""
    pixels = (np.arange(5 * _BLOCK // itemsize // 2 + 3) % 97).astype(f"u{itemsize}")
    header = _compressed(pixels)[:_HEADER]
    known = _recoded(encode_chunk(pixels, Codec.BSLZ4, _BLOCK), pixels.nbytes, itemsize, header)
    return header if known is not None and _decodes_to(known, pixels) else None


def _compressed(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels as a Blosc2 chunk, compressed as the detector does it."""
    import blosc2

    options: dict[str, Any] = {"codec": blosc2.Codec.LZ4, "splitmode": blosc2.SplitMode.NEVER_SPLIT}
    options |= {"filters": [blosc2.Filter.BITSHUFFLE], "filters_meta": [0]}
    options |= {"typesize": pixels.itemsize, "blocksize": _BLOCK}
    return np.frombuffer(cast("bytes", blosc2.compress2(pixels, **options)), np.uint8)


def _decodes_to(chunk: NDArray[np.uint8], pixels: NDArray[Any]) -> bool:
    import blosc2

    try:
        return blosc2.decompress(chunk) == pixels.tobytes()
    except RuntimeError:  # it cannot be decoded
        return False


def _recoded(chunk: bytes, size: int, itemsize: int, header: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the blocks of a chunk with all that Blosc2 has around them; None where it would misread them."""
    layout = read_blocks(chunk, size, itemsize, Codec.BSLZ4)
    blocks = len(layout.lengths)
    if not blocks or size < layout.block or blocks != -(-size // layout.block):
        return None  # no block; one larger than the chunk; a raw tail that is a block of its own there
    if max(layout.lengths[:-1], default=0) >= layout.block or layout.lengths[-1] >= layout.last_block:
        return None  # Blosc2 takes a block that has its full length for a raw one
    body = np.frombuffer(chunk, np.uint8)[_HDF5_HEADER : len(chunk) - layout.tail]
    lengths = np.array(layout.lengths, "<i4")
    if layout.tail:
        last = _with_tail(body[-lengths[-1] :], chunk[-layout.tail :], layout.last_block)
        body, lengths[-1] = body[: -lengths[-1]], len(last)
    else:
        last = b""
    begins = np.cumsum(lengths + 4) - lengths - 4 + _HEADER + 4 * blocks
    out = np.empty(begins[-1] + 4 + lengths[-1], np.uint8)
    out[:_HEADER] = header
    out[_SIZES].view("<i4")[:] = size, layout.block, len(out)
    out[_HEADER : begins[0]].view("<i4")[:] = begins
    out[begins[0] : begins[0] + len(body)] = body
    out[len(out) - len(last) :] = np.frombuffer(last, np.uint8)
    out[begins[:, None] + _LENGTH] = lengths.view(np.uint8).reshape(blocks, 4)
    return out


def _with_tail(block: NDArray[np.uint8], tail: bytes, size: int) -> bytes:
    """Return the last block with the raw tail inside of it."""
    import imagecodecs

    library = cast("Any", imagecodecs)  # without types
    plain = bytes(library.lz4_decode(block.tobytes(), out=size)) + tail
    packed = bytes(library.lz4_encode(plain))
    return packed if len(packed) < len(plain) else plain  # raw, as Blosc2 tells from its length
