"""Names that devices.yml is full of, to find a misspelt one among without importing anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from ..errors import ConfigError
from ._names import did_you_mean

__all__ = ["KNOWN", "known_path", "misspelt"]

_OURS = "id3c_data.devices"

KNOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _OURS: (
            *("Eiger2Base", "Eiger2Cam", "Eiger2Detector", "Eiger2HDF5Plugin", "Eiger2ImagePlugin"),
            *("Eiger2PvaPlugin", "Eiger2ROIPlugin", "Eiger2StatsPlugin"),
            *("declare_points", "eiger2_creator", "load_devices"),
        ),
        "ophyd": (
            *("AreaDetector", "Device", "EigerDetector", "EpicsMCA", "EpicsMotor", "EpicsPathSignal"),
            *("EpicsScaler", "EpicsSignal", "EpicsSignalNoValidation", "EpicsSignalRO", "EpicsSignalWithRBV"),
            *("MotorBundle", "PVPositioner", "PVPositionerDone", "PVPositionerIsClose", "PVPositionerPC"),
            *("PilatusDetector", "PseudoPositioner", "PseudoSingle", "QuadEM", "Signal", "SignalRO"),
            *("SimDetector", "SoftPositioner", "TetrAMM"),
        ),
        "ophyd.areadetector.plugins": (
            *(
                "AttrPlotPlugin",
                "AttributeNPlugin",
                "AttributePlugin",
                "BadPixelPlugin",
                "CircularBuffPlugin",
            ),
            *("CodecPlugin", "ColorConvPlugin", "FFTPlugin", "FilePlugin", "GatherNPlugin", "GatherPlugin"),
            *(
                "HDF5Plugin",
                "ImagePlugin",
                "JPEGPlugin",
                "KafkaPlugin",
                "MagickPlugin",
                "NetCDFPlugin",
                "NexusPlugin",
            ),
            *("OverlayPlugin", "PluginBase", "PosPlugin", "ProcessPlugin", "PvaPlugin", "ROIPlugin"),
            *("ROIStatNPlugin", "ROIStatPlugin", "ScatterPlugin", "StatsPlugin", "TIFFPlugin"),
            *("TimeSeriesNPlugin", "TimeSeriesPlugin", "TransformPlugin"),
        ),
        "apstools.devices": (
            *("AD_EpicsFileNameHDF5Plugin", "AD_EpicsFileNameJPEGPlugin", "AD_EpicsFileNameTIFFPlugin"),
            *("ApsMachineParametersDevice", "ApsPssShutter", "ApsPssShutterWithStatus", "BadPixelPlugin"),
            *("EpicsMotorShutter", "EpicsOnOffShutter", "HDF5FileWriterPlugin", "PVPositionerSoftDone"),
            *("PVPositionerSoftDoneWithStop", "SimDetectorCam", "SimulatedApsPssShutterWithStatus"),
            *("XiaSlit2D", "ad_class_factory", "ad_creator", "mb_class_factory", "mb_creator"),
        ),
    }
)
"""By their modules. All of this package's; of ophyd and apstools those that instruments name most, without
their versions (``_V34``).
"""

_HAVE_NONE = ("id3c_data", "apstools")  # all their devices are in modules below
_NEAR = 0.88
_VERSION = re.compile(r"(_V\d+)*$")


def known_path(name: str) -> str:
    """Return the import path of a known class or creator by its name, or all but that; empty if of none."""
    plain = _VERSION.sub("", name)
    modules = {one.lower(): (module, one) for module, names in KNOWN.items() for one in names}
    near = get_close_matches(plain.lower(), modules, n=1, cutoff=_NEAR)
    return f"{'.'.join(modules[near[0]])}{name[len(plain) :]}" if near else ""


def misspelt(path: str) -> ConfigError | None:
    """Return why an import path is most likely misspelt; None where it may be right.

    Parameters
    ----------
    path
        An import path. Of another package's names that are not known here many are right, so only one that
        is all but a known one is taken for misspelt; of this package's, each that is not known.
    """
    if path in KNOWN and "." in path:
        return _error(f"{path!r} is a module", f"name what it has: {', '.join(KNOWN[path])}")
    module, _, name = path.rpartition(".")
    if module not in KNOWN:
        return _misspelt_module(module, name)
    plain = name if module == _OURS else _VERSION.sub("", name)
    if plain in KNOWN[module] or (module != _OURS and not _is_near(plain, KNOWN[module])):
        return None
    there = [f"{one}{name[len(plain) :]}" for one in KNOWN[module]]
    next_step = did_you_mean(name, there, f"it has {', '.join(there)}")
    return _error(f"module {module!r} has no {name!r}", next_step)


def _misspelt_module(module: str, name: str) -> ConfigError | None:
    with_it = [other for other, names in KNOWN.items() if _VERSION.sub("", name) in names]
    near = get_close_matches(module, with_it, n=1, cutoff=_NEAR)
    if module in _HAVE_NONE:
        near = [other for other in with_it if other.startswith(f"{module}.")]
    if not near:
        return None
    return _error(f"there is no {name!r} in {module!r}", f"did you mean '{near[0]}.{name}'?")


def _is_near(name: str, known: tuple[str, ...]) -> bool:
    """Say whether a name is all but a known one; with another word or number in it, it is one of its own."""
    by_lower_case = {other.lower(): other for other in known}
    if name.lower() in by_lower_case:
        return True
    near = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=_NEAR)
    return (
        bool(near)
        and abs(len(name) - len(near[0])) <= 1
        and _letters(name) != _letters(by_lower_case[near[0]])
    )


def _letters(name: str) -> str:
    return re.sub(r"[\d_]+", "", name)


def _error(what: str, next_step: str) -> ConfigError:
    return ConfigError(what, next_step=next_step, code="E202")
