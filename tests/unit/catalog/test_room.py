"""Memory for large answers, used again only when nobody has it any more."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from id3c_data.catalog._room import Room

LARGE = (12, 1024, 1024)  # 48 MB of uint32
U4 = np.dtype("u4")


@pytest.fixture
def room() -> Room:
    return Room()


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_array_is_as_asked_for_and_writable(room: Room) -> None:
    array = room.empty(LARGE, U4)
    array[...] = 7
    assert (array.shape, array.dtype, int(array.min()), int(array.max())) == (LARGE, U4, 7, 7)


def test_memory_that_nobody_uses_is_used_again(room: Room) -> None:
    first = address(room.empty(LARGE, U4))
    gc.collect()
    assert address(room.empty(LARGE, U4)) == first


def test_memory_that_a_view_still_shows_is_left_alone(room: Room) -> None:
    view = room.empty(LARGE, U4)[2, :5].view("u2")
    view[...] = 3
    gc.collect()
    other = room.empty(LARGE, U4)
    other[...] = 9
    assert not np.shares_memory(view, other)
    assert (view == 3).all()


def test_smaller_arrays_do_not_hold_much_larger_memory(room: Room) -> None:
    first = address(room.empty(LARGE, U4))
    gc.collect()
    small = room.empty((2, 2048, 1100), U4)
    assert address(small) != first


def test_small_arrays_are_plain_ones(room: Room) -> None:
    assert room.empty((3, 4), U4).base is None
