"""Putting together what one run needs: who takes its frames, who keeps them, what must be set for that."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from ophyd.ophydobj import Kind
from ophyd.signal import Signal

from ..documents import Channel
from ..errors import ConfigError
from ._acquisition import AcquisitionLogic, Source
from ._asset_documents import AssetDocuments
from ._cam import Eiger2Cam
from ._dcu_store import DcuStore
from ._exposing import DEFAULT_TRIGGERS, ExposureLogic, PointSeriesLogic, RunSeriesLogic
from ._file_store import FileStore
from ._hdf5_store import Hdf5Store
from ._options import RunOptions
from ._run_files import RunFiles
from ._signals import Eiger2HDF5PluginIO, Eiger2StatsPlugin
from ._staged_run import StagedRun
from ._statistics import StatisticsLogic
from ._watch import SignalWatch

__all__ = ["RunAssembly"]

logger = logging.getLogger(__name__)

_INTERNAL_SERIES = 0
_NEXUS_LAYOUT = 1


class RunAssembly:
    """Makes one run of a detector from its parts.

    Parameters
    ----------
    name
        The detector's.
    cam, hdf1, stats1
        The PVs; the plugins may be missing.
    acquisition
        Starts and stops the driver.
    options
        What the user chose.

    Raises
    ------
    ConfigError
        The choice needs a plugin that is missing.
    """

    def __init__(
        self,
        name: str,
        *,
        cam: Eiger2Cam,
        hdf1: Eiger2HDF5PluginIO | None,
        stats1: Eiger2StatsPlugin | None,
        acquisition: AcquisitionLogic,
        options: RunOptions,
    ) -> None:
        self._name, self._cam, self._acquisition, self._options = name, cam, acquisition, options
        self.store = self._make_store(hdf1)
        self._statistics = self._make_statistics(stats1)

    def settings(self) -> dict[Signal, Any]:
        """Return what must be set on the IOC for the run."""
        cam, options = self._cam, self._options
        settings: dict[Signal, Any] = {
            cam.trigger_mode: _INTERNAL_SERIES,
            cam.manual_trigger: int(options.for_run),
            cam.num_triggers: DEFAULT_TRIGGERS if options.for_run else 1,
            cam.num_images: options.num_images,
            cam.data_source: int(options.source),
            **self.store.settings(),
        }
        if options.source == Source.STREAM:
            settings[cam.stream_enable] = 1
        if self._statistics is not None:
            settings |= self._statistics.settings()
        return settings

    def open(self, stem: str) -> StagedRun:
        """Return the run, ready for its first event, once the settings stand.

        Raises
        ------
        ConfigError
            The settings do not go together.
        DeviceError
            The IOC does not take folder or name, or the name is in use.
        """
        cam, options = self._cam, self._options
        images, source = int(cam.num_images.get()), int(cam.data_source.get())
        self._check_source(source)
        exposing = self._make_exposing(images, source)
        channels = self._channels()
        self.store.open(RunFiles.at(options.templates, datetime.now().astimezone(), stem), images)
        root = options.templates.read_base
        return StagedRun(
            self._name,
            f"PV:{cam.prefix}",
            exposing=exposing,
            store=self.store,
            statistics=self._statistics,
            documents=AssetDocuments(self._name, root, self.store.writer, images, channels),
            images=images,
            channels=channels,
        )

    @property
    def _watch(self) -> SignalWatch:
        return self._acquisition.watch

    def _make_store(self, hdf1: Eiger2HDF5PluginIO | None) -> FileStore:
        options = self._options
        if options.writer == "dcu":
            return DcuStore(
                self._cam,
                self._watch,
                images_per_file=options.images_per_file,
                whole_series=not options.for_run,
                patience_s=options.file_timeout_s,
            )
        if hdf1 is None:
            raise ConfigError(
                'writer="hdf5" needs the plugin hdf1',
                where=self._name,
                next_step='add hdf1 to the plugins, or use writer="dcu"',
                code="E214",
            )
        return Hdf5Store(
            hdf1,
            self._cam,
            self._watch,
            source=options.source,
            swmr=options.swmr,
            patience_s=options.file_timeout_s,
        )

    def _make_statistics(self, stats1: Eiger2StatsPlugin | None) -> StatisticsLogic | None:
        if stats1 is None or not stats1.kind & Kind.normal or not stats1.read_attrs:
            return None
        return StatisticsLogic(stats1, self._cam, self._watch, self._options.timeout_s)

    def _make_exposing(self, images: int, source: int) -> ExposureLogic:
        logic = RunSeriesLogic if self._options.for_run else PointSeriesLogic
        return logic(self._acquisition, images, source)

    def _check_source(self, source: int) -> None:
        if source == Source.NONE and (self.store.writer == "hdf5" or self._statistics is not None):
            raise ConfigError(
                "without a data source the IOC makes no frames for statistics or its HDF5 plugin",
                where=self._cam.data_source.setpoint_pvname,
                next_step='set data_source to "Stream" or "FileWriter", or hint no statistics and use '
                'writer="dcu"',
            )

    def _channels(self) -> tuple[Channel, ...]:
        """Return which images the files will hold; only layout v2024.2 has room for more than one."""
        cam = self._cam
        switches: dict[Channel, Any] = {
            "threshold_2": cam.threshold2_enable,
            "difference": cam.threshold_diff_enable,
        }
        more: list[Channel] = [channel for channel, enabled in switches.items() if enabled.get()]
        if more and (self._options.for_run or self.store.writer == "hdf5"):
            raise ConfigError(
                f"{' and '.join(more)} of the detector: how the IOC counts frames of more than one threshold "
                'is not known, and with series="run" or writer="hdf5" events are found by that count',
                where=switches[more[0]].setpoint_pvname,
                next_step='switch it off, or use series="point" with writer="dcu"',
            )
        if more and (cam.fw_hdf5_format is None or cam.fw_hdf5_format.get() != _NEXUS_LAYOUT):
            logger.warning(
                "%s: the legacy layout records the first threshold only, not %s",
                self._name,
                " and ".join(more),
            )
            more = []
        return ("threshold_1", *more)
