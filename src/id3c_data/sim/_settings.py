"""What a master says about detector and beam."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

from id3c_data.sim._frames import FrameModel
from id3c_data.sim._nexus import nx_group

__all__ = ["DetectorSettings", "write_beam", "write_detector"]

_HC_EV_ANGSTROM = 12398.419843320026


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Settings of the detector as they stand in a master; the defaults are an EIGER2 500K's with silicon."""

    count_time_s: float = 0.0999999
    frame_time_s: float = 0.1
    photon_energy_ev: float = 12_400.0
    threshold_energies_ev: tuple[float, ...] = (6_200.0, 18_600.0)
    detector_distance_m: float = 0.25
    beam_center: tuple[float, float] | None = None
    """Beam centre ``(x, y)`` in pixels; without, where the model has it."""
    pixel_size_m: float = 75e-6
    sensor_thickness_m: float = 450e-6
    sensor_material: str = "Si"
    description: str = "Dectris EIGER2 Si 500K"
    serial_number: str = "E-01-0999"
    firmware: str = "release-2024.1.5"
    trigger_mode: str = "ints"

    @property
    def wavelength_angstrom(self) -> float:
        """Wavelength of the incident beam."""
        return _HC_EV_ANGSTROM / self.photon_energy_ev


def write_detector(
    entry: h5py.Group, model: FrameModel, settings: DetectorSettings, images: int, ntrigger: int
) -> None:
    """Write ``instrument/detector`` and what belongs to it, but for thresholds and masks."""
    detector = nx_group(nx_group(entry, "instrument", "NXinstrument"), "detector", "NXdetector")
    center = settings.beam_center or model.beam_center
    for name, number, units in (
        ("beam_center_x", center[0], "pixel"),
        ("beam_center_y", center[1], "pixel"),
        ("count_time", settings.count_time_s, "s"),
        ("frame_time", settings.frame_time_s, "s"),
        ("detector_distance", settings.detector_distance_m, "m"),
        ("sensor_thickness", settings.sensor_thickness_m, "m"),
        ("x_pixel_size", settings.pixel_size_m, "m"),
        ("y_pixel_size", settings.pixel_size_m, "m"),
    ):
        detector[name] = np.float32(number)
        detector[name].attrs["units"] = units
    detector["bit_depth_image"] = np.uint32(model.bit_depth)
    detector["bit_depth_readout"] = np.uint32(16)
    detector["saturation_value"] = np.uint32(model.saturated - 1)
    for name in ("description", "sensor_material"):
        detector[name] = np.bytes_(getattr(settings, name))
    detector["detector_number"] = np.bytes_(settings.serial_number)
    for name in ("countrate_correction_applied", "flatfield_correction_applied", "pixel_mask_applied"):
        detector[name] = np.int32(1)
    _write_specific(detector, model, settings, images, ntrigger)


def _write_specific(
    detector: h5py.Group, model: FrameModel, settings: DetectorSettings, images: int, ntrigger: int
) -> None:
    """Write ``detectorSpecific``."""
    specific = nx_group(detector, "detectorSpecific", "NXcollection")
    for name, number in (
        ("countrate_correction_count_cutoff", model.saturated - 1),
        ("nimages", images // ntrigger),
        ("ntrigger", ntrigger),
        ("x_pixels_in_detector", model.width),
        ("y_pixels_in_detector", model.height),
    ):
        specific[name] = np.uint32(number)
    specific["photon_energy"] = np.float32(settings.photon_energy_ev)
    specific["photon_energy"].attrs["units"] = "eV"
    specific["eiger_fw_version"] = np.bytes_(settings.firmware)
    specific["trigger_mode"] = np.bytes_(settings.trigger_mode)


def write_beam(entry: h5py.Group, settings: DetectorSettings) -> None:
    """Write ``instrument/beam``."""
    beam = nx_group(nx_group(entry, "instrument", "NXinstrument"), "beam", "NXbeam")
    beam["incident_wavelength"] = np.float32(settings.wavelength_angstrom)
    beam["incident_wavelength"].attrs["units"] = "angstrom"
