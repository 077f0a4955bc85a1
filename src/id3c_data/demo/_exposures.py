"""What the simulated detector must have made, to compare with what came out of the catalog."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import FramesMissing
from ..sim import FrameModel

__all__ = ["ExposureLog", "compare"]


class ExposureLog:
    """Notes the detector's own number of each event's series, as its event document comes.

    Parameters
    ----------
    detector
        The device; its ``SequenceId`` belongs to the event until the next exposure.
    """

    def __init__(self, detector: Any) -> None:
        self.series: list[int] = []
        self._sequence_id = detector.cam.sequence_id

    def __call__(self, name: str, doc: Any) -> None:
        """Take in a document of the run."""
        del doc
        if name == "event":
            self.series.append(int(self._sequence_id.get()))


def compare(images: Any, series: list[int]) -> int:
    """Compare what came out of the catalog with what the detector made, pixel by pixel.

    Parameters
    ----------
    images
        Of shape (events, height, width) or (events, images, height, width).
    series
        The detector's number of each event's series.

    Returns
    -------
    int
        Number of pixels, all of them equal.

    Raises
    ------
    FramesMissing
        Where an event is missing or one pixel differs.
    """
    if len(images) != len(series):
        raise FramesMissing(f"{len(images)} events came back, {len(series)} were taken", where="the catalog")
    height, width = images.shape[-2:]
    model = FrameModel(height=height, width=width, bit_depth=8 * images.dtype.itemsize)
    for event, number in enumerate(series):
        frames = images[event].read().reshape(-1, height, width)
        for image, frame in enumerate(frames, start=1):
            if wrong := int(np.count_nonzero(frame != model.frame(number, image))):
                raise FramesMissing(
                    f"{wrong} pixels of image {image} of event {event} are not what the detector made",
                    where="the catalog",
                    next_step="please report this: it must never happen",
                )
    return images.size
