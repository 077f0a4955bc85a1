"""Frames that are promised and not on disk: an error that names them, never zeros."""

import shutil

import h5py
import numpy as np
import pytest

from id3c_data.errors import (
    BrokenLink,
    FileIncomplete,
    FrameNotWritten,
    Hdf5Error,
    LinkOutsideRoots,
)
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series

MODEL = FrameModel(32, 48, 16)
WRITERS = pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])


def expected(images):
    return np.stack([MODEL.frame(1, image) for image in images])


def write(folder, writer=LegacyWriter, taken=None, images=6, images_per_file=2):
    return writer(folder, Series("x_1", 1, images, images_per_file), MODEL).write_series(taken)


@WRITERS
def test_a_master_alone_promises_frames_and_has_none(tmp_path, writer):
    path = writer(tmp_path, Series("x_1", 1, 6, 2), MODEL).write_master()
    stack = open_stack(path)
    assert stack.shape == (6, 32, 48)
    assert stack.dtype == np.dtype("<u2")
    assert stack.written == 0
    with pytest.raises(FrameNotWritten, match=r"frame 3 is not there.*x_1_data_000002.h5") as caught:
        stack[3].read()
    assert isinstance(caught.value.__cause__, BrokenLink)


@WRITERS
@pytest.mark.parametrize("taken", range(1, 6))
def test_a_series_cut_short_gives_what_is_there_and_an_error_behind(tmp_path, writer, taken):
    stack = open_stack(write(tmp_path, writer, taken).master)
    assert len(stack) == 6
    assert stack.written == taken
    np.testing.assert_array_equal(stack[:taken].read(), expected(range(1, taken + 1)))
    for n in range(taken, 6):
        with pytest.raises(FrameNotWritten) as caught:
            stack[n].read()
        assert (caught.value.frame, caught.value.written) == (n, taken)
        assert caught.value.master == tmp_path / "x_1_master.h5"


@WRITERS
def test_reading_everything_of_a_series_cut_short_is_an_error(tmp_path, writer):
    stack = open_stack(write(tmp_path, writer, taken=3).master)
    with pytest.raises(FrameNotWritten):
        np.asarray(stack)


def test_iteration_gives_all_frames_that_came_and_then_the_error(tmp_path):
    came = []
    with pytest.raises(FrameNotWritten, match="frame 3"):
        came.extend(open_stack(write(tmp_path, taken=3).master))
    np.testing.assert_array_equal(came, expected([1, 2, 3]))


@WRITERS
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_frames_of_other_files_keep_their_numbers_where_one_is_missing(tmp_path, writer, missing):
    files = write(tmp_path, writer)
    files.data[missing - 1].unlink()
    stack = open_stack(files.master)
    assert len(stack) == 6
    for n in range(6):
        if n // 2 + 1 == missing:
            with pytest.raises(FrameNotWritten, match=files.data[missing - 1].name):
                stack[n].read()
        else:
            np.testing.assert_array_equal(stack[n].read(), MODEL.frame(1, n + 1))


@pytest.mark.parametrize("missing", [1, 2])
def test_the_numbers_in_the_data_files_place_them_where_the_master_says_nothing(tmp_path, missing):
    files = write(tmp_path)
    files.data[missing - 1].unlink()
    with h5py.File(files.master, "a") as file:
        del file["entry/instrument/detector/detectorSpecific/nimages"]
    stack = open_stack(files.master)
    np.testing.assert_array_equal(stack[4:].read(), expected([5, 6]))
    with pytest.raises(FrameNotWritten):
        stack[2 * (missing - 1)].read()


def test_without_any_numbers_a_missing_file_counts_as_a_full_one(tmp_path):
    files = write(tmp_path)
    for path in files.data:
        with h5py.File(path, "a") as file:
            del file["entry/data/data"].attrs["image_nr_low"]
    with h5py.File(files.master, "a") as file:
        del file["entry/instrument/detector/detectorSpecific"]
    files.data[1].unlink()
    stack = open_stack(files.master)
    assert len(stack) == 6
    np.testing.assert_array_equal(stack[4:].read(), expected([5, 6]))


def test_frames_lost_within_a_data_file_leave_a_gap(tmp_path):
    files = write(tmp_path)
    with h5py.File(files.data[0], "a") as file:
        file["entry/data/data"].resize(1, axis=0)
    stack = open_stack(files.master)
    with pytest.raises(FrameNotWritten, match=r"frame 1 is not there, the first is.*no data file has it"):
        stack[1].read()
    np.testing.assert_array_equal(stack[2:].read(), expected([3, 4, 5, 6]))


def test_more_frames_on_disk_than_promised_are_all_there(tmp_path):
    files = write(tmp_path)
    with h5py.File(files.master, "a") as file:
        file["entry/instrument/detector/detectorSpecific/nimages"][()] = 1
    np.testing.assert_array_equal(open_stack(files.master).read(), expected(range(1, 7)))


def test_a_promise_beyond_reason_is_not_believed(tmp_path):
    files = write(tmp_path)
    with h5py.File(files.master, "a") as file:
        file["entry/instrument/detector/detectorSpecific/nimages"][()] = 4_000_000_000
    assert len(open_stack(files.master)) == 6


@pytest.mark.parametrize("swmr", [False, True])
def test_room_that_was_made_for_frames_is_no_frames(tmp_path, swmr):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype, swmr=swmr) as file:
        for image in (1, 2):
            file.append(MODEL.frame(1, image), image, 1.7e9)
        file._data.resize(5, axis=0)
    stack = open_stack(file.path)
    assert len(stack) == 5
    assert stack.written == 2
    np.testing.assert_array_equal(stack[:2].read(), expected([1, 2]))
    with pytest.raises(FrameNotWritten, match="no data for it"):
        stack[2].read()


@pytest.mark.parametrize("chunks", [None, (2, 32, 48), (1, 10, 48)])
def test_a_dataset_that_nobody_wrote_to_has_no_frames(tmp_path, chunks):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        dataset = file.create_dataset("entry/data/data", (4, 32, 48), "u2", chunks=chunks)
        if chunks == (1, 10, 48):
            dataset[0, :9] = 1  # a part of a frame is no frame
    stack = open_stack(tmp_path / "p.h5")
    assert stack.written == 0
    with pytest.raises(FrameNotWritten):
        stack[0].read()


def test_a_half_written_data_file_counts_as_missing(tmp_path):
    files = write(tmp_path)
    content = files.data[1].read_bytes()
    files.data[1].write_bytes(content[: len(content) // 2])
    stack = open_stack(files.master)
    np.testing.assert_array_equal(stack[4].read(), MODEL.frame(1, 5))
    with pytest.raises(FrameNotWritten, match=r"x_1_data_000002.h5: the file is not complete"):
        stack[2].read()


@pytest.mark.parametrize("content", [b"", bytes(4096)])
def test_an_empty_data_file_counts_as_missing(tmp_path, content):
    files = write(tmp_path)
    files.data[1].write_bytes(content)
    with pytest.raises(FrameNotWritten, match="x_1_data_000002"):
        open_stack(files.master)[2].read()


def test_a_half_written_master_cannot_be_opened(tmp_path):
    files = write(tmp_path)
    content = files.master.read_bytes()
    files.master.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileIncomplete, match=r"x_1_master.h5"):
        open_stack(files.master)


def test_a_data_file_that_is_no_hdf5_is_a_broken_link(tmp_path):
    files = write(tmp_path)
    files.data[1].write_bytes(b"no HDF5 at all" * 100)
    stack = open_stack(files.master)
    for _ in range(2):
        with pytest.raises(BrokenLink, match=r"x_1_data_000002.h5: the file is not HDF5"):
            stack[2].read()


def test_a_data_file_without_the_dataset_is_a_broken_link(tmp_path):
    files = write(tmp_path)
    with h5py.File(files.data[1], "a") as file:
        file.move("entry/data/data", "entry/data/other")
    with pytest.raises(BrokenLink, match=r"000002.h5: /entry/data lacks 'data'; the group holds 'other'"):
        open_stack(files.master)[2].read()


@WRITERS
def test_a_frame_that_comes_after_opening_is_found(tmp_path, writer):
    series = writer(tmp_path, Series("x_1", 1, 6, 2), MODEL)
    stack = open_stack(series.write_master())
    with pytest.raises(FrameNotWritten):
        stack[2].read()
    series.write_data(2)
    np.testing.assert_array_equal(stack[2].read(), MODEL.frame(1, 3))
    assert stack.files == (tmp_path / "x_1_data_000002.h5",)
    with pytest.raises(FrameNotWritten, match="frame 0"):
        stack[0].read()


def test_a_frame_of_another_kind_that_comes_after_opening_is_refused(tmp_path):
    stack = open_stack(LegacyWriter(tmp_path, Series("x_1", 1, 6, 2), MODEL).write_master())
    LegacyWriter(tmp_path, Series("x_1", 1, 6, 2), FrameModel(32, 48, 32)).write_data(1)
    with pytest.raises(Hdf5Error, match="different kinds"):
        stack[0].read()


@WRITERS
def test_a_data_file_outside_the_allowed_folders_is_refused(tmp_path, writer):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    files = write(inside, writer)
    shutil.move(files.data[1], outside)
    files.data[1].symlink_to(outside / files.data[1].name)
    np.testing.assert_array_equal(open_stack(files.master).read(), expected(range(1, 7)))
    with pytest.raises(LinkOutsideRoots, match="x_1_data_000002"):
        open_stack(files.master, allowed_roots=[inside])


def test_a_file_that_is_replaced_after_opening_is_not_read(tmp_path):
    files = write(tmp_path)
    stack = open_stack(files.master)
    other = tmp_path / "other"
    other.mkdir()
    write(other).data[1].replace(files.data[1])
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        stack[2].read()
    np.testing.assert_array_equal(stack[0].read(), MODEL.frame(1, 1))


def test_a_file_that_is_written_to_after_its_first_read_is_not_read_again(tmp_path):
    files = write(tmp_path)
    stack = open_stack(files.master)
    stack[2].read()
    with files.data[1].open("ab") as file:
        file.write(b"more")
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        stack[2].read()


def test_a_zlib_file_that_is_replaced_after_opening_is_not_read(tmp_path):
    for name in ("p.h5", "q.h5"):
        with PluginWriter(tmp_path / name, MODEL.shape, MODEL.dtype, compression="zlib") as file:
            file.append(MODEL.frame(1, 1), 1, 1.7e9)
    stack = open_stack(tmp_path / "p.h5")
    (tmp_path / "q.h5").replace(tmp_path / "p.h5")
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        stack.read()
