"""A frame as a scientist looks at it: logarithmic scale, masked pixels left white, a colour bar."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import MissingExtra

__all__ = ["save_picture"]


def save_picture(frame: np.ndarray, file: Path, title: str) -> None:
    """Write a frame as a picture.

    Parameters
    ----------
    frame
        Counts, of shape (height, width); the largest value of the type marks gaps and dead pixels.
    file
        Where to write it; its ending says the format.
    title
        Stands above.

    Raises
    ------
    MissingExtra
        Where matplotlib is not installed.
    """
    try:
        from matplotlib.colors import LogNorm
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", "demo") from error
    counts = np.ma.masked_equal(frame, np.iinfo(frame.dtype).max)
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    axes = figure.add_subplot()
    # Zero has no logarithm: pixels without a count get the colour of one count.
    image = axes.imshow(
        np.ma.maximum(counts, 1), norm=LogNorm(1, max(int(counts.max()), 10)), interpolation="none"
    )
    axes.set(title=title, xlabel="x (pixel)", ylabel="y (pixel)")
    figure.colorbar(image, ax=axes, label="counts", shrink=0.85)
    figure.savefig(file, dpi=120)
