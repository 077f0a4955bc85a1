"""Counts, means and squared deviations, joined so that of large numbers that differ little, little is lost.

Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
Moments are arrays ``(3, ...)``: count, mean, and sum of the squared deviations from it; zeros of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["join", "moments_of_frames", "moments_of_pixels"]

Moments = NDArray[np.float64]


def moments_of_frames(frames: Sequence[NDArray[Any]], origin: NDArray[Any]) -> Moments:
    """Return the moments of each pixel over some frames, less an origin.

    Parameters
    ----------
    frames
        The frames, which should be few: where the first is far from the others, as many digits are lost as
        their number has.
    origin
        What is taken from the pixels of all frames.
    """
    first = frames[0] - origin
    sums, squares = np.zeros_like(first), np.zeros_like(first)
    for frame in frames[1:]:
        deviation = frame - origin
        deviation -= first
        sums += deviation
        np.multiply(deviation, deviation, out=deviation)
        squares += deviation
    mean = sums / len(frames)
    squares -= sums * mean
    return np.stack((np.full_like(first, len(frames)), first + mean, np.maximum(squares, 0)))


def moments_of_pixels(frame: NDArray[Any], axes: tuple[int, ...], good: NDArray[np.bool_] | None) -> Moments:
    """Return the moments along axes of one frame.

    Parameters
    ----------
    frame
        The pixels.
    axes
        Along which.
    good
        Which pixels count; None for all.
    """
    counted = np.ones(frame.shape, bool) if good is None else good
    values = np.where(counted, frame, 0).astype(np.float64)
    count = counted.sum(axis=axes, keepdims=True, dtype=np.float64)
    mean = values.sum(axis=axes, keepdims=True) / np.maximum(count, 1)
    deviations = np.where(counted, values - mean, 0)
    squares = (deviations * deviations).sum(axis=axes, keepdims=True)
    return np.stack([part.squeeze(axis=axes) for part in (count, mean, squares)])


def join(some: Moments, others: Moments, out: Moments) -> None:
    """Write the moments of all values to `out`, which may be one of the two."""
    count = some[0] + others[0]
    share = np.divide(others[0], count, out=np.zeros_like(count), where=count > 0)
    apart = others[1] - some[1]
    squares = some[2] + others[2] + apart * apart * some[0] * share
    out[1] = some[1] + apart * share
    out[0], out[2] = count, squares
