"""Which decoder this process uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from ..errors import Id3cDataError, MissingExtra
from ._chunk_format import Codec, Inconsistent
from ._decoder import Decoder, decode_chunk
from ._dectris_decoder import DectrisDecoder
from ._imagecodecs_decoder import ImagecodecsDecoder

__all__ = ["DECODER_VARIABLE", "decoder_in_use", "decoders_here"]

DECODER_VARIABLE: Final = "ID3C_DATA_DECODER"
"""Environment variable with the name of the decoder to use, where it should not be the fastest."""

_KNOWN: Final[dict[str, Callable[[], Decoder]]] = {
    "dectris-compression": DectrisDecoder,
    "imagecodecs": ImagecodecsDecoder,
}
"""From the fastest on."""

_PIXELS: Final = b"".join((3 * n).to_bytes(2, "little") for n in range(64))
_CHUNK: Final = bytes.fromhex(
    "0000000000000080000000800000003b13aa01001366010013b401002238c7020040c0073ff80400f20000f83f00ff07c0ff0000"
    "c0ffff0700010032f8ffff09000f020022500000000000"
)
"""These pixels, as bitshuffle-LZ4."""


@cache
def decoder_in_use() -> Decoder:
    """Return the decoder of this process: the fastest that is installed and works, or the one asked for.

    Raises
    ------
    MissingExtra
        The one asked for in ``ID3C_DATA_DECODER`` is not installed.
    Id3cDataError
        It does not work, or there is none of that name.
    """
    wanted = os.environ.get(DECODER_VARIABLE)
    if not wanted:
        return next(_decoders())
    if wanted not in _KNOWN:
        known = " or ".join(_KNOWN)
        raise Id3cDataError(f"there is no decoder {wanted!r}", DECODER_VARIABLE, f"it is {known}, or not set")
    found = _working(wanted)
    if found is None:
        raise MissingExtra(wanted, "fast")
    return found


def decoders_here() -> list[Decoder]:
    """Return the decoders that are installed and work, the fastest first."""
    return list(_decoders())


def _decoders() -> Iterator[Decoder]:
    """Yield them one by one: to load those that are not used takes its time."""
    return (decoder for decoder in map(_working, _KNOWN) if decoder is not None)


def _working(name: str) -> Decoder | None:
    """Return a decoder, or None where it cannot be loaded, or gives wrong pixels."""
    try:
        decoder = _KNOWN[name]()
        decoded = decode_chunk(_CHUNK, Codec.BSLZ4, 2, len(_PIXELS), decoder)
    except (ImportError, Inconsistent):
        return None
    return decoder if decoded.tobytes() == _PIXELS else None
