"""The device classes against the table of PVs that a running IOC served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ophyd.areadetector import EpicsSignalWithRBV
from ophyd.areadetector.paths import EpicsPathSignal

from id3c_data import devices
from id3c_data.devices._signals import Eiger2CamIO, Eiger2HDF5PluginIO
from id3c_data.sim._table import pv_table

CLASSES = [
    ("cam1:", devices.Eiger2Cam),
    ("image1:", devices.Eiger2ImagePlugin),
    ("Pva1:", devices.Eiger2PvaPlugin),
    ("ROI1:", devices.Eiger2ROIPlugin),
    ("Stats1:", devices.Eiger2StatsPlugin),
    ("HDF1:", devices.Eiger2HDF5Plugin),
]


def pv_names(cls: Any) -> Iterator[tuple[str, str]]:
    """Attribute and PV, below the part's prefix, of each signal of a class."""
    for walk in cls.walk_components():
        component = walk.item
        if component.is_device or not component.suffix:
            continue
        yield walk.dotted_name, component.suffix.split(".")[0]
        if issubclass(component.cls, EpicsSignalWithRBV | EpicsPathSignal):
            yield walk.dotted_name, f"{component.suffix}_RBV"


@pytest.mark.parametrize(("prefix", "cls"), CLASSES)
def test_each_signal_is_served(prefix: str, cls: Any) -> None:
    served = {pv.name for pv in pv_table("3.6")}
    declared = list(pv_names(cls))
    assert len(declared) > 50
    assert [name for name, suffix in declared if prefix + suffix not in served] == []


def test_what_the_older_driver_lacks_is_declared_optional() -> None:
    served = {pv.name for pv in pv_table("3.5")}
    missing = {name for name, suffix in pv_names(devices.Eiger2Cam) if f"cam1:{suffix}" not in served}
    assert missing == set(Eiger2CamIO._optional_signals)


@pytest.mark.parametrize("cls", [Eiger2CamIO, Eiger2HDF5PluginIO, devices.Eiger2StatsPlugin])
def test_signals_made_at_once_exist(cls: Any) -> None:
    assert set(cls._eager_signals) <= set(cls.component_names)


def test_what_a_reader_of_the_data_needs_is_configuration() -> None:
    wanted = {"acquire_time", "photon_energy", "threshold_energy", "threshold2_energy", "bit_depth_image"}
    wanted |= {"serial_number", "trigger_mode", "num_images"}
    assert wanted <= set(Eiger2CamIO._default_configuration_attrs)


def test_detector_has_the_attributes_of_3idc() -> None:
    parts = {"cam", "image", "pva", "hdf1", "roi1", "stats1"}
    assert parts <= set(devices.Eiger2Detector.component_names)
