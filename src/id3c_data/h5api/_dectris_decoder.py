"""The detector maker's own decoder, about twice as fast, where it is installed: it needs a compiler."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ._chunk_format import BlockLayout, Codec, Inconsistent

__all__ = ["DectrisDecoder"]

_ALGORITHMS: Final = {Codec.BSLZ4: "bslz4", Codec.LZ4: "lz4"}
_NUMBERS: Final = {Codec.BSLZ4: 0, Codec.LZ4: 1}
"""``CompressionAlgorithm`` of the library's header ``compression.h``."""

_Into: TypeAlias = Callable[[int, int, int, bytes, int, int], int]


class DectrisDecoder:
    """dectris-compression: LZ4 and bitshuffle block by block, so that a block stays in the core's cache.

    Raises
    ------
    ImportError
        It is not installed, or was built for another machine.
    """

    name = "dectris-compression"

    def __init__(self) -> None:
        module = import_module("dectris.compression")
        self._decompress = cast("Any", module).decompress  # without types
        self._into = _c_function(module)

    @property
    def version(self) -> str:
        """Version of the library."""
        return version("dectris-compression")

    def decode(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return the decoded bytes of a chunk; see `Decoder.decode`."""
        if self._into is None:
            return self._copied(chunk, layout, codec, itemsize, out)
        if out is None:
            out = np.empty(layout.size, np.uint8)
        size = self._into(_NUMBERS[codec], out.ctypes.data, out.size, chunk, len(chunk), itemsize)
        if size != layout.size:
            raise Inconsistent(f"the blocks do not decode to {layout.size} bytes")
        return out

    def _copied(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return the same by the library's Python function, which makes an object of its own each time."""
        try:
            decoded = self._decompress(chunk, _ALGORITHMS[codec], elem_size=itemsize)
        except (RuntimeError, ValueError) as error:
            raise Inconsistent(f"the blocks do not decode to {layout.size} bytes") from error
        data = np.frombuffer(decoded, np.uint8)
        if out is None:
            return data
        out[:] = data
        return out


def _c_function(module: ModuleType) -> _Into | None:
    """Return the library's function that decodes into a given place, or None where its build hides it.

    It never writes behind the end of that place, as `id3c_data.testing.decoders` tests.
    """
    try:
        function = ctypes.CDLL(module.__file__).compression_decompress_buffer
    except (AttributeError, OSError):
        return None
    function.restype = ctypes.c_size_t
    function.argtypes = (
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
    )
    return function
