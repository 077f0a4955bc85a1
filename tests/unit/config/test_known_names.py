"""Misspelt import paths are found without importing anything, and right ones are left alone."""

from __future__ import annotations

import importlib
import types

import pytest

import id3c_data.devices
from id3c_data.config._known_names import KNOWN, known_path, misspelt

OTHERS = ("ophyd", "ophyd.areadetector.plugins")


def test_own_names_are_those_of_the_package() -> None:
    assert sorted(KNOWN["id3c_data.devices"]) == sorted(id3c_data.devices.__all__)


@pytest.mark.parametrize("module", OTHERS)
def test_no_name_that_is_there_is_misspelt(module: str) -> None:
    found = vars(importlib.import_module(module)).items()
    names = [name for name, value in found if name[0] != "_" and not isinstance(value, types.ModuleType)]
    assert [name for name in names if misspelt(f"{module}.{name}")] == []


@pytest.mark.parametrize("module", OTHERS)
def test_known_names_are_there(module: str) -> None:
    assert {*KNOWN[module]} <= {*dir(importlib.import_module(module))}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("id3c_data.devices.Eiger2Detectr", "Eiger2Detector"),
        ("id3c_data.devices.Eiger2Detector_V34", "Eiger2Detector"),
        ("id3c_data.device.Eiger2Detector", "id3c_data.devices.Eiger2Detector"),
        ("id3c_data.Eiger2Detector", "id3c_data.devices.Eiger2Detector"),
        ("id3cdata.devices.eiger2_creator", "id3c_data.devices.eiger2_creator"),
        ("apstools.devices.ad_creatr", "ad_creator"),
        ("apstools.devices.AD_EpicsFilenameHDF5Plugin", "AD_EpicsFileNameHDF5Plugin"),
        ("apstools.device.ad_creator", "apstools.devices.ad_creator"),
        ("ophyd.EpicsMotr", "EpicsMotor"),
        ("ophyd.areadetector.plugins.StatPlugin_V34", "StatsPlugin_V34"),
        ("ophyd.areadetectors.plugins.HDF5Plugin_V34", "ophyd.areadetector.plugins.HDF5Plugin_V34"),
    ],
)
def test_misspelt_name_is_found_with_the_right_one(path: str, meant: str) -> None:
    error = misspelt(path)
    assert error is not None
    assert (error.code, error.next_step) == ("E202", f"did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("EpicsMotor", "ophyd.EpicsMotor"),
        ("eiger2_detector", "id3c_data.devices.Eiger2Detector"),
        ("Eiger2Detectr", "id3c_data.devices.Eiger2Detector"),
        ("SimDetectorCam_V34", "apstools.devices.SimDetectorCam_V34"),
        ("imageplugin_V34", "ophyd.areadetector.plugins.ImagePlugin_V34"),
        ("motor", ""),
    ],
)
def test_name_alone_has_its_module_found(name: str, path: str) -> None:
    assert known_path(name) == path


@pytest.mark.parametrize(
    "path",
    [
        "apstools.devices.ad_creator2",
        "apstools.devices.SimDetectorCam_V35",
        "apstools.devices.area_detector_support.AD_EpicsFileNameHDF5Plugin",
        "ophyd.signal.EpicsSignal",
        "ophyd.sim.motor",
        "my_instrument.devices.Eiger2Detector",
    ],
)
def test_what_may_be_another_thing_is_left_alone(path: str) -> None:
    assert misspelt(path) is None
