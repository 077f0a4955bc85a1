"""The configuration of ``cam1:``: what a put changes beside its readback, and what an arm latches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from id3c_data.sim._compression import Compression
from id3c_data.sim._frames import Channel, FrameModel
from id3c_data.sim._path_records import PathRecords
from id3c_data.sim._records import Records
from id3c_data.sim._running_series import SeriesRequest
from id3c_data.sim._settings import DetectorSettings

__all__ = ["Camera", "Plan"]

_PATTERN_LENGTH: Final = 242  # longer ones are refused, although the PV has room for 256
_HC_EV_ANGSTROM: Final = 12398.4
_SOURCES: Final = ("None", "FileWriter", "Stream")
_ONE_IMAGE_MODES: Final = ("Internal Enable", "External Enable")
_COMPRESSIONS: Final[dict[str, Compression]] = {"LZ4": "lz4", "BS LZ4": "bslz4", "None": "none"}
_CHANNELS: Final[tuple[tuple[str, Channel], ...]] = (
    ("Threshold1Enable", "threshold_1"),
    ("Threshold2Enable", "threshold_2"),
    ("ThresholdDiffEnable", "difference"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the driver latches when an acquisition starts."""

    request: SeriesRequest
    trigger_mode: str
    manual: bool
    source: str
    save: bool
    remove: bool
    images_set: int
    """``NumImages``, which some trigger modes override."""
    problem: str
    """Why it cannot start, in the driver's words, or nothing."""

    @property
    def one_image(self) -> bool:
        """Whether a trigger is one image, whatever ``NumImages`` says."""
        return self.trigger_mode in _ONE_IMAGE_MODES

    @property
    def external(self) -> bool:
        """Whether the triggers come from outside."""
        return self.trigger_mode.startswith("External")

    @property
    def images(self) -> int:
        """Images of the whole series."""
        return self.request.images * self.request.triggers

    @property
    def moves_files(self) -> bool:
        """Whether files are fetched from the DCU."""
        return self.source == "FileWriter" or (self.request.file_writer and self.save)

    def file_names(self, sequence_id: int) -> list[str]:
        """Return the names of the files to fetch: master, then data files."""
        series = self.request.series(sequence_id)
        return [series.master_name, *series.data_names]


class Camera:
    """The configuration records of the driver.

    Parameters
    ----------
    records
        All records.
    paths
        ``cam1:FilePath`` and what belongs to it.
    height, width
        Size of a frame in pixels.
    """

    def __init__(self, records: Records, paths: PathRecords, height: int, width: int) -> None:
        self._records, self._paths, self._size = records, paths, (height, width)
        for name, handler in {
            "TriggerMode": self._put_trigger_mode,
            "DataSource": self._put_source,
            "AcquireTime": self._put_exposure,
            "AcquirePeriod": self._put_period,
            "PhotonEnergy": self._put_energy,
            "Wavelength": self._put_wavelength,
            "ThresholdEnergy": self._put_threshold,
        }.items():
            records.on_put(f"cam1:{name}", handler)
        records.on_put("Sim:BitDepth", lambda bits: self._set("BitDepthImage_RBV", bits))
        for name in ("AcquireTime", "AcquirePeriod"):
            records.accept_only(f"cam1:{name}", lambda seconds: 0 <= seconds < math.inf)
        records.accept_only("cam1:FWNImagesPerFile", lambda images: images >= 0)
        records.accept_only("cam1:FWNamePattern", lambda text: len(text) <= _PATTERN_LENGTH)
        records.accept_only("Sim:BitDepth", lambda bits: bits in (8, 16, 32))

    def latch(self) -> Plan:
        """Return what an acquisition that starts now will do."""
        plan = Plan(
            request=self._request(),
            trigger_mode=self._records.choice("cam1:TriggerMode_RBV"),
            manual=bool(self._get("ManualTrigger_RBV")),
            source=_SOURCES[self._get("DataSource_RBV")],
            save=bool(self._get("SaveFiles_RBV")),
            remove=bool(self._get("FWAutoRemove_RBV")),
            images_set=self._get("NumImages_RBV"),
            problem="",
        )
        return replace(plan, problem=self._problem(plan))

    def _problem(self, plan: Plan) -> str:
        if plan.request.file_writer and plan.save and not self._paths.check():
            return "Invalid file path"
        if plan.source == "FileWriter" and not plan.request.file_writer:
            return "FileWriter API is disabled"
        if plan.source == "Stream" and not self._get("StreamEnable_RBV"):
            return "Stream API is disabled"
        return ""

    def _request(self) -> SeriesRequest:
        height, width = self._size
        records = self._records
        compressed = self._get("FWCompression_RBV")
        one_image = records.choice("cam1:TriggerMode_RBV") in _ONE_IMAGE_MODES
        return SeriesRequest(
            pattern=self._get("FWNamePattern_RBV"),
            images=1 if one_image else max(1, self._get("NumImages_RBV")),
            triggers=max(1, self._get("NumTriggers_RBV")),
            period_s=max(self._get("AcquirePeriod_RBV"), self._get("AcquireTime_RBV")),
            model=FrameModel(height, width, self._get("BitDepthImage_RBV")),
            images_per_file=self._get("FWNImagesPerFile_RBV"),
            nexus=records.get("cam1:FWHDF5Format_RBV") == 1,
            file_writer=bool(self._get("FWEnable_RBV")),
            compression=_COMPRESSIONS[records.choice("cam1:CompressionAlgo_RBV")] if compressed else "none",
            channels=tuple(c for pv, c in _CHANNELS if self._get(f"{pv}_RBV")) or ("threshold_1",),
            settings=self._detector_settings(),
            link_folder=self._paths.path if records["Sim:AbsoluteLinks"] else "",
            dropped_file=records["Sim:DropFile"],
            master_delay_s=records["Sim:MasterDelay"],
        )

    def _detector_settings(self) -> DetectorSettings:
        """Return what the master will say."""
        center = self._get("BeamX_RBV"), self._get("BeamY_RBV")
        return DetectorSettings(
            count_time_s=self._get("AcquireTime_RBV"),
            frame_time_s=self._get("AcquirePeriod_RBV"),
            photon_energy_ev=self._get("PhotonEnergy_RBV"),
            threshold_energies_ev=(self._get("ThresholdEnergy_RBV"), self._get("Threshold2Energy_RBV")),
            detector_distance_m=self._get("DetDist_RBV"),
            beam_center=center if any(center) else None,  # until it is set, where the frames have it
            serial_number=self._get("SerialNumber_RBV"),
            firmware=self._get("FirmwareVersion_RBV"),
        )

    def _get(self, name: str):
        return self._records[f"cam1:{name}"]

    def _set(self, name: str, value: float | str) -> None:
        self._records[f"cam1:{name}"] = value

    def _put_trigger_mode(self, mode: int) -> None:
        self._set("TriggerMode_RBV", mode)
        if self._records.choice("cam1:TriggerMode_RBV") in _ONE_IMAGE_MODES:
            self._set("NumImages_RBV", 1)

    def _put_source(self, source: int) -> None:
        self._set("DataSource_RBV", source)
        if _SOURCES[source] == "Stream":
            self._set("StreamEnable", 1)
            self._set("StreamEnable_RBV", 1)

    def _put_exposure(self, seconds: float) -> None:
        self._set("AcquireTime_RBV", seconds)
        self._set("AcquirePeriod_RBV", max(seconds, self._get("AcquirePeriod_RBV")))

    def _put_period(self, seconds: float) -> None:
        self._set("AcquirePeriod_RBV", seconds)
        self._set("AcquireTime_RBV", min(seconds, self._get("AcquireTime_RBV")))

    def _put_energy(self, electron_volts: float) -> None:
        self._set("PhotonEnergy_RBV", electron_volts)
        self._set("Wavelength_RBV", _HC_EV_ANGSTROM / electron_volts if electron_volts > 0 else 0.0)
        self._set("ThresholdEnergy_RBV", electron_volts / 2)
        self._set("StatusMessage_RBV", "Photon Energy set")

    def _put_wavelength(self, angstrom: float) -> None:
        self._put_energy(_HC_EV_ANGSTROM / angstrom if angstrom > 0 else 0.0)
        self._set("StatusMessage_RBV", "Wavelength set")

    def _put_threshold(self, electron_volts: float) -> None:
        self._set("ThresholdEnergy_RBV", electron_volts)
        self._set("StatusMessage_RBV", "Threshold Energy set")
