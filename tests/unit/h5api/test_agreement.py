"""What two looks at a file have in common that is never quiet."""

import numpy as np
import pytest

from id3c_data.errors import FrameNotWritten
from id3c_data.h5api._agreement import in_common
from id3c_data.h5api._looks import NotQuiet
from id3c_data.images import FrameMetadata


def test_two_looks_have_in_common_what_both_found():
    one, longer = np.arange(3), np.arange(5)
    assert in_common(one, longer, cut=True).tolist() == [0, 1, 2]
    assert in_common("group", "group", cut=False) == "group"
    assert in_common([1, 2], [1, 2, 3], cut=True) == [1, 2]
    number, points = in_common((3, one), (5, longer), cut=True)
    assert (number, points.tolist()) == (3, [0, 1, 2])
    assert in_common(None, None, cut=False) is None


@pytest.mark.parametrize("other", [np.arange(5), np.arange(1, 4), "group", None])
def test_two_looks_that_differ_have_nothing_in_common(other):
    with pytest.raises(NotQuiet):
        in_common(np.arange(3), other, cut=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.array([1.0, np.nan]),
        lambda: np.float32(np.nan),
        lambda: {"axes": np.array(["y", "x"], object), "offset": np.arange(3)},
        lambda: np.array([np.arange(2), np.arange(3)], object),
        lambda: np.zeros(2, [("position", "f8"), ("name", object)]),
        lambda: FrameMetadata(wavelength=(float("nan"), "angstrom"), sensor_material="Si"),
        lambda: FrameNotWritten(3, 2, "master.h5"),
    ],
    ids=["NaN", "one NaN", "attributes", "lists", "fields", "metadata", "an error"],
)
def test_what_was_found_twice_is_the_same_whatever_it_is(make):
    once = make()
    assert in_common(make(), once, cut=False) is once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"axes": np.arange(3)}, {"axes": np.arange(1, 4)}),
        ({"axes": 1}, {"signal": 1}),
        (np.arange(3), np.arange(3.0)),
        (FrameNotWritten(3, 2, "master.h5"), FrameNotWritten(4, 2, "master.h5")),
        (FrameNotWritten(3, 2, "master.h5"), np.arange(3)),
    ],
)
def test_what_differs_within_is_not_the_same(one, other):
    with pytest.raises(NotQuiet):
        in_common(one, other, cut=False)
