"""Puts records, driver, detector and plugins together, and starts EPICS. Loads the EPICS libraries."""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import threading
from pathlib import Path

from softioc import builder, imports, softioc

from id3c_data.sim._acquisition import Acquisition
from id3c_data.sim._boot import IocSettings, boot_values
from id3c_data.sim._busy import Busy
from id3c_data.sim._camera import Camera
from id3c_data.sim._detector import Detector
from id3c_data.sim._faults import knob_rows
from id3c_data.sim._hdf5_plugin import Hdf5Plugin
from id3c_data.sim._mounts import IocDisk
from id3c_data.sim._ndarray import CameraArrays
from id3c_data.sim._path_records import PathRecords
from id3c_data.sim._plugin import Plugin, Ports
from id3c_data.sim._records import Dispatcher, Records
from id3c_data.sim._repeater import repeat_in_background
from id3c_data.sim._saver import FileSaver
from id3c_data.sim._simple_plugins import ImagePlugin, RoiPlugin, StatsPlugin
from id3c_data.sim._table import Pv, pv_table

__all__ = ["SimulatedIoc"]

_log = logging.getLogger(__name__)


class SimulatedIoc:
    """The whole IOC of this process; EPICS allows one.

    Parameters
    ----------
    settings
        Prefix, sizes, times, mounts, faults.
    memory
        An empty folder that stands for the DCU's memory.
    """

    def __init__(self, settings: IocSettings, memory: str) -> None:
        self._memory, self._closed = Path(memory), threading.Event()
        self._dispatcher = Dispatcher()
        acquiring, capturing, writing = Busy(), Busy(), Busy()
        self._records = records = Records(
            settings.prefix,
            _table(settings),
            self._dispatcher,
            boot=boot_values(settings),
            gated={"cam1:Acquire": acquiring, "HDF1:Capture": capturing, "HDF1:WriteFile": writing},
        )
        disk = IocDisk(settings.mounts)
        arrays = CameraArrays(records)
        ports: Ports = {records["cam1:PortName_RBV"]: arrays}
        paths = PathRecords(records, "cam1:", disk)
        self._plugins = (
            Hdf5Plugin(records, ports, disk, capturing, writing),
            StatsPlugin(records, "Stats1:", ports),
            RoiPlugin(records, "ROI1:", ports),
            ImagePlugin(records, "image1:", ports),
            Plugin(records, "Pva1:", ports),
        )
        self._acquisition = Acquisition(
            records,
            Camera(records, paths, settings.height, settings.width),
            arrays,
            FileSaver(records, paths, self._closed, self._die),
            acquiring,
            lambda on_image: Detector(self._memory, settings.arm_time_s, on_image),
            self._closed,
            self._die,
        )
        builder.LoadDatabase()
        softioc.iocInit(self._dispatcher, enable_pva=False)
        repeat_in_background()
        for plugin in self._plugins:
            plugin.begin()
        self._acquisition.begin()
        imports.Com.errlogFlush()  # so that what EPICS says at its start is said before the IOC is ready

    def close(self) -> None:
        """Stop what runs; files that are open are closed as they stand."""
        self._closed.set()
        self._acquisition.end()
        for plugin in self._plugins:
            plugin.end()
        self._dispatcher.stop()

    def _die(self, moment: str) -> None:
        """End the process at once, if the fault knob names this moment or the driver would crash."""
        crash = moment == "FWNImagesPerFile is 0"
        if crash or self._records.choice("Sim:Die") == moment:
            _log.error("the IOC dies: %s", moment)
            shutil.rmtree(self._memory, ignore_errors=True)
            os._exit(1)


def _table(settings: IocSettings) -> list[Pv]:
    """Return all PVs, the image's waveform as long as a frame."""
    pixels = settings.height * settings.width
    rows = [
        dataclasses.replace(pv, count=pixels) if pv.name == "image1:ArrayData" else pv
        for pv in pv_table(settings.driver)
    ]
    return [*rows, *knob_rows()]
