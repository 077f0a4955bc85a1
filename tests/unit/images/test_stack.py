"""A stack behaves like an array."""

import operator
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import dask
import dask.array
import dask.callbacks
import dask.local
import h5py
import numpy as np
import pytest

from id3c_data.errors import FileClosed, Hdf5Error, MissingExtra
from id3c_data.images import FrameMetadata, FrameStack, open_stack
from id3c_data.sim import (
    CHANNELS,
    DetectorSettings,
    FrameModel,
    LegacyWriter,
    NexusWriter,
    PluginWriter,
    Series,
)

MODEL = FrameModel(32, 48, 16)
IMAGES = np.stack([MODEL.frame(1, image) for image in range(1, 7)])


@pytest.fixture
def files(tmp_path):
    return LegacyWriter(tmp_path, Series("x_1", 1, 6, 4), MODEL).write_series()


@pytest.fixture
def stack(files):
    return open_stack(files.master)


def test_what_it_says_of_itself(stack, files):
    assert stack.shape == (6, 32, 48)
    assert (stack.ndim, stack.size, stack.nbytes, len(stack)) == (3, IMAGES.size, IMAGES.nbytes, 6)
    assert stack.dtype == np.dtype("<u2")
    assert stack.masters == (files.master,)
    assert stack.files == files.data
    assert stack.written == 6
    assert repr(stack) == "<FrameStack (6, 32, 48) uint16 of x_1_master.h5>"


def test_what_is_read_is_the_callers_own(stack):
    first = stack[0].read()
    first[:] = 0
    np.testing.assert_array_equal(stack[0].read(), IMAGES[0])


def test_a_stack_is_an_array_to_numpy(stack):
    array = np.asarray(stack)
    assert array.flags.writeable
    np.testing.assert_array_equal(array, IMAGES)
    assert np.asarray(stack[0], dtype="f4").dtype == np.float32
    np.testing.assert_array_equal(np.sum(stack, axis=0), IMAGES.sum(axis=0))


def test_no_array_without_a_copy(stack):
    with pytest.raises(ValueError, match="not in memory"):
        np.array(stack, copy=False)


def test_iteration_gives_read_only_frames(stack):
    frames = list(stack)
    np.testing.assert_array_equal(frames, IMAGES)
    with pytest.raises(ValueError, match="read-only"):
        frames[0][0, 0] = 1


def test_iteration_over_events_gives_read_only_groups_of_frames(stack):
    groups = list(stack.by_event(3))
    np.testing.assert_array_equal(groups, IMAGES.reshape(2, 3, 32, 48))
    assert not groups[0].flags.writeable


def test_iteration_over_a_frame_gives_rows(stack):
    np.testing.assert_array_equal(list(stack[2]), IMAGES[2])


def test_a_single_pixel_has_no_length(stack):
    assert stack[1, 2, 3].read() == IMAGES[1, 2, 3]
    with pytest.raises(TypeError, match="without dimensions"):
        len(stack[1, 2, 3])


def test_arithmetic_and_comparison_read(stack):
    np.testing.assert_array_equal(stack[1] + 1, IMAGES[1] + 1)
    np.testing.assert_array_equal(stack[1] - stack[0], IMAGES[1] - IMAGES[0])
    np.testing.assert_array_equal(stack[:2] > 5, IMAGES[:2] > 5)
    np.testing.assert_array_equal(np.sqrt(stack[0]), np.sqrt(IMAGES[0]))
    assert np.add.reduce(stack[0], axis=None) == IMAGES[0].sum()


def test_an_in_place_operator_gives_an_array_and_leaves_the_stack_alone(stack):
    frame = stack[1]
    again = frame
    frame -= IMAGES[0] * 0.5
    np.testing.assert_array_equal(frame, IMAGES[1] - IMAGES[0] * 0.5)
    np.testing.assert_array_equal(again, IMAGES[1])


def test_nothing_is_written_into_a_stack(stack):
    for write in (
        lambda: np.add(IMAGES[0], 1, out=stack[0]),
        lambda: np.add.at(stack[0], (0, 0), 1),
        lambda: np.add.reduce(IMAGES[0], axis=None, out=stack[0, 0, 0]),
    ):
        with pytest.raises(TypeError, match=r"cannot be written to; take pixels = images\[0\].read\(\)"):
            write()


def test_one_pixel_is_a_number(stack):
    pixel, value = stack[1, 2, 3], IMAGES[1, 2, 3]
    assert (float(pixel), int(pixel), bool(pixel), operator.index(pixel)) == (value, value, value > 0, value)
    assert f"{pixel:6d}|{pixel:.2f}|{pixel}" == f"{value:6d}|{value:.2f}|{value}"


@pytest.mark.parametrize(
    ("convert", "error"),
    [
        (float, TypeError),
        (int, TypeError),
        (operator.index, TypeError),
        (bool, ValueError),
        ("{:d}".format, TypeError),
    ],
)
def test_many_pixels_are_no_number(stack, convert, error):
    with pytest.raises(error):
        convert(stack[1])


@pytest.mark.parametrize("part", [np.s_[:], np.s_[1], np.s_[1, 2], np.s_[1, 2, 3]])
def test_a_value_is_looked_for_in_every_frame(stack, part):
    assert IMAGES[part].max() in stack[part]
    assert 65000.5 not in stack[part]


def test_an_array_is_not_looked_for(stack):
    with pytest.raises(TypeError, match="looks for one value"):
        assert IMAGES[0] in stack


def test_reading_from_many_threads(stack):
    start = threading.Barrier(8)

    def read(n):
        start.wait(10)
        return [stack[(n + k) % 6].read() for k in range(30)]

    with ThreadPoolExecutor(8) as pool:
        for n, frames in enumerate(pool.map(read, range(8))):
            np.testing.assert_array_equal(frames, [IMAGES[(n + k) % 6] for k in range(30)])


def test_a_stack_survives_pickling(stack):
    again = pickle.loads(pickle.dumps(stack[2:4, ::2]))  # noqa: S301
    np.testing.assert_array_equal(again.read(), IMAGES[2:4, ::2])


def test_an_unpickled_stack_reads_only_the_files_that_it_was_made_of(stack, files):
    pickled = pickle.dumps(stack)
    files.data[0].write_bytes(files.data[1].read_bytes())
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        pickle.loads(pickled)[0].read()  # noqa: S301


def test_an_unpickled_stack_as_found_knows_its_chunks_and_opens_no_hdf5(stack, monkeypatch):
    pickled = pickle.dumps(stack.as_found())
    monkeypatch.setattr(h5py, "File", None)
    np.testing.assert_array_equal(pickle.loads(pickled).read(), IMAGES)  # noqa: S301


def test_a_closed_stack_and_its_views_cannot_be_read(stack):
    view = stack[2]
    with stack:
        view.read()
    for item in (stack, view):
        with pytest.raises(FileClosed, match="the stack is closed"):
            item.read()


def test_more_files_than_may_be_open_at_once(tmp_path):
    small = FrameModel(4, 5, 8)
    files = LegacyWriter(tmp_path, Series("x_1", 1, 200, 1), small).write_series()
    stack = open_stack(files.master)
    for _ in range(2):
        np.testing.assert_array_equal(stack.read(), [small.frame(1, image) for image in range(1, 201)])


def test_dask_reads_only_what_is_asked_for(files, monkeypatch):
    stack = open_stack(files.master)
    monkeypatch.setattr("id3c_data.images._dask_lazy._CHUNK_BYTES", 2 * 32 * 48 * 2)
    lazy = stack.to_dask()
    assert lazy.shape == stack.shape
    assert lazy.chunks[0] == (2, 2, 2)
    files.data[1].unlink()  # frames 4 and 5
    with dask.config.set(scheduler="synchronous"):
        np.testing.assert_array_equal(lazy[1].compute(), IMAGES[1])
        np.testing.assert_array_equal(lazy[:4].max(axis=0).compute(), IMAGES[:4].max(axis=0))


@pytest.mark.parametrize("masked", [False, True])
def test_one_frame_through_dask_costs_one_frame(stack, monkeypatch, masked):
    fetched = []
    place = type(stack._frames)._place
    monkeypatch.setattr(type(stack._frames), "_place", lambda self, n: fetched.append(n) or place(self, n))
    lazy = (stack.masked() if masked else stack).to_dask()
    fetched.clear()  # without a mask in a file, a frame shows it
    with dask.config.set(scheduler="synchronous"):
        np.testing.assert_array_equal(np.asarray(lazy[4, 2:5].compute()), IMAGES[4, 2:5])
    assert fetched == [4]


@pytest.mark.parametrize(
    "key",
    [
        *(np.s_[2], np.s_[-1], np.s_[np.int64(3), -2], np.s_[3, :, 5], np.s_[1:5, 4, ::3], np.s_[2, 3, 4]),
        *(np.s_[:2, -9:], np.s_[4:2], np.s_[5:99:2], np.s_[::-2, 3:9], np.s_[...], np.s_[None, 1]),
        *(np.s_[[4, 0, 2]], np.s_[..., [7, 3]], np.s_[np.arange(6) > 3]),
    ],
)
def test_parts_through_dask_are_numpys(stack, key):
    with dask.config.set(scheduler="synchronous"):
        np.testing.assert_array_equal(stack.to_dask()[key].compute(), IMAGES[key])
        lists = stack.to_dask()[[4, 1, 1]][:, [9, 2]][:, :, 3:]
        np.testing.assert_array_equal(lists.compute(), IMAGES[[4, 1, 1]][:, [9, 2]][:, :, 3:])


@pytest.mark.parametrize("key", [6, -7, (0, 32), (0, 0, 0, 0)])
def test_a_part_through_dask_that_is_not_there_is_an_index_error(stack, key):
    with pytest.raises(IndexError):
        stack.to_dask()[key]


def test_a_part_of_a_part_through_dask_is_a_part(stack):
    part = stack.to_dask()[1:5][2, 3:20][4:, ::5]
    np.testing.assert_array_equal(part.compute(scheduler="synchronous"), IMAGES[1:5][2, 3:20][4:, ::5])


def test_the_same_part_through_dask_is_the_same_task(stack):
    lazy = stack.to_dask()
    assert lazy[2:4].name == lazy[2:4].name != lazy[2:5].name


def test_what_is_set_through_dask_stays_set_in_its_parts(stack):
    lazy = stack.to_dask()
    lazy[2, 4] = 7
    expected = IMAGES.copy()
    expected[2, 4] = 7
    np.testing.assert_array_equal(lazy[1:3].compute(scheduler="synchronous"), expected[1:3])


def test_chunks_of_a_part_through_dask_read_as_much_as_those_of_the_whole(stack, monkeypatch):
    monkeypatch.setattr("id3c_data.images._dask_lazy._CHUNK_BYTES", 2 * 32 * 48 * 2)
    assert stack.to_dask()[:, 3:5, 7:9].chunks == ((2, 2, 2), (2,), (2,))
    monkeypatch.setattr("id3c_data.images._dask_lazy._CHUNK_BYTES", 5)
    assert stack.to_dask()[4].chunks == ((32,), (48,))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "key",
    [
        *(np.s_[...], np.s_[2], np.s_[-1, 3], np.s_[2, 3, 4], np.s_[1:5, 4, ::3]),
        *(np.s_[4:2], np.s_[3, 5:5], np.s_[:, :, 0]),
    ],
)
def test_one_chunk_is_read_at_once_as_dask_would(stack, monkeypatch, key, masked):
    part = (stack.masked() if masked else stack).to_dask()[key]
    scheduled = part.compute(scheduler="synchronous")
    monkeypatch.setattr(dask.array.Array, "__dask_scheduler__", Mock(side_effect=AssertionError))
    made = part.compute()
    assert type(made) is type(scheduled)
    assert made.dtype == scheduled.dtype
    np.testing.assert_array_equal(made, scheduled)


def test_several_chunks_are_scheduled(stack, monkeypatch):
    monkeypatch.setattr("id3c_data.images._dask_lazy._CHUNK_BYTES", 2 * 32 * 48 * 2)
    schedule = Mock(wraps=dask.local.get_sync)
    monkeypatch.setattr(dask.array.Array, "__dask_scheduler__", staticmethod(schedule))
    np.testing.assert_array_equal(stack.to_dask()[1:5].compute(), IMAGES[1:5])
    assert schedule.called


def test_one_chunk_goes_to_the_scheduler_that_somebody_set(stack):
    schedule = Mock(wraps=dask.local.get_sync)
    with dask.config.set(scheduler=schedule):
        np.testing.assert_array_equal(stack.to_dask()[2].compute(), IMAGES[2])
    assert schedule.called


def test_one_chunk_is_seen_by_who_watches_dask(stack):
    seen = []
    with dask.callbacks.Callback(pretask=lambda *about: seen.append(about)):
        np.testing.assert_array_equal(stack.to_dask()[2].compute(), IMAGES[2])
    assert seen


def test_what_was_read_through_dask_is_handed_out_as_it_is(stack, monkeypatch):
    read, reading = [], FrameStack.read
    monkeypatch.setattr(FrameStack, "read", lambda self: read.append(reading(self)) or read[-1])
    made = stack.to_dask()[2].compute()
    assert made is read[0]
    np.testing.assert_array_equal(made, IMAGES[2])


def test_what_dask_keeps_is_not_handed_out(stack):
    kept = []
    with dask.callbacks.Callback(posttask=lambda *about: kept.append(about[1])):
        made = stack.to_dask()[2].compute(optimize_graph=False)
    made[:] = 0
    assert any(np.array_equal(value, IMAGES[2]) for value in kept if isinstance(value, np.ndarray))


def test_what_is_persisted_stays_as_it_is_whatever_is_done_with_what_is_read_again(stack):
    frame = stack.to_dask()[2]
    kept = frame.persist(scheduler="synchronous")
    made, _ = dask.compute(frame, kept.sum(), scheduler="synchronous")
    made[:] = 0
    np.testing.assert_array_equal(kept.compute(scheduler="synchronous"), IMAGES[2])


def test_without_dask_the_extra_is_named(stack, monkeypatch):
    monkeypatch.delitem(sys.modules, "id3c_data.images._dask_lazy", raising=False)
    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.setitem(sys.modules, "dask.array.core", None)
    with pytest.raises(MissingExtra, match=r"id3c-data\[catalog\]"):
        stack.to_dask()


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_metadata_come_from_the_master_with_units(tmp_path, writer):
    settings = DetectorSettings(beam_center=(12.5, 7.25), detector_distance_m=0.3)
    path = writer(tmp_path, Series("x_1", 1, 6, ntrigger=2), MODEL, settings).write_master()
    metadata = open_stack(path).metadata
    assert metadata.beam_center_x == (12.5, "pixel")
    assert metadata.beam_center_y == (7.25, "pixel")
    assert metadata.detector_distance == (0.3, "m")
    assert metadata.wavelength is not None
    assert metadata.wavelength.unit == "angstrom"
    assert metadata.wavelength.value == pytest.approx(0.99987, abs=1e-5)
    assert metadata.x_pixel_size == (7.5e-05, "m")
    assert metadata.count_time == (0.0999999, "s")
    assert metadata.threshold_energy == (6200.0, "eV")
    assert (metadata.images_per_trigger, metadata.triggers, metadata.bit_depth) == (3, 2, 16)
    assert metadata.serial_number == "E-01-0999"
    assert "detector_distance: 0.3 m" in str(metadata)


def test_each_channel_has_its_threshold(tmp_path):
    path = NexusWriter(tmp_path, Series("x_1", 1, 1), MODEL, channels=CHANNELS).write_master()
    assert open_stack(path, channel="threshold_2").metadata.threshold_energy == (18600.0, "eV")


def test_units_that_the_file_lacks_are_those_of_the_manual(files):
    with h5py.File(files.master, "a") as file:
        del file["entry/instrument/detector/detector_distance"].attrs["units"]
        file["entry/instrument/detector/frame_time"].attrs["units"] = "ms"
    metadata = open_stack(files.master).metadata
    assert metadata.detector_distance == (0.25, "m")
    assert metadata.frame_time == (0.1, "ms")


def test_a_file_without_metadata_has_none(tmp_path):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype) as file:
        file.append(IMAGES[0], 1, 1.7e9)
    assert open_stack(file.path).metadata == FrameMetadata()


def test_metadata_of_the_wrong_kind_count_as_absent(files):
    with h5py.File(files.master, "a") as file:
        detector = file["entry/instrument/detector"]
        for name, value in {
            "beam_center_x": "left",
            "frame_time": [1.0, 2.0],
            "bit_depth_image": "many",
        }.items():
            del detector[name]
            detector[name] = value
        del detector["count_time"]
        detector.create_group("count_time")
    metadata = open_stack(files.master).metadata
    assert metadata.beam_center_x is metadata.frame_time is metadata.count_time is metadata.bit_depth is None
    assert metadata.beam_center_y is not None


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_the_mask_comes_from_the_master(tmp_path, writer):
    stack = open_stack(writer(tmp_path, Series("x_1", 1, 2), MODEL).write_series().master)
    assert stack.mask.dtype == np.uint32
    np.testing.assert_array_equal(stack.mask, MODEL.mask())
    np.testing.assert_array_equal(stack[1, 5:9, ::2].mask, MODEL.mask()[5:9, ::2])


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4"])
def test_without_a_master_the_mask_comes_from_the_first_frame(tmp_path, dtype):
    masked = MODEL.mask() != 0
    value = {"u2": 65535, "i4": -1, "f4": np.nan}[dtype]
    frame = np.where(masked, np.array(value, dtype), IMAGES[0].astype(dtype))
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, np.dtype(dtype)) as file:
        file.append(frame, 1, 1.7e9)
    np.testing.assert_array_equal(open_stack(file.path).mask, masked)


def test_a_mask_is_the_callers_own(stack):
    stack.mask[:] = 7
    np.testing.assert_array_equal(stack.mask, MODEL.mask())
