"""What the simulated IOC is at boot, and the environment that it and its clients need."""

from __future__ import annotations

from dataclasses import dataclass

from id3c_data.sim._frames import BitDepth
from id3c_data.sim._mounts import Mount
from id3c_data.sim._ports import LOOPBACK
from id3c_data.sim._table import Driver

__all__ = [
    "IocSettings",
    "boot_values",
    "client_environment",
    "server_environment",
]

_RELEASES = {"3.5": "3.5.0", "3.6": "3.6.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IocSettings:
    """What one can choose when the IOC starts."""

    prefix: str
    """Start of all PV names, with its colon."""
    port: int = 0
    """Channel Access port on the loopback interface; 0: a free one."""
    repeater_port: int = 0
    """Port of the clients' caRepeater; 0: a free one."""
    height: int = 514
    width: int = 1030
    bit_depth: BitDepth = 32
    arm_time_s: float = 0.2
    rate_hz: float = 10.0
    """Frames a second, until a client sets AcquireTime and AcquirePeriod."""
    driver: Driver = "3.6"
    mounts: tuple[Mount, ...] = ()
    """The IOC's view of the disk; without, it sees what this machine sees."""
    faults: tuple[tuple[str, str], ...] = ()
    """Knobs, by their PV names below the prefix, and their values."""


def server_environment(settings: IocSettings) -> dict[str, str]:
    """Return the environment variables that keep the IOC's Channel Access on the loopback interface."""
    return {
        **client_environment(settings),
        "EPICS_CAS_SERVER_PORT": str(settings.port),
        "EPICS_CAS_INTF_ADDR_LIST": LOOPBACK,
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_PORT": str(settings.repeater_port),
    }


def client_environment(settings: IocSettings) -> dict[str, str]:
    """Return the environment variables that a client needs to find this IOC and no other."""
    return {
        "EPICS_CA_ADDR_LIST": LOOPBACK,
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(settings.port),
        "EPICS_CA_REPEATER_PORT": str(settings.repeater_port),
        "EPICS_CA_MAX_ARRAY_BYTES": str(max(1_000_000, 5 * settings.height * settings.width)),
    }


def boot_values(settings: IocSettings) -> dict[str, str]:
    """Return the PVs that at boot differ from the table."""
    width, height, period = str(settings.width), str(settings.height), str(1 / settings.rate_hz)
    values = {
        "cam1:BitDepthImage_RBV": str(settings.bit_depth),
        "cam1:DriverVersion_RBV": _RELEASES[settings.driver],
        "Pva1:PvName_RBV": f"{settings.prefix}Pva1:Image",
        "ROI1:MaxX": width,
        "ROI1:MaxY": height,
        "Sim:BitDepth": str(settings.bit_depth),
    }
    for name in ("ArraySizeX", "MaxSizeX"):
        values[f"cam1:{name}_RBV"] = width
    for name in ("ArraySizeY", "MaxSizeY"):
        values[f"cam1:{name}_RBV"] = height
    for suffix in ("", "_RBV"):
        values[f"ROI1:SizeX{suffix}"], values[f"ROI1:SizeY{suffix}"] = width, height
        values[f"cam1:AcquireTime{suffix}"] = values[f"cam1:AcquirePeriod{suffix}"] = period
    return {**values, **dict(settings.faults)}
