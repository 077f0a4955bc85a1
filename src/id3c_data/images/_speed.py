"""How fast frames are decoded here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from ..h5api import WORKERS, Codec, Decoder, decode_chunk, encode_chunk

__all__ = ["decoding_speed"]

_SHAPE: Final = (514, 1030)
_LONG_ENOUGH_S: Final = 0.3


def decoding_speed(decoder: Decoder) -> tuple[float, float]:
    """Return how many frames of 514 x 1030 pixels of 32 bits a decoder makes in a second, at its best.

    The frames are in memory, and hold few counts, as most do: compressed they are a tenth.

    Returns
    -------
    tuple
        With one thread, and with all that this process has.
    """
    pixels = np.random.default_rng(1).poisson(0.4, _SHAPE).astype("<u4")
    chunk = encode_chunk(pixels, Codec.BSLZ4)

    def decode(_: int) -> None:
        decode_chunk(chunk, Codec.BSLZ4, pixels.itemsize, pixels.nbytes, decoder)

    def alone() -> None:
        for n in range(20):
            decode(n)

    def together() -> None:
        for _ in WORKERS.in_order(decode, range(40), pixels.nbytes):
            pass

    return 20 / _shortest(alone), 40 / _shortest(together)


def _shortest(work: Callable[[], None]) -> float:
    """Return how long it takes at least."""
    took: list[float] = []
    while sum(took) < _LONG_ENOUGH_S or not took:
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)
