"""The Eiger2 as ophyd devices."""

from ._base import Eiger2Base
from ._cam import Eiger2Cam
from ._creator import eiger2_creator
from ._detector import Eiger2Detector
from ._hdf5_plugin import Eiger2HDF5Plugin
from ._loading import load_devices
from ._points import declare_points
from ._signals import (
    Eiger2ImagePlugin,
    Eiger2PvaPlugin,
    Eiger2ROIPlugin,
    Eiger2StatsPlugin,
)

__all__ = [
    "Eiger2Base",
    "Eiger2Cam",
    "Eiger2Detector",
    "Eiger2HDF5Plugin",
    "Eiger2ImagePlugin",
    "Eiger2PvaPlugin",
    "Eiger2ROIPlugin",
    "Eiger2StatsPlugin",
    "declare_points",
    "eiger2_creator",
    "load_devices",
]
