"""The simulated Eiger2: its frames, the files it writes, and the IOC that shows it over Channel Access.

It imports nothing of the rest of the package, so what the rest reads was written by an independent hand.
"""

from __future__ import annotations

from id3c_data.sim._compression import Compression
from id3c_data.sim._dcu_files import DcuWriter, LegacyWriter, NexusWriter
from id3c_data.sim._frames import CHANNELS, Channel, FrameModel
from id3c_data.sim._image_dataset import DataFile
from id3c_data.sim._plugin_file import PluginWriter
from id3c_data.sim._series import Series, SeriesFiles
from id3c_data.sim._settings import DetectorSettings

__all__ = [
    "CHANNELS",
    "Channel",
    "Compression",
    "DataFile",
    "DcuWriter",
    "DetectorSettings",
    "FrameModel",
    "LegacyWriter",
    "NexusWriter",
    "PluginWriter",
    "Series",
    "SeriesFiles",
]
