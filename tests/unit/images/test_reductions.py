"""Sums, means and the like over stacks agree with NumPy's; hidden pixels stay out of them."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.errors import DamagedChunk, FrameNotWritten, MissingExtra
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, PluginWriter, Series

MODEL = FrameModel(32, 48, 32)
IMAGES = np.stack([MODEL.frame(1, image) for image in range(1, 13)])
HIDDEN = np.broadcast_to(MODEL.mask() != 0, IMAGES.shape)
MASKED = np.ma.MaskedArray(IMAGES, HIDDEN)
KINDS = ["sum", "mean", "std", "max", "min"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    return open_stack(LegacyWriter(folder, Series("x_1", 1, 12, 5), MODEL).write_series().master)


def expected(kind, array, axis, **more):
    exact = array.astype("f8") if kind in ("mean", "std") else array
    return getattr(exact, kind)(axis=axis, **more)


def assert_same(result, wanted):
    np.testing.assert_array_equal(np.ma.getmaskarray(result), np.ma.getmaskarray(wanted))
    np.testing.assert_allclose(np.ma.filled(result, 0), np.ma.filled(wanted, 0), rtol=1e-7, atol=1e-5)
    assert isinstance(result, type(wanted))
    assert np.shape(result) == np.shape(wanted)


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, (1, 2), (0, 2), (0, 1, 2), ()], ids=str)
@pytest.mark.parametrize("kind", KINDS)
class TestAxes:
    def test_are_numpys(self, stack, kind, axis):
        assert_same(getattr(stack, kind)(axis=axis), expected(kind, IMAGES, axis))

    def test_of_a_masked_stack_leave_hidden_pixels_out(self, stack, kind, axis):
        result, wanted = getattr(stack.masked(), kind)(axis=axis), expected(kind, MASKED, axis)
        assert_same(np.ma.asarray(result), np.ma.asarray(wanted))


@pytest.mark.parametrize("axis", [0, 1, (0, 1), (1, 2), (2, 3), (0, 3)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_events_have_four_axes(stack, kind, axis):
    part = np.s_[::-1, 1:, 4:20:3, [5, 2]]
    view = stack.by_event(3)[part[0]][:, part[1]][:, :, part[2]][..., part[3]]
    array = IMAGES.reshape(4, 3, 32, 48)[part[0]][:, part[1]][:, :, part[2]][..., part[3]]
    assert_same(getattr(view, kind)(axis=axis), expected(kind, array, axis))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_part_of_it(stack, data):
    starts = [data.draw(st.integers(0, n - 1)) for n in stack.shape]
    stops = [data.draw(st.integers(a + 1, n)) for a, n in zip(starts, stack.shape, strict=True)]
    part = tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))
    axis = data.draw(st.sampled_from([None, 0, (1, 2), 1]))
    kind = data.draw(st.sampled_from(KINDS))
    assert_same(getattr(stack[part], kind)(axis=axis), expected(kind, IMAGES[part], axis))


def test_numpys_functions_come_here(stack, monkeypatch):
    monkeypatch.setattr(type(stack), "read", None)
    for kind in KINDS:
        assert_same(getattr(np, kind)(stack, axis=0), expected(kind, IMAGES, 0))
        assert_same(getattr(np, kind)(stack, axis=0, keepdims=True), expected(kind, IMAGES, 0, keepdims=True))


def test_type_and_place_of_the_result_can_be_chosen(stack):
    out = np.empty(stack.shape[1:], "f4")
    assert stack.mean(axis=0, out=out) is out
    np.testing.assert_allclose(out, IMAGES.mean(axis=0), rtol=1e-6)
    assert stack.sum(axis=0).dtype == np.uint64
    assert stack.sum(axis=0, dtype="f8").dtype == np.float64
    assert stack.max(axis=0).dtype == IMAGES.dtype
    np.testing.assert_allclose(stack.std(axis=0, ddof=1), IMAGES.astype("f8").std(axis=0, ddof=1))


def test_a_pixel_that_never_changes_has_no_deviation(stack):
    gaps = stack.mask == 1
    assert (stack.std(axis=0)[gaps] == 0).all()


@pytest.mark.parametrize("axis", [0, 1, (1, 2), None])
@pytest.mark.parametrize("first", [0, 4_000_000_000], ids=["like the others", "far from the others"])
def test_a_deviation_keeps_its_digits_where_numbers_are_large(tmp_path, axis, first):
    frames = np.random.default_rng(1).integers(0, 8, (90, 4, 5)).astype("<u4") + np.uint32(4_000_000_000)
    frames[0] -= np.uint32(first)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("entry/data/data", data=frames, chunks=(1, 4, 5))
    exact = frames.astype(np.longdouble).std(axis=axis).astype(float)
    np.testing.assert_allclose(open_stack(tmp_path / "x.h5").std(axis=axis), exact, rtol=1e-12)


def test_sums_beyond_32_bits_are_exact(stack):
    gaps = stack.mask == 1
    assert (stack.sum(axis=0)[gaps] == 12 * (2**32 - 1)).all()


@pytest.mark.parametrize("dtype", ["i4", "f4", "f8"])
def test_signed_and_floating_pixels(tmp_path, dtype):
    images = (IMAGES[:3].astype("f8") % 1000 - 500).astype(dtype)
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, np.dtype(dtype)) as file:
        for n, image in enumerate(images):
            file.append(image, n + 1, 1.7e9)
    stack = open_stack(file.path)
    for kind in KINDS:
        np.testing.assert_allclose(getattr(stack, kind)(axis=0), expected(kind, images.astype("f8"), 0))


class TestMaskedStack:
    def test_reads_masked_arrays(self, stack):
        pixels = stack.masked()[2:4, 3:].read()
        assert isinstance(pixels, np.ma.MaskedArray)
        assert_same(pixels, MASKED[2:4, 3:])
        pixels[0, 0, 0] = 7  # the caller's own
        np.testing.assert_array_equal(pixels[1].filled(), IMAGES[3, 3:])

    def test_iterates_over_masked_frames_and_rows(self, stack):
        for frame, wanted in zip(stack.masked(), MASKED, strict=True):
            assert_same(frame, wanted)
        for row, wanted in zip(stack.masked()[1], MASKED[1], strict=True):
            assert_same(row, wanted)

    def test_takes_part_in_arithmetic(self, stack):
        assert_same(stack.masked()[0] * 2, MASKED[0] * 2)
        assert_same(np.sqrt(stack.masked()[0]), np.sqrt(MASKED[0]))

    def test_hides_by_the_bits_asked_for(self, stack):
        gaps = np.ma.getmaskarray(stack.masked(1)[0].read())
        np.testing.assert_array_equal(gaps, (MODEL.mask() & 1) != 0)

    def test_may_go_through_dask(self, stack):
        lazy = stack.masked().to_dask()
        assert_same(lazy[3].compute(), MASKED[3])


def test_axes_that_there_are_not(stack):
    with pytest.raises(np.exceptions.AxisError):
        stack.sum(axis=3)
    with pytest.raises(ValueError, match="twice"):
        stack.sum(axis=(0, -3))


def test_nothing_has_no_maximum_and_a_sum_of_0(stack):
    for kind in ("max", "mean", "std"):
        with pytest.raises(ValueError, match=f"no {kind} of an array"):
            getattr(stack[3:3], kind)(axis=0)
    np.testing.assert_array_equal(stack[3:3].sum(axis=0), np.zeros(MODEL.shape))


def test_a_progress_bar(stack, capsys):
    stack.sum(axis=0, progress=True)
    assert "100%" in capsys.readouterr().out


def test_without_rich_the_extra_is_named(stack, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)
    with pytest.raises(MissingExtra, match=r"id3c-data\[follow\]"):
        stack.sum(axis=0, progress=True)


def test_a_frame_that_is_not_there_is_no_zero(tmp_path):
    master = LegacyWriter(tmp_path, Series("x_1", 1, 6, 2), MODEL).write_series(taken=3).master
    with pytest.raises(FrameNotWritten):
        open_stack(master).sum(axis=0)


def test_a_damaged_frame_is_no_part_of_a_sum(tmp_path):
    files = LegacyWriter(tmp_path, Series("x_1", 1, 6), MODEL).write_series()
    content = bytearray(files.data[0].read_bytes())
    import h5py

    with h5py.File(files.data[0]) as file:
        offset = file["entry/data/data"].id.get_chunk_info(3).byte_offset
    content[offset : offset + 8] = bytes(8)
    files.data[0].write_bytes(content)
    with pytest.raises(DamagedChunk, match="frame 3"):
        open_stack(files.master).mean(axis=(1, 2))
