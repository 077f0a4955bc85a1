"""The plugins that write no files: statistics, region of interest, and the image as a waveform."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from id3c_data.sim._ndarray import NDArray
from id3c_data.sim._plugin import Plugin
from id3c_data.sim._statistics import Statistics, statistics

__all__ = ["ImagePlugin", "RoiPlugin", "StatsPlugin"]


class StatsPlugin(Plugin):
    """``Stats1:``, basic statistics of each frame."""

    def process(self, array: NDArray) -> None:
        """Compute, and show the numbers after the frame's id as ADCore does."""
        found = None
        if self.get("ComputeStatistics_RBV"):
            found = statistics(array.data, self.get("BgdWidth_RBV"))
        self.show(array)
        if found is not None:
            self._show_statistics(found)
        self.pass_on(array)

    def _show_statistics(self, found: Statistics) -> None:
        self.set("MinValue_RBV", found.minimum)
        self.set("MinX_RBV", found.min_at[0])
        self.set("MinY_RBV", found.min_at[1])
        self.set("MaxValue_RBV", found.maximum)
        self.set("MaxX_RBV", found.max_at[0])
        self.set("MaxY_RBV", found.max_at[1])
        self.set("MeanValue_RBV", found.mean)
        self.set("Sigma_RBV", found.sigma)
        self.set("Total_RBV", found.total)
        self.set("Net_RBV", found.net)


class RoiPlugin(Plugin):
    """``ROI1:``, a part of each frame; it does not bin, scale or reverse."""

    def process(self, array: NDArray) -> None:
        """Cut out the region and hand it on."""
        rows = self._range("Y", array.data.shape[0])
        columns = self._range("X", array.data.shape[1])
        cut = replace(array, data=array.data[rows, columns])
        self.show(cut)
        self.pass_on(cut)

    def _range(self, axis: str, length: int) -> slice:
        """Return the pixels of the region along one axis."""
        if not self.get(f"Enable{axis}_RBV"):
            return slice(0, length)
        start = min(max(self.get(f"Min{axis}_RBV"), 0), length - 1)
        size = length if self.get(f"AutoSize{axis}_RBV") else self.get(f"Size{axis}_RBV")
        return slice(start, min(start + max(size, 1), length))


class ImagePlugin(Plugin):
    """``image1:``, the frame as a waveform of long."""

    def process(self, array: NDArray) -> None:
        """Show the pixels."""
        self._records["image1:ArrayData"] = array.data.ravel().astype(np.int32, casting="unsafe")
        self.show(array)
        self.pass_on(array)
