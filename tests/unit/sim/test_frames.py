import numpy as np
import pytest

from id3c_data.sim import CHANNELS, FrameModel

SIZES = [(32, 48), (514, 1030), (3, 5), (1, 1), (33, 47)]


@pytest.mark.parametrize("bit_depth", [8, 16, 32])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_frame_has_the_size_and_type_of_its_model(height, width, bit_depth):
    frame = FrameModel(height, width, bit_depth).frame(1, 1)
    assert frame.shape == (height, width)
    assert frame.dtype == np.dtype(f"<u{bit_depth // 8}")


def test_a_frame_is_a_pure_function_of_series_and_image():
    frame = FrameModel(32, 48).frame(3, 7)
    frame_again = FrameModel(32, 48).frame(3, 7)
    np.testing.assert_array_equal(frame, frame_again)


def test_a_frame_belongs_to_the_caller():
    model = FrameModel(32, 48)
    model.frame(1, 1)[:] = 0
    model.mask()[:] = 99
    assert model.frame(1, 1).any()
    assert model.mask().max() == 2


@pytest.mark.parametrize("bit_depth", [8, 16, 32])
def test_every_frame_of_every_series_differs(bit_depth):
    model = FrameModel(32, 48, bit_depth)
    frames = {model.frame(series, image).tobytes() for series in range(10) for image in range(1, 41)}
    assert len(frames) == 400


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("bit_depth", [8, 16, 32])
def test_exactly_the_masked_pixels_hold_the_largest_value(bit_depth, channel):
    model = FrameModel(64, 96, bit_depth)
    np.testing.assert_array_equal(model.frame(1, 1, channel) == model.saturated, model.mask() != 0)


def test_the_gaps_lie_between_chips_of_256_pixels():
    gaps = FrameModel().mask() == 1
    assert np.flatnonzero(gaps.all(axis=1)).tolist() == [256, 257]
    assert np.flatnonzero(gaps.all(axis=0)).tolist() == [256, 257, 514, 515, 772, 773]


def test_some_pixels_are_dead():
    assert 3 < (FrameModel().mask() == 2).sum() < 100


def test_difference_and_second_threshold_make_up_the_first():
    model = FrameModel(64, 96, 32)
    good = model.mask() == 0
    first, second, difference = (model.frame(1, 1, channel)[good] for channel in CHANNELS)
    np.testing.assert_array_equal(first, second + difference)


def test_spots_move_with_the_image_number():
    model = FrameModel()
    good = model.mask() == 0
    first, later = model.frame(1, 1) * good, model.frame(1, 10) * good
    assert np.argmax(first) != np.argmax(later)
    assert first.max() > 1000


@pytest.mark.parametrize("image", [0, -1])
def test_images_count_from_one(image):
    with pytest.raises(ValueError, match="counted from 1"):
        FrameModel(32, 48).frame(1, image)


@pytest.mark.parametrize(("size", "match"), [((0, 5, 32), "0 x 5"), ((5, 5, 12), "bit_depth is 12")])
def test_an_impossible_model_is_refused(size, match):
    with pytest.raises(ValueError, match=match):
        FrameModel(*size)
