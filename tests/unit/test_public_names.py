"""What the rooms give: every public name is there, and none is hidden or out of order."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import id3c_data

ROOMS = sorted(module.name for module in pkgutil.iter_modules(id3c_data.__path__) if module.ispkg)


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "doctor"])
def test_every_public_name_is_there(room: str) -> None:
    module = importlib.import_module(f"id3c_data.{room}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(module.__all__) == len(set(module.__all__)) > 0


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "testing"])
def test_every_module_of_a_room_is_private_or_a_name_that_users_import(room: str) -> None:
    modules = pkgutil.iter_modules(importlib.import_module(f"id3c_data.{room}").__path__)
    assert {module.name for module in modules if not module.name.startswith("_")} <= {
        "cli": {"demo", "ioc", "serve"},
        "h5api": {"dynamic_hdf5", "static_hdf5"},
        "sim": {"ioc"},
    }.get(room, set())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("id3c_data", "connect"),
        ("id3c_data.catalog", "serve"),
        ("id3c_data.catalog", "subscribe"),
        ("id3c_data.devices", "Eiger2Detector"),
        ("id3c_data.devices", "load_devices"),
        ("id3c_data.documents", "EigerHandler"),
        ("id3c_data.documents", "RunState"),
        ("id3c_data.images", "open_stack"),
    ],
)
def test_name_that_users_write_is_public(module: str, name: str) -> None:
    assert name in importlib.import_module(module).__all__


def test_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        id3c_data.conect  # noqa: B018
