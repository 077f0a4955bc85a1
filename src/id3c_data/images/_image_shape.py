"""How a dataset of 2, 3 or 4 dimensions is to be seen as frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..errors import Hdf5Error

__all__ = ["MOST_FRAMES", "ImageShape"]

MOST_FRAMES: Final = 10_000_000
"""A file that claims more is not believed."""

_MOST_FRAME_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class ImageShape:
    """How a dataset of images is to be seen.

    Parameters
    ----------
    frames
        Number of frames it has room for.
    frame
        Height and width.
    dtype
        Pixel type, byte order included.
    lead
        Axes before height and width: none, the frames, or frames and channels.
    channel
        Which index on the channel axis, where there is one.
    """

    frames: int
    frame: tuple[int, int]
    dtype: np.dtype[Any]
    lead: int
    channel: int = 0

    @property
    def frame_bytes(self) -> int:
        """Size of a decoded frame."""
        return self.frame[0] * self.frame[1] * self.dtype.itemsize

    @classmethod
    def of(cls, shape: tuple[int, ...], dtype: np.dtype[Any], channel: int, where: str) -> ImageShape:
        """Return how a dataset of 2, 3 or 4 dimensions is to be seen.

        Raises
        ------
        Hdf5Error
            It holds no images, or claims more than there can be.
        """
        height, width = (0, 0, *shape)[-2:]
        if not 2 <= len(shape) <= 4 or dtype.kind not in "uif" or not min(height, width):
            raise Hdf5Error(f"these are no images: {dtype} of shape {shape}", where, "check what wrote it")
        channels = shape[1] if len(shape) == 4 else 1
        if channel >= channels:
            raise Hdf5Error(
                f"channel number {channel + 1} asked for, {channels} there", where, "ask for another channel"
            )
        frames = shape[0] if len(shape) > 2 else 1
        image = cls(frames, (height, width), dtype, len(shape) - 2, channel)
        if image.frame_bytes > _MOST_FRAME_BYTES or frames > MOST_FRAMES:
            raise Hdf5Error(f"a size beyond reason: {dtype} of shape {shape}", where, "check what wrote it")
        return image

    def place(self, n: int) -> tuple[int, ...]:
        """Return the index of frame ``n`` in the dataset."""
        return (n, self.channel)[: self.lead]
