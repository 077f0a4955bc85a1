"""NDArrays: images as the driver hands them to its plugins."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from id3c_data.sim._records import Records

__all__ = ["ArraySink", "ArraySource", "CameraArrays", "NDArray", "data_type_name"]

_NAMES = {"i": "Int", "u": "UInt", "f": "Float"}


def data_type_name(dtype: np.dtype) -> str:
    """Return areaDetector's name of a pixel type."""
    return f"{_NAMES[dtype.kind]}{8 * dtype.itemsize}"


@dataclass(frozen=True, slots=True)
class NDArray:
    """One image with its number and time."""

    data: np.ndarray
    unique_id: int
    timestamp: float
    """Seconds of the Unix epoch."""


class ArraySink(Protocol):
    """A plugin, as its source sees it."""

    @property
    def queued(self) -> int:
        """Arrays that wait in its queue or are being processed."""
        ...

    def offer(self, array: NDArray) -> None:
        """Take an array, or drop it."""
        ...

    def drop(self) -> None:
        """Count an array that is not taken."""
        ...


class ArraySource:
    """A port that hands arrays to the plugins that have it as their ``NDArrayPort``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sinks: list[ArraySink] = []

    def connect(self, sink: ArraySink) -> None:
        """Begin to hand arrays to a plugin."""
        with self._lock:
            if sink not in self._sinks:
                self._sinks.append(sink)

    def disconnect(self, sink: ArraySink) -> None:
        """Stop handing arrays to a plugin."""
        with self._lock:
            if sink in self._sinks:
                self._sinks.remove(sink)

    @property
    def queued(self) -> int:
        """Arrays that wait in the plugins' queues."""
        return sum(sink.queued for sink in self._all())

    def hand_on(self, array: NDArray) -> None:
        """Hand an array to all plugins."""
        for sink in self._all():
            sink.offer(array)

    def withhold(self) -> None:
        """Let all plugins drop an array, as if their queues were full."""
        for sink in self._all():
            sink.drop()

    def queue_changed(self) -> None:
        """Take note that a plugin's queue has become longer or shorter."""

    def _all(self) -> tuple[ArraySink, ...]:
        with self._lock:
            return tuple(self._sinks)


class CameraArrays(ArraySource):
    """The driver's port: numbers the images and counts them.

    Parameters
    ----------
    records
        All records.
    """

    def __init__(self, records: Records) -> None:
        super().__init__()
        self._records, self._count_lock = records, threading.Lock()

    def publish(self, image: np.ndarray) -> None:
        """Make an NDArray of an image and hand it to the plugins; the counters follow after that.

        With ``SignedData`` its pixels are signed, so that masked ones are negative.
        """
        records = self._records
        if records.get("cam1:SignedData_RBV"):
            image = image.view(f"<i{image.itemsize}")
        counter = records["cam1:ArrayCounter_RBV"]
        to_drop = records["Sim:DropArrays"]
        if to_drop > 0:
            records["Sim:DropArrays"] = to_drop - 1
            self.withhold()
        elif records["cam1:ArrayCallbacks"]:
            self.hand_on(NDArray(image, counter, time.time()))
        records["cam1:ArrayCounter_RBV"] = counter + 1
        records["cam1:NumImagesCounter_RBV"] = records["cam1:NumImagesCounter_RBV"] + 1

    def queue_changed(self) -> None:
        """Show how many arrays wait in the plugins' queues."""
        with self._count_lock:
            self._records["cam1:NumQueuedArrays"] = self.queued
