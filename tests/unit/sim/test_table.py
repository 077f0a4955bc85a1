import pytest

from id3c_data.sim._table import pv_table

NEWER = {"FWHDF5Format", "SignedData", "StreamVersion", "StreamAsTSSource", "Restart"}


def test_names_are_unique_and_belong_to_the_six_ports():
    names = [row.name for row in pv_table()]
    assert len(set(names)) == len(names) > 1370
    assert {name.partition(":")[0] for name in names} == {"cam1", "HDF1", "image1", "Pva1", "ROI1", "Stats1"}


def test_a_row_says_type_count_choices_and_value():
    row = next(row for row in pv_table() if row.name == "cam1:DataSource")
    assert (row.record, row.type, row.count) == ("mbbo", "enum", 1)
    assert row.choices == ("None", "FileWriter", "Stream")
    assert row.value == "FileWriter"


def test_every_enum_boots_with_one_of_its_strings():
    assert [row.name for row in pv_table() if row.choices and row.value not in (*row.choices, "")] == []


@pytest.mark.parametrize(("driver", "has_newer"), [("3.5", False), ("3.6", True)])
def test_pvs_that_came_after_3_5_are_only_in_the_newer_driver(driver, has_newer):
    names = {row.name.removeprefix("cam1:") for row in pv_table(driver)}
    assert (names >= NEWER) is has_newer
    assert NEWER.isdisjoint(names) is not has_newer


def test_trigger_exposure_is_only_in_the_older_driver():
    by_driver = {driver: {row.name for row in pv_table(driver)} for driver in ("3.5", "3.6")}
    assert by_driver["3.5"] - by_driver["3.6"] == {"cam1:TriggerExposure", "cam1:TriggerExposure_RBV"}


def test_texts_are_no_arrays():
    rows = {row.name: row for row in pv_table()}
    assert not rows["cam1:FilePath"].is_array
    assert rows["image1:ArrayData"].is_array
