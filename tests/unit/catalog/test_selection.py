from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from id3c_data.catalog._selection import Selection
from id3c_data.catalog._view import ImagesView

SHAPE = (5, 3, 4, 6)
ARRAY = np.arange(np.prod(SHAPE), dtype="<u4").reshape(SHAPE)


def view(fetched: list[Any] | None = None, each: list[Any] | None = None) -> ImagesView:
    def fetch(index: tuple[Any, ...]) -> np.ndarray:
        if fetched is not None:
            fetched.append(index)
        assert all(isinstance(entry, int) or entry.step > 0 for entry in index)
        pixels = np.asarray(ARRAY[index])
        pixels.flags.writeable = False
        return pixels

    def fetch_each(index: tuple[Any, ...]) -> Iterator[np.ndarray] | None:
        if each is None:
            return None
        each.append(index)
        return iter(fetch(index))

    return ImagesView(fetch, Selection.of(SHAPE), ARRAY.dtype, fetch_each)


@given(hnp.basic_indices(SHAPE, allow_newaxis=False))
def test_a_view_is_indexed_as_numpy_does(index: Any) -> None:
    assert np.array_equal(np.asarray(view()[index]), ARRAY[index])
    assert view()[index].shape == np.shape(ARRAY[index])


@given(st.data(), hnp.basic_indices(SHAPE, allow_newaxis=False))
def test_a_view_of_a_view_is_indexed_as_numpy_does(data: st.DataObject, first: Any) -> None:
    expected = ARRAY[first]
    if np.ndim(expected) and np.size(expected):
        second = data.draw(hnp.basic_indices(expected.shape, allow_newaxis=False))
        assert np.array_equal(view()[first][second].read(), expected[second])


@given(st.lists(st.integers(-5, 4), max_size=8), st.integers(0, 2))
def test_a_list_of_indices_takes_those(listed: list[int], image: int) -> None:
    assert np.array_equal(view()[listed, image, 1:3].read(), ARRAY[:, image, 1:3][listed])


def test_a_list_is_fetched_in_consecutive_stretches() -> None:
    fetched: list[Any] = []
    view(fetched)[[0, 1, 2, 4]].read()
    assert [index[0] for index in fetched] == [slice(0, 3, 1), slice(4, 5, 1)]


def test_a_mask_takes_where_it_is_true() -> None:
    mask = np.array([True, False, False, True, True])
    assert np.array_equal(view()[mask].read(), ARRAY[mask])


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (5, "index 5 is out of bounds for an axis of size 5"),
        (-6, "index -6 is out of bounds"),
        ((0, 0, 0, 0, 0), "too many indices"),
        ((..., ...), "single ellipsis"),
        ("eiger2_image", "is no index"),
        (1.5, "is no index"),
        (([0], [1]), "on one axis at a time"),
        ([0.5], "no list of indices"),
        (np.array([True]), "does not fit"),
    ],
)
def test_what_is_no_index_is_an_index_error(index: Any, message: str) -> None:
    with pytest.raises(IndexError, match=message):
        view()[index]


def test_indexing_fetches_nothing() -> None:
    fetched: list[Any] = []
    part = view(fetched)[1:3][0]
    assert (part.shape, part.dtype, part.ndim, part.size, len(part)) == ((3, 4, 6), "<u4", 3, 72, 3)
    assert "not fetched" in repr(part)
    assert not fetched


def test_what_was_read_is_the_callers_own() -> None:
    pixels = view()[0].read()
    pixels[...] = 0
    assert ARRAY[0].any()


def test_arithmetic_reads() -> None:
    assert np.array_equal(view()[0] + view()[1], ARRAY[0] + ARRAY[1])
    assert np.array_equal(np.sqrt(view()), np.sqrt(ARRAY))


def test_an_in_place_operator_gives_an_array() -> None:
    part = view()[0]
    part -= ARRAY[1] * 0.5
    assert np.array_equal(part, ARRAY[0] - ARRAY[1] * 0.5)


def test_nothing_is_written_into_a_view() -> None:
    with pytest.raises(TypeError, match="cannot be written to"):
        np.add(ARRAY[0], 1, out=view()[0])


def test_one_pixel_is_a_number() -> None:
    pixel, value = view()[1, 2, 3, 4], int(ARRAY[1, 2, 3, 4])
    assert (float(pixel), int(pixel), [*range(999)][pixel], bool(pixel)) == (value, value, value, True)
    assert f"{pixel:6d}" == f"{value:6d}"
    with pytest.raises(ValueError, match="ambiguous"):
        bool(view())


def test_a_pixel_that_is_no_integer_is_no_index() -> None:
    pixel = ImagesView(lambda _: np.float32(2), Selection.of((3,)), np.dtype("f4"))[0]
    assert float(pixel) == 2
    with pytest.raises(TypeError, match="float32 is no index"):
        operator.index(pixel)


def test_a_value_is_looked_for_in_all_pixels() -> None:
    assert ARRAY.max() in view()
    assert -1 not in view()


def test_iteration_gives_read_only_items() -> None:
    items = list(view())
    assert np.array_equal(items, ARRAY)
    assert not any(item.flags.writeable for item in items)


@given(hnp.basic_indices(SHAPE, min_dims=1, allow_newaxis=False))
@example(np.s_[0, :, :, 0:0])
def test_iteration_is_numpys_whether_frames_come_one_by_one_or_not(index: Any) -> None:
    for each in (None, []):
        items = list(view(each=each)[index])
        assert len(items) == len(ARRAY[index])
        assert all(np.array_equal(one, other) for one, other in zip(items, ARRAY[index], strict=True))


@pytest.mark.parametrize(
    ("index", "one_by_one"),
    [
        (np.s_[:, 1], True),
        (np.s_[2, :, 1:3, ::2], True),
        (np.s_[::-1, 1], False),
        (np.s_[:], False),  # each item has three frames
        (np.s_[3, 1], False),  # a frame's rows
        (np.s_[:, :, 2], False),
    ],
)
def test_frames_come_one_by_one_where_each_is_an_item(index: Any, one_by_one: bool) -> None:
    each: list[Any] = []
    list(view(each=each)[index])
    assert bool(each) is one_by_one


def test_an_array_without_a_copy_cannot_be_had() -> None:
    with pytest.raises(ValueError, match="copy=False"):
        np.asarray(view(), copy=False)


def test_dask_computes_the_same() -> None:
    lazy = view().to_dask()
    assert lazy.chunks[0] == (5,)
    assert np.array_equal(lazy.sum(axis=0).compute(), ARRAY.sum(axis=0))


def test_one_pixel_has_no_length() -> None:
    with pytest.raises(TypeError, match="one pixel"):
        len(view()[0, 0, 0, 0])
