"""Indexing a stack is indexing the array that it stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series

SHAPE = (12, 7, 9)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A stack, and the array that it stands for."""
    model = FrameModel(7, 9, 16)
    series = Series("x_1", 1, 12, 5)
    files = LegacyWriter(tmp_path_factory.mktemp("index"), series, model).write_series()
    return open_stack(files.master), np.stack([model.frame(1, image) for image in range(1, 13)])


def slices(length):
    ends = st.none() | st.integers(-length - 2, length + 2)
    steps = st.none() | st.integers(-3, 3).filter(bool)
    return st.builds(slice, ends, ends, steps)


def integers(length):
    return st.integers(-length, length - 1)


def lists(length):
    return st.lists(integers(length), max_size=5)


def masks(length):
    return st.lists(st.booleans(), min_size=length, max_size=length).map(np.array)


def items(length, *, with_lists):
    plain = slices(length) | integers(length)
    return plain | lists(length) | masks(length) if with_lists and length else plain if length else slices(0)


@st.composite
def keys(draw, shape):
    """A key for an array of that shape, with at most one list."""
    count = draw(st.integers(0, len(shape)))
    listed = draw(st.integers(-1, len(shape) - 1))
    front = draw(st.integers(0, count))
    dots = draw(st.booleans())
    lengths = [*shape[:front], *shape[len(shape) - (count - front) :]] if dots else shape[:count]
    key = [draw(items(length, with_lists=n == listed)) for n, length in enumerate(lengths)]
    if dots:
        key.insert(front, ...)
    return key[0] if len(key) == 1 and draw(st.booleans()) else tuple(key)


def assert_same(stack, array, key):
    """Compare, where the key is none of those that only NumPy takes."""
    try:
        view = stack[key]
    except IndexError as error:
        assert "in two steps" in str(error)  # noqa: PT017
        return None
    expected = array[key]
    assert view.shape == expected.shape
    assert view.ndim == expected.ndim
    assert view.size == expected.size
    pixels = view.read()
    assert pixels.dtype == array.dtype
    np.testing.assert_array_equal(pixels, expected)
    return view, expected


@settings(max_examples=400, deadline=None)
@given(key=keys(SHAPE))
def test_a_key_means_what_it_means_to_numpy(pair, key):
    assert_same(*pair, key)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_key_on_a_view_means_what_it_means_to_numpy(pair, data):
    found = assert_same(*pair, data.draw(keys(SHAPE)))
    if found and found[1].ndim:
        assert_same(*found, data.draw(keys(found[1].shape)))


@settings(max_examples=200, deadline=None)
@given(key=keys((4, 3, 7, 9)))
def test_a_key_on_a_stack_by_event_means_what_it_means_to_numpy(pair, key):
    stack, array = pair
    assert_same(stack.by_event(3), array.reshape(4, 3, 7, 9), key)


@pytest.mark.parametrize(
    "key",
    [
        [0, 5, 5, -1],
        np.array([[0, 1], [2, 3]]),
        (slice(None), [1, 3]),
        (slice(None), slice(None), [8, 0, 0]),
        (3, [1, 2]),
        ([3, 4], 2, 5),
        (3, 2, [1, 2]),
        (slice(None), 2, [1, 2]),
        ([1, 2], slice(None), 3),
        (np.int16(3), np.uint8(2), np.int64(-1)),
        np.arange(12) % 2 == 0,
        [],
        (Ellipsis, []),
        (),
        Ellipsis,
        (slice(None, None, -1), slice(None, None, -1), slice(None, None, -2)),
        slice(100, 200),
    ],
    ids=repr,
)
def test_these_keys_in_particular(pair, key):
    assert assert_same(*pair, key) is not None


@pytest.mark.parametrize(
    "key",
    [
        ([0, 1], [0, 1]),
        (slice(None), [0, 1], [0, 1]),
        (0, slice(None), [1, 2]),
        (slice(None), slice(None), np.array([[0, 1]])),
    ],
    ids=repr,
)
def test_keys_that_only_numpy_takes_are_refused(pair, key):
    with pytest.raises(IndexError, match=r"two steps|one dimension"):
        pair[0][key]


@pytest.mark.parametrize(
    ("key", "match"),
    [
        (12, "out of bounds"),
        (-13, "out of bounds"),
        ((0, 7), "out of bounds"),
        ((0, 0, -10), "out of bounds"),
        ([0, 12], "out of bounds"),
        ((0, [7]), "out of bounds"),
        ((0, 0, 0, 0), "too many indices"),
        ((..., ...), "single ellipsis"),
        (None, "no index"),
        (True, "no index"),
        (1.5, "no index"),
        ("a", "no index"),
        ([0.5], "no index"),
        ((0, np.zeros(3, bool)), "mask of 3"),
        (np.zeros(3, bool), "boolean index|boolean dimension"),
        (np.zeros((12, 7), bool), "frames and pixels at once"),
    ],
    ids=repr,
)
def test_impossible_keys_raise_an_index_error(pair, key, match):
    with pytest.raises(IndexError, match=match):
        pair[0][key]


def test_indexing_reads_nothing(tmp_path):
    files = LegacyWriter(tmp_path, Series("x_1", 1, 4), FrameModel(7, 9)).write_series()
    stack = open_stack(files.master)
    files.data[0].unlink()
    assert stack[1:3, ::2, 3].shape == (2, 4)


@pytest.mark.parametrize("frames_per_event", [1, 2, 3, 12])
def test_by_event_adds_an_axis(pair, frames_per_event):
    stack, array = pair
    by_event = stack.by_event(frames_per_event)
    np.testing.assert_array_equal(by_event.read(), array.reshape(-1, frames_per_event, 7, 9))


@pytest.mark.parametrize("frames_per_event", [0, 5, -1])
def test_by_event_wants_whole_events(pair, frames_per_event):
    with pytest.raises(ValueError, match="not made of events"):
        pair[0].by_event(frames_per_event)
