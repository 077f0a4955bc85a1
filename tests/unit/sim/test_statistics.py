import numpy as np
import pytest

from id3c_data.sim import FrameModel
from id3c_data.sim._statistics import statistics


@pytest.mark.parametrize("bit_depth", [8, 16, 32])
def test_statistics_are_numpys(bit_depth):
    frame = FrameModel(33, 47, bit_depth).frame(1, 1)
    found = statistics(frame)
    exact = frame.astype(float)
    assert (found.minimum, found.maximum) == (exact.min(), exact.max())
    assert found.total == found.net == exact.sum()
    assert found.mean == pytest.approx(exact.mean())
    assert found.sigma == pytest.approx(exact.std(), rel=1e-6)


def test_places_of_the_extremes_are_x_and_y():
    frame = np.full((4, 5), 7, np.uint16)
    frame[1, 3], frame[2, 0] = 9, 1
    found = statistics(frame)
    assert (found.max_at, found.min_at) == ((3, 1), (0, 2))


def test_masked_pixels_count_like_any_other():
    frame = np.array([[0, 2**32 - 1]], np.uint32)
    assert statistics(frame).total == 2**32 - 1


@pytest.mark.parametrize(("border", "net"), [(0, 16 * 3 + 4 * 7), (1, 4 * 7 - 4 * 3), (2, 0)])
def test_background_is_the_mean_of_the_border(border, net):
    frame = np.full((4, 5), 3, np.uint32)
    frame[1:3, 1:3] = 7
    assert statistics(frame, border).net == pytest.approx(net)
