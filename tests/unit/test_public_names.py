"""What the rooms give: every public name is there, and none is hidden or out of order."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import id3c_data
from id3c_data.cli import COMMANDS

ROOMS = sorted(module.name for module in pkgutil.iter_modules(id3c_data.__path__) if module.ispkg)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_there(room: str) -> None:
    module = importlib.import_module(f"id3c_data.{room}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(module.__all__) == len(set(module.__all__)) > 0


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "testing"])
def test_every_module_of_a_room_is_private_or_a_name_that_users_import(room: str) -> None:
    modules = pkgutil.iter_modules(importlib.import_module(f"id3c_data.{room}").__path__)
    assert {module.name for module in modules if not module.name.startswith("_")} <= {
        "cli": set(COMMANDS),
        "h5api": {"dynamic_hdf5", "static_hdf5"},
        "sim": {"ioc"},
    }.get(room, set())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("id3c_data", "connect"),
        ("id3c_data.catalog", "connect"),
        ("id3c_data.catalog", "register_consolidator"),
        ("id3c_data.catalog", "replay"),
        ("id3c_data.catalog", "serve"),
        ("id3c_data.catalog", "subscribe"),
        ("id3c_data.cli", "main"),
        ("id3c_data.config", "Problem"),
        ("id3c_data.config", "check"),
        ("id3c_data.config", "codes"),
        ("id3c_data.config", "find_by_import"),
        ("id3c_data.config", "render"),
        ("id3c_data.config", "schema"),
        ("id3c_data.devices", "Eiger2Cam"),
        ("id3c_data.devices", "Eiger2Detector"),
        ("id3c_data.devices", "Eiger2HDF5Plugin"),
        ("id3c_data.devices", "declare_points"),
        ("id3c_data.devices", "eiger2_creator"),
        ("id3c_data.devices", "load_devices"),
        ("id3c_data.doctor", "check_live"),
        ("id3c_data.doctor", "diagnose"),
        ("id3c_data.documents", "SPEC"),
        ("id3c_data.documents", "AdEiger2Handler"),
        ("id3c_data.documents", "EigerHandler"),
        ("id3c_data.documents", "EventFiller"),
        ("id3c_data.documents", "RunState"),
        ("id3c_data.documents", "filled_documents"),
        ("id3c_data.documents", "register_handlers"),
        ("id3c_data.h5api", "FINISHED"),
        ("id3c_data.h5api", "BlissScanState"),
        ("id3c_data.h5api", "ScanPhase"),
        ("id3c_data.h5api", "ScanState"),
        ("id3c_data.h5api.dynamic_hdf5", "File"),
        ("id3c_data.h5api.static_hdf5", "File"),
        ("id3c_data.images", "FrameStack"),
        ("id3c_data.images", "open_stack"),
        ("id3c_data.paths", "PathMap"),
        ("id3c_data.paths", "PathTemplates"),
        ("id3c_data.paths", "template_problems"),
        ("id3c_data.testing", "running_ioc"),
        ("id3c_data.verify", "repair"),
        ("id3c_data.verify", "verify_run"),
    ],
)
def test_name_that_users_write_is_public(module: str, name: str) -> None:
    assert name in importlib.import_module(module).__all__


def test_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        id3c_data.conect  # noqa: B018
