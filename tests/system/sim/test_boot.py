"""What a freshly booted IOC shows: all PVs of the table, and points 4, 22, 23 and 24."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import epics
import pytest

from id3c_data.sim._table import pv_table
from id3c_data.testing import running_ioc

_TYPES = {"enum": "enum", "long": "long", "double": "double", "string": "string", "char": "char"}


@pytest.fixture(scope="module")
def ioc(ca_ports):
    with running_ioc(ports=ca_ports, mounts={"/detector/data": "/tmp"}) as ioc:  # noqa: S108 - not written
        yield ioc


@pytest.fixture
def fresh(_connected):
    """A client of an IOC in which nothing was set."""
    return _connected


def test_all_pvs_of_the_table_are_served_with_their_types(fresh):
    table = pv_table()
    pvs = {row.name: epics.PV(fresh.ioc.prefix + row.name, auto_monitor=False) for row in table}
    fresh.wait(lambda: all(pv.connected and pv.type != "unknown" for pv in pvs.values()), timeout=60)
    served = {
        name: (pv.type.removeprefix("time_").removeprefix("ctrl_"), pv.nelm) for name, pv in pvs.items()
    }
    assert len(served) > 1370
    assert served == {row.name: (row.type, row.count) for row in table}


def test_enum_strings_are_those_of_the_table(fresh):
    for row in pv_table():
        if row.type == "enum" and row.name.startswith(("cam1:", "HDF1:")) and all(row.choices):
            assert fresh.pv(row.name).get_ctrlvars()["enum_strs"] == row.choices


def test_values_at_boot_are_those_of_the_table(fresh):
    different = {
        row.name
        for row in pv_table()
        if row.value
        and not row.is_array
        and fresh.text(row.name) != row.value
        and row.type in ("enum", "string", "char", "long")
    }
    assert different == set()
    assert fresh.text("cam1:DriverVersion_RBV") == "3.6.0"


def test_message_at_boot_is_not_ready(fresh):
    assert fresh.text("cam1:StatusMessage_RBV") == "Threshold Energy set"
    assert fresh.text("cam1:DetectorState_RBV") == "Idle"


def test_04_sequence_id_is_zero(fresh):
    assert fresh.get("cam1:SequenceId") == 0


def test_22_sizes_are_right_from_boot(fresh):
    assert (fresh.get("cam1:ArraySizeY_RBV"), fresh.get("cam1:ArraySizeX_RBV")) == (514, 1030)
    assert [fresh.get(f"cam1:{name}_RBV") for name in ("SizeX", "SizeY", "ArraySize")] == [0, 0, 0]
    assert fresh.text("cam1:DataType_RBV") == "Int8"


def test_23_hdf1_is_disabled_and_knows_no_names(fresh):
    assert fresh.text("HDF1:EnableCallbacks") == "Disable"
    assert fresh.get("HDF1:FileTemplate") == ""
    assert fresh.text("HDF1:FileWriteMode") == "Single"


def test_24_capture_of_an_unprimed_plugin_completes_and_captures_nothing(fresh):
    fresh.put("HDF1:FileWriteMode", "Stream")
    began = time.monotonic()
    fresh.put("HDF1:Capture", 1)
    assert time.monotonic() - began < 0.5
    assert fresh.text("HDF1:Capture_RBV") == fresh.text("HDF1:Capture") == "Done"
    assert fresh.text("HDF1:WriteStatus") == "Write OK"
    assert fresh.pv("HDF1:Capture").get_ctrlvars()["severity"] == 0


@pytest.mark.parametrize("plugin", ["HDF1", "image1", "Pva1", "ROI1", "Stats1"])
def test_plugins_take_their_arrays_from_the_camera(fresh, plugin):
    assert fresh.get(f"{plugin}:NDArrayPort_RBV") == fresh.get("cam1:PortName_RBV") == "EIG"


def test_readbacks_follow_their_setpoints(fresh):
    for name, value in {"BeamX": 12.5, "NumCapture": 7, "TempSuffix": "_x", "OmegaIncr": -0.1}.items():
        fresh.put(f"cam1:{name}", value)
        fresh.wait_for(f"cam1:{name}_RBV", value)


def test_paths_outside_the_mounts_do_not_exist(fresh, tmp_path):
    fresh.put("cam1:FilePath", str(tmp_path))
    fresh.wait_for("cam1:FilePath_RBV", f"{tmp_path}/")
    assert fresh.text("cam1:FilePathExists_RBV") == "No"


def test_environment_is_enough_for_a_client_of_another_process(ioc):
    code = f"import epics; print(epics.caget('{ioc.prefix}cam1:ArraySizeX_RBV', timeout=10))"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("EPICS_")}
    client = subprocess.run(
        [sys.executable, "-c", code],
        env={**bare, **ioc.environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert client.stdout.strip() == "1030"
    assert client.stderr == ""
