"""The decoder that is always there: imagecodecs has wheels for every platform."""

from __future__ import annotations

import struct
import threading
from importlib.metadata import version
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ._chunk_format import BlockLayout, Codec, Inconsistent

__all__ = ["ImagecodecsDecoder"]

_BUFFERS = threading.local()


class ImagecodecsDecoder:
    """imagecodecs: first LZ4, then bitshuffle, each over the whole chunk."""

    name = "imagecodecs"

    @property
    def version(self) -> str:
        """Version of the library."""
        return version("imagecodecs")

    def decode(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return the decoded bytes of a chunk; see `Decoder.decode`."""
        import imagecodecs  # takes its time to load, and not every reader decodes

        library = cast("Any", imagecodecs)  # without types
        if out is None:
            out = np.empty(layout.size, np.uint8)
        blocks = out[: layout.decoded]
        target = blocks if codec is Codec.LZ4 else _scratch(layout.decoded)
        try:
            if codec is Codec.BSLZ4 and layout.some_look_raw:
                _decode_one_by_one(library, chunk, layout, target)
            else:
                _decode_all(library, chunk, layout, target)
            if codec is Codec.BSLZ4:
                # Not the array itself: of an array imagecodecs takes the item size, which is 1 here.
                library.bitshuffle_decode(
                    target.data, itemsize=itemsize, blocksize=layout.block // itemsize, out=blocks
                )
        except (RuntimeError, ValueError) as error:
            raise Inconsistent(str(error)) from error
        if layout.tail:
            out[layout.decoded :] = np.frombuffer(chunk, np.uint8)[-layout.tail :]
        return out


def _scratch(size: int) -> NDArray[np.uint8]:
    """Return a buffer that this thread has for itself until it decodes again.

    The first touch of fresh memory takes longer than decoding into it.
    """
    buffer: NDArray[np.uint8] | None = getattr(_BUFFERS, "buffer", None)
    if buffer is None or not size <= buffer.size <= 4 * size:
        buffer = _BUFFERS.buffer = np.empty(size, np.uint8)
    return buffer[:size]


def _decode_all(library: Any, chunk: bytes, layout: BlockLayout, out: NDArray[np.uint8]) -> None:
    """Decode all blocks in one call; one as long as the decoded block is taken for raw bytes."""
    if layout.tail:
        body = memoryview(chunk)[12 : len(chunk) - layout.tail]
        chunk = b"".join((struct.pack(">QI", layout.decoded, layout.block), body))
    decoded = library.lz4h5_decode(chunk, out=out)
    if len(decoded) != layout.decoded:
        raise Inconsistent(f"the blocks decode to {len(decoded)} bytes, not {layout.decoded}")


def _decode_one_by_one(library: Any, chunk: bytes, layout: BlockLayout, out: NDArray[np.uint8]) -> None:
    """Decode block by block, each of them as LZ4: in bitshuffle-LZ4 none is ever raw."""
    view, position = memoryview(chunk), 12
    for number, length in enumerate(layout.lengths):
        start = number * layout.block
        block = out[start : start + layout.block]
        position += 4
        decoded = library.lz4_decode(view[position : position + length], out=block)
        position += length
        if len(decoded) != block.size:
            raise Inconsistent(f"block {number} decodes to {len(decoded)} bytes, not {block.size}")
