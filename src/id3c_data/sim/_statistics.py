"""Basic statistics of a frame, as areaDetector's statistics plugin computes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Statistics", "statistics"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Basic statistics of a frame, as NDPluginStats computes them; masked pixels count like any other."""

    minimum: float
    maximum: float
    min_at: tuple[int, int]
    """Place ``(x, y)`` of the first smallest value."""
    max_at: tuple[int, int]
    total: float
    net: float
    """Total less the background, taken from the frame's border."""
    mean: float
    sigma: float


def statistics(frame: np.ndarray, border: int = 0) -> Statistics:
    """Return the statistics of a frame.

    Parameters
    ----------
    frame
        The pixels.
    border
        Width of the border whose mean is taken for the background; 0: there is none.
    """
    low, high = int(frame.argmin()), int(frame.argmax())
    total = float(frame.sum(dtype=np.float64))
    mean = total / frame.size
    squares = float(np.einsum("ij,ij->", frame, frame, dtype=np.float64))
    width = frame.shape[1]
    return Statistics(
        minimum=float(frame.flat[low]),
        maximum=float(frame.flat[high]),
        min_at=(low % width, low // width),
        max_at=(high % width, high // width),
        total=total,
        net=total - _border_mean(frame, border) * frame.size,
        mean=mean,
        sigma=max(squares / frame.size - mean**2, 0.0) ** 0.5,
    )


def _border_mean(frame: np.ndarray, border: int) -> float:
    """Return the mean of the pixels within a border."""
    height, width = frame.shape
    if border <= 0:
        return 0.0
    if 2 * border >= min(height, width):
        return float(frame.mean(dtype=np.float64))
    inner = frame[border:-border, border:-border]
    rest = float(frame.sum(dtype=np.float64) - inner.sum(dtype=np.float64))
    return rest / (frame.size - inner.size)
