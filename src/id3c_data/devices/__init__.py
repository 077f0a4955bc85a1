"""The Eiger2 as ophyd devices."""

from ._cam import Eiger2Cam
from ._detector import Eiger2Detector
from ._signals import (
    Eiger2HDF5Plugin,
    Eiger2ImagePlugin,
    Eiger2PvaPlugin,
    Eiger2ROIPlugin,
    Eiger2StatsPlugin,
)

__all__ = [
    "Eiger2Cam",
    "Eiger2Detector",
    "Eiger2HDF5Plugin",
    "Eiger2ImagePlugin",
    "Eiger2PvaPlugin",
    "Eiger2ROIPlugin",
    "Eiger2StatsPlugin",
]
