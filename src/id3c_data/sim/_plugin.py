"""What all areaDetector plugins share: a source, a queue that overflows, counters."""

from __future__ import annotations

import queue
import threading
import time

import numpy as np

from id3c_data.sim._ndarray import ArraySource, NDArray, data_type_name
from id3c_data.sim._records import Records

__all__ = ["Plugin", "Ports"]

_EPICS_EPOCH_S = 631152000  # 1990-01-01 in seconds of the Unix epoch

Ports = dict[str, ArraySource]
"""The ports that arrays come from, by their asyn port name."""


class Plugin(ArraySource):
    """A plugin of areaDetector.

    It takes arrays while ``EnableCallbacks`` is on: in its source's thread with ``BlockingCallbacks``, else
    through a queue of ``QueueSize``; an array that finds the queue full is dropped and counted.

    Parameters
    ----------
    records
        All records.
    name
        Start of its PVs, such as ``HDF1:``.
    ports
        All ports; the plugin adds its own, and changes its source when ``NDArrayPort`` is put.
    """

    def __init__(self, records: Records, name: str, ports: Ports) -> None:
        super().__init__()
        self.name, self._records, self._ports = name, records, ports
        self._queue: queue.Queue[NDArray | None] = queue.Queue()
        self._busy = 0
        self._process_lock = threading.Lock()
        self._set_lock = threading.Lock()
        ports[self.get("PortName_RBV")] = self
        records.on_put(f"{name}NDArrayPort", self._put_port)
        records.on_put(f"{name}QueueSize", self._put_queue_size)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def begin(self) -> None:
        """Connect to the source and start, once the IOC runs."""
        self._put_port(self.get("NDArrayPort"))
        self._thread.start()

    def end(self) -> None:
        """Stop; the IOC is closing."""
        self._queue.put(None)
        self._thread.join(0.5)

    def get(self, name: str):
        """Return the value of one of the plugin's PVs."""
        return self._records[f"{self.name}{name}"]

    def set(self, name: str, value: float | str) -> None:
        """Set one of the plugin's PVs."""
        self._records[f"{self.name}{name}"] = value

    @property
    def queued(self) -> int:
        """Arrays that wait in the queue or are being processed."""
        return self._busy + super().queued

    def offer(self, array: NDArray) -> None:
        """Take an array, or drop it where the queue is full."""
        if not self.get("EnableCallbacks_RBV"):
            return
        if self.get("BlockingCallbacks_RBV"):
            self._handle(array)
        elif self._queue.qsize() >= self.get("QueueSize_RBV"):
            self.drop()
        else:
            self._change_busy(1)
            self._queue.put(array)
            self._show_queue()

    def drop(self) -> None:
        """Count an array that is not taken."""
        if self.get("EnableCallbacks_RBV"):
            self.set("DroppedArrays_RBV", self.get("DroppedArrays_RBV") + 1)

    def process(self, array: NDArray) -> None:
        """Do the plugin's own work with one array and hand on what comes of it."""
        self.show(array)
        self.pass_on(array)

    def pass_on(self, array: NDArray) -> None:
        """Hand an array to the plugins that have this one as their source."""
        if self.get("ArrayCallbacks_RBV"):
            self.hand_on(array)

    def show(self, array: NDArray) -> None:
        """Show what the array is."""
        height, width = array.data.shape
        since_epics = array.timestamp - _EPICS_EPOCH_S
        self.set("ArraySizeX_RBV", width)
        self.set("ArraySizeY_RBV", height)
        self.set("ArraySize0_RBV", width)
        self.set("ArraySize1_RBV", height)
        self.set("ArraySize_RBV", array.data.nbytes)
        self.set("NDimensions_RBV", 2)
        self._records[f"{self.name}Dimensions_RBV"] = np.array([width, height])
        self.set("DataType_RBV", data_type_name(array.data.dtype))
        self.set("TimeStamp_RBV", since_epics)
        self.set("EpicsTSSec_RBV", int(since_epics))
        self.set("EpicsTSNsec_RBV", int(since_epics % 1 * 1e9))
        self.set("ArrayCounter_RBV", self.get("ArrayCounter_RBV") + 1)
        self.set("UniqueId_RBV", array.unique_id)

    def _change_busy(self, change: int) -> None:
        with self._set_lock:
            self._busy += change

    def _show_queue(self) -> None:
        size = self.get("QueueSize_RBV")
        waiting = min(self._queue.qsize(), size)
        self.set("QueueFree", size - waiting)
        self.set("QueueUse", waiting)
        for port in self._ports.values():
            port.queue_changed()

    def _run(self) -> None:
        while (array := self._queue.get()) is not None:
            self._handle(array)
            self._change_busy(-1)
            self._show_queue()

    def _handle(self, array: NDArray) -> None:
        with self._process_lock:
            began = time.perf_counter()
            self.process(array)
            self.set("ExecutionTime_RBV", 1e3 * (time.perf_counter() - began))

    def _put_port(self, port: str) -> None:
        for source in self._ports.values():
            source.disconnect(self)
        source = self._ports.get(port)
        if source is not None and source is not self:
            source.connect(self)
        self.set("NDArrayPort_RBV", port)

    def _put_queue_size(self, size: int) -> None:
        self.set("QueueSize_RBV", size)
        self._show_queue()
