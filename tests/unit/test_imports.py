"""Importing a light part loads no heavy one."""

from __future__ import annotations

import subprocess
import sys

import pytest

CONTROL = {"ophyd", "bluesky", "epics", "softioc", "guarneri"}
CATALOG = {"tiled", "databroker", "bluesky_tiled_plugins", "dask", "xarray"}
FILES = {"h5py", "imagecodecs", "hdf5plugin"}
NUMBERS = {"numpy"}

LIGHT = {
    "id3c_data": CONTROL | CATALOG | FILES | NUMBERS | {"yaml", "pydantic", "click"},
    "id3c_data.errors": CONTROL | CATALOG | FILES | NUMBERS,
    "id3c_data.paths": CONTROL | CATALOG | FILES | NUMBERS,
    "id3c_data.config": CONTROL | CATALOG | FILES | NUMBERS,
    "id3c_data.cli": CONTROL | CATALOG | FILES | NUMBERS | {"yaml", "pydantic"},
    "id3c_data.documents": CONTROL | CATALOG | FILES,
    "id3c_data.h5api": CONTROL | CATALOG,
    "id3c_data.images": CONTROL | CATALOG | {"imagecodecs", "dectris", "rich", "distributed"},
    "id3c_data.doctor": CONTROL | CATALOG | FILES | NUMBERS,
    "id3c_data.devices": CATALOG | FILES | {"softioc", "guarneri"},
    "id3c_data.testing": CONTROL | CATALOG,
}


def loaded_by(module: str) -> set[str]:
    """Return the packages that a new interpreter holds after importing a module."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", LIGHT)
def test_light_part_loads_no_heavy_one(module: str) -> None:
    assert loaded_by(module) & LIGHT[module] == set()
