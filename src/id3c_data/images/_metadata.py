"""What a master says about detector and beam."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from ..h5api import OpenFile, Resolver
from ._layouts import channel_names
from ._names import BEAM, DETECTOR, SPECIFIC
from ._values import Quantity, Values

__all__ = ["FrameMetadata", "read_metadata"]

# Field: paths to look at in turn, and the unit where the file has none (EIGER2 user manual 1.6).
_QUANTITIES: Final = {
    "beam_center_x": (f"{DETECTOR}/beam_center_x", "pixel"),
    "beam_center_y": (f"{DETECTOR}/beam_center_y", "pixel"),
    "detector_distance": (f"{DETECTOR}/detector_distance", "m"),
    "wavelength": (f"{BEAM}/incident_wavelength", "angstrom"),
    "photon_energy": (f"{SPECIFIC}/photon_energy", "eV"),
    "count_time": (f"{DETECTOR}/count_time", "s"),
    "frame_time": (f"{DETECTOR}/frame_time", "s"),
    "x_pixel_size": (f"{DETECTOR}/x_pixel_size", "m"),
    "y_pixel_size": (f"{DETECTOR}/y_pixel_size", "m"),
    "sensor_thickness": (f"{DETECTOR}/sensor_thickness", "m"),
}
_NUMBERS: Final = {
    "bit_depth": f"{DETECTOR}/bit_depth_image",
    "count_cutoff": f"{SPECIFIC}/countrate_correction_count_cutoff",
    "images_per_trigger": f"{SPECIFIC}/nimages",
    "triggers": f"{SPECIFIC}/ntrigger",
}
_TEXTS: Final = {
    "description": f"{DETECTOR}/description",
    "serial_number": f"{DETECTOR}/detector_number",
    "sensor_material": f"{DETECTOR}/sensor_material",
    "firmware": f"{SPECIFIC}/eiger_fw_version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMetadata:
    """What a master says about detector and beam; what it does not say is None.

    Numbers with a unit are pairs ``(value, unit)``, in the file's own units.
    """

    beam_center_x: Quantity | None = None
    beam_center_y: Quantity | None = None
    detector_distance: Quantity | None = None
    wavelength: Quantity | None = None
    photon_energy: Quantity | None = None
    threshold_energy: Quantity | None = None
    count_time: Quantity | None = None
    """Exposure time of a frame."""
    frame_time: Quantity | None = None
    """Time from the beginning of a frame to that of the next."""
    x_pixel_size: Quantity | None = None
    y_pixel_size: Quantity | None = None
    sensor_thickness: Quantity | None = None
    sensor_material: str | None = None
    bit_depth: int | None = None
    count_cutoff: int | None = None
    """Largest count that is corrected for the count rate."""
    images_per_trigger: int | None = None
    triggers: int | None = None
    description: str | None = None
    serial_number: str | None = None
    firmware: str | None = None

    def __str__(self) -> str:
        known = ((field.name, getattr(self, field.name)) for field in fields(self))
        return "\n".join(f"{name}: {value}" for name, value in known if value is not None)


def read_metadata(resolver: Resolver, file: OpenFile, channel: str) -> FrameMetadata:
    """Return what a master says about detector and beam.

    Parameters
    ----------
    resolver
        Follows links.
    file
        The open master.
    channel
        The channel whose threshold is meant.
    """
    values = Values(resolver, file)
    found: dict[str, Any] = {name: values.quantity(*where) for name, where in _QUANTITIES.items()}
    found |= {name: values.number(path) for name, path in _NUMBERS.items()}
    found |= {name: values.text(path) for name, path in _TEXTS.items()}
    own = f"{DETECTOR}/{channel}_channel/threshold_energy"
    path = own if channel in channel_names(resolver, file) else f"{DETECTOR}/threshold_energy"
    return FrameMetadata(**found, threshold_energy=values.quantity(path, "eV"))
