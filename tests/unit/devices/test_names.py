"""What files are called, and how many there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.devices._names import PATTERN_LENGTH, DcuSeriesNames, new_file_stem, taken_names


def test_only_the_first_id_of_the_pattern_is_the_series() -> None:
    pattern = DcuSeriesNames.pattern("eiger2_ab12cd34")
    assert pattern.count("$id") == 1
    assert pattern.replace("$id", "7") + "_master.h5" == DcuSeriesNames("eiger2_ab12cd34", 7, 10).master


@pytest.mark.parametrize(("images", "files"), [(0, 0), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_last_data_file_may_hold_fewer_images(images: int, files: int) -> None:
    assert len(DcuSeriesNames("x", 1, 10).data(images)) == files


def test_data_files_count_from_one_with_six_digits() -> None:
    assert DcuSeriesNames("x", 12, 1).data(2) == ("x_12_data_000001.h5", "x_12_data_000002.h5")


@given(st.integers(1, 10**6), st.integers(1, 10**4))
def test_data_files_hold_all_images_and_none_is_empty(images: int, images_per_file: int) -> None:
    files = -(-images // images_per_file)
    assert (files - 1) * images_per_file < images <= files * images_per_file
    if files < 1000:
        assert len(DcuSeriesNames("x", 1, images_per_file).data(images)) == files


def test_each_run_gets_another_stem() -> None:
    stems = {new_file_stem("eiger2") for _ in range(100)}
    assert len(stems) == 100
    assert all(len(DcuSeriesNames.pattern(stem)) < PATTERN_LENGTH for stem in stems)


def test_names_that_start_alike_are_taken_only_where_the_whole_stem_is_the_same() -> None:
    present = {"a_1.h5", "a.h5", "ab_1_master.h5", "b_a_1.h5", "a_1_data_000001.h5"}
    assert taken_names("a", present) == ["a.h5", "a_1.h5", "a_1_data_000001.h5"]
