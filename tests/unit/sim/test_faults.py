import pytest

from id3c_data.sim._boot import IocSettings, boot_values
from id3c_data.sim._faults import FAULTS, knob_rows, parse_fault
from id3c_data.sim._table import pv_table


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("failarm", ("Sim:FailArm", "On")),
        ("failarm=off", ("Sim:FailArm", "Off")),
        ("drop-file=2", ("Sim:DropFile", "2")),
        ("die=armed", ("Sim:Die", "Armed")),
        ("moverdelay=0.5", ("Sim:MoverDelay", "0.5")),
    ],
)
def test_a_fault_is_a_knob_and_its_value(text, parsed):
    assert parse_fault(text) == parsed


@pytest.mark.parametrize("text", ["nonsense", "bitdepth=16", "die=now", "dropfile=two", "failarm=maybe"])
def test_a_fault_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match="fault"):
        parse_fault(text)


def test_knobs_are_pvs_apart_from_those_of_the_real_ioc():
    names = {row.name for row in knob_rows()}
    assert {knob.pv for knob in FAULTS.values()} < names
    assert all(name.startswith("Sim:") for name in names)
    assert names.isdisjoint(row.name for row in pv_table())


def test_settings_reach_the_values_at_boot():
    settings = IocSettings(
        prefix="p:", height=32, width=48, bit_depth=16, rate_hz=50, faults=(("Sim:DropFile", "2"),)
    )
    values = boot_values(settings)
    assert (values["cam1:ArraySizeY_RBV"], values["cam1:ArraySizeX_RBV"]) == ("32", "48")
    assert values["cam1:BitDepthImage_RBV"] == "16"
    assert float(values["cam1:AcquirePeriod_RBV"]) == 0.02
    assert values["Sim:DropFile"] == "2"
    assert values["Pva1:PvName_RBV"] == "p:Pva1:Image"


def test_values_at_boot_belong_to_pvs():
    names = {row.name for row in (*pv_table(), *knob_rows())}
    assert boot_values(IocSettings(prefix="p:")).keys() <= names
