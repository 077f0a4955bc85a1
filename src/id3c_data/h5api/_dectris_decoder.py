"""The detector maker's own decoder, about twice as fast, where it is installed: it needs a compiler."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ._chunk_format import BlockLayout, Codec, Inconsistent

__all__ = ["DectrisDecoder"]

_ALGORITHMS: Final = {Codec.BSLZ4: "bslz4", Codec.LZ4: "lz4"}


class DectrisDecoder:
    """dectris-compression: LZ4 and bitshuffle block by block, so that a block stays in the core's cache.

    Raises
    ------
    ImportError
        It is not installed, or was built for another machine.
    """

    name = "dectris-compression"

    def __init__(self) -> None:
        self._decompress = cast("Any", import_module("dectris.compression")).decompress  # without types

    @property
    def version(self) -> str:
        """Version of the library."""
        return version("dectris-compression")

    def decode(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return the decoded bytes of a chunk; see `Decoder.decode`."""
        try:
            decoded = self._decompress(chunk, _ALGORITHMS[codec], elem_size=itemsize)
        except (RuntimeError, ValueError) as error:
            raise Inconsistent(f"the blocks do not decode to {layout.size} bytes") from error
        data = np.frombuffer(decoded, np.uint8)
        if out is None:
            return data
        out[:] = data
        return out
