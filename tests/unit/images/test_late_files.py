"""Data files that are looked into when a frame of them is needed, and not before."""

import pickle
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.errors import FrameNotWritten, Hdf5Error
from id3c_data.h5api import IndependentResolver
from id3c_data.images import open_stack
from id3c_data.images._layouts import Layout
from id3c_data.images._parts import Place
from id3c_data.images._recording import RecordingResolver
from id3c_data.sim import FrameModel, LegacyWriter, NexusWriter, Series

MODEL = FrameModel(4, 5, 16)
DATA = "entry/data/data"


def write(folder, writer=LegacyWriter, images=8, images_per_file=2, model=MODEL):
    return writer(folder, Series("x_1", 1, images, images_per_file), model).write_series()


def change(path, edit):
    with h5py.File(path, "a") as file:
        edit(file[DATA])


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that were opened with HDF5, as a list that the test may empty."""
    names = []
    plain = RecordingResolver.open

    def noted(self, path):
        names.append(Path(path).name)
        return plain(self, path)

    monkeypatch.setattr(RecordingResolver, "open", noted)
    return names


@pytest.mark.parametrize(
    ("writer", "expected"),
    [(LegacyWriter, ["x_1_data_000001.h5", "x_1_data_000004.h5"]), (NexusWriter, [])],
)
def test_the_shape_takes_the_first_and_the_last_data_file_at_most(tmp_path, writer, expected, opened):
    stack = open_stack(write(tmp_path, writer).master)
    assert (stack.shape, stack.dtype) == ((8, 4, 5), np.dtype("<u2"))
    assert opened == ["x_1_master.h5", *expected]


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_a_frame_takes_its_own_data_file_once(tmp_path, writer, opened):
    stack = open_stack(write(tmp_path, writer).master)
    opened.clear()
    for n in (4, 5, 4):
        np.testing.assert_array_equal(stack[n].read(), MODEL.frame(1, n + 1))
    assert opened == ["x_1_data_000003.h5"]


def test_threads_that_need_a_file_at_once_look_into_it_once(tmp_path, opened):
    stack = open_stack(write(tmp_path, images_per_file=4).master)
    opened.clear()
    start = threading.Barrier(4)

    def read(n):
        start.wait(10)
        return stack[n].read()

    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(
            list(pool.map(read, range(4))), [MODEL.frame(1, n) for n in range(1, 5)]
        )
    assert opened == ["x_1_data_000001.h5"]


def test_files_and_written_look_into_all(tmp_path):
    files = write(tmp_path)
    stack = open_stack(files.master)
    assert stack.files == tuple(files.data)
    assert stack.written == 8


def test_fewer_frames_in_a_file_leave_a_gap(tmp_path):
    files = write(tmp_path)
    change(files.data[1], lambda data: data.resize(1, axis=0))
    stack = open_stack(files.master)
    assert (len(stack), stack.written) == (8, 3)
    with pytest.raises(FrameNotWritten, match=r"frame 3 is not there, the first 3 are.*no data file has it"):
        stack[3].read()
    np.testing.assert_array_equal(stack[4].read(), MODEL.frame(1, 5))


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.attrs.create("image_nr_low", 4),
        lambda data: data.attrs.pop("image_nr_low"),
        lambda data: data.resize(3, axis=0),
    ],
    ids=["another number", "no number", "too many frames"],
)
def test_a_file_that_contradicts_those_beside_it_is_an_error_and_never_other_frames(tmp_path, edit):
    files = write(tmp_path)
    change(files.data[1], edit)
    stack = open_stack(files.master)
    with pytest.raises(Hdf5Error, match=r"data_000002.*leave room for 2 from number 3 on"):
        stack[2].read()
    with pytest.raises(Hdf5Error, match="leave room"):
        list(stack)
    np.testing.assert_array_equal(stack[4:].read(), [MODEL.frame(1, n) for n in range(5, 9)])


def test_a_file_that_contradicts_those_beside_it_leaves_the_others_readable(tmp_path):
    files = write(tmp_path)
    change(files.data[1], lambda data: data.resize(3, axis=0))
    stack = open_stack(files.master)
    found = stack.as_found()
    assert [some.written for some in (stack, found)] == [2, 2]
    assert stack.files == found.files == (files.data[0], *files.data[2:])
    with pytest.raises(Hdf5Error, match=r"data_000002.*leave room for 2 from number 3 on"):
        found[2].read()
    np.testing.assert_array_equal(found[4:].read(), [MODEL.frame(1, n) for n in range(5, 9)])


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_a_file_of_another_kind_leaves_the_others_readable(tmp_path, writer):
    files = write(tmp_path, writer)
    writer(tmp_path, Series("x_1", 1, 8, 2), FrameModel(4, 5, 32)).write_data(2)
    found = open_stack(files.master).as_found()
    assert (found.written, found.files) == (2, (files.data[0], *files.data[2:]))
    with pytest.raises(Hdf5Error, match=r"different kinds.*x_1_data_000002"):
        found[2].read()
    np.testing.assert_array_equal(found[4].read(), MODEL.frame(1, 5))


def lead_on(path):
    """Move a data file away, and leave one in its place that leads there by an external link."""
    raw = path.with_name(f"raw_{path.name}")
    path.rename(raw)
    with h5py.File(path, "w") as file:
        file[DATA] = h5py.ExternalLink(raw.name, DATA)
    return raw


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_data_files_that_lead_on_to_others_are_read(tmp_path, writer):
    files = write(tmp_path, writer)
    raw = [lead_on(path) for path in files.data]
    stack = open_stack(files.master)
    np.testing.assert_array_equal(stack.read(), [MODEL.frame(1, n) for n in range(1, 9)])
    assert (stack.written, stack.files) == (8, tuple(raw))


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_file_that_leads_on_is_not_followed_once_it_is_replaced(tmp_path, writer, elsewhere):
    files = write(tmp_path, writer)
    lead_on(files.data[2])
    stack = open_stack(files.master)
    there = pickle.loads(pickle.dumps(stack)) if elsewhere else stack  # noqa: S301
    shutil.copy(files.data[2], tmp_path / "other.h5")
    (tmp_path / "other.h5").replace(files.data[2])
    with pytest.raises(Hdf5Error, match=r"x_1_data_000003.h5.*changed or replaced"):
        there[4].read()
    np.testing.assert_array_equal(there[3].read(), MODEL.frame(1, 4))


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_a_file_of_another_kind_is_refused_when_it_is_needed(tmp_path, writer):
    files = write(tmp_path, writer)
    writer(tmp_path, Series("x_1", 1, 8, 2), FrameModel(4, 5, 32)).write_data(2)
    stack = open_stack(files.master)
    with pytest.raises(Hdf5Error, match=r"different kinds.*x_1_data_000002"):
        stack[2].read()
    np.testing.assert_array_equal(stack[6].read(), MODEL.frame(1, 7))


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_file_that_is_replaced_before_its_first_frame_is_needed_is_not_read(tmp_path, writer, elsewhere):
    files = write(tmp_path, writer)
    stack = open_stack(files.master)
    there = pickle.loads(pickle.dumps(stack)) if elsewhere else stack  # noqa: S301
    shutil.copy(files.data[2], tmp_path / "other.h5")
    (tmp_path / "other.h5").replace(files.data[2])
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        there[4].read()
    np.testing.assert_array_equal(there[3].read(), MODEL.frame(1, 4))
    assert not stack.unchanged


def test_a_file_that_is_gone_when_it_is_needed_is_a_frame_that_is_not_there(tmp_path):
    files = write(tmp_path)
    stack = open_stack(files.master)
    files.data[1].unlink()
    with pytest.raises(FrameNotWritten, match=r"x_1_data_000002.h5"):
        stack[2].read()


def test_a_damaged_file_is_an_error_when_it_is_needed(tmp_path):
    files = write(tmp_path)
    files.data[1].write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    stack = open_stack(files.master)
    assert len(stack) == 8
    with pytest.raises((Hdf5Error, FrameNotWritten), match=r"x_1_data_000002.h5"):
        stack[2].read()


def places(path, *, late):
    """Where each frame is: file, path and number there; None where it is nowhere."""
    resolver = IndependentResolver()
    with resolver.open(path) as file:
        frames = Layout.of(resolver, file, "threshold_1").frames(resolver, file, late=late)
    found = [frames.locate(n) for n in range(frames.frames)]
    where = [(place.source.where, place.number) if isinstance(place, Place) else None for place in found]
    return frames.type, frames.written, where


@settings(max_examples=25, deadline=None)
@given(
    writer=st.sampled_from([LegacyWriter, NexusWriter]),
    images_per_file=st.integers(1, 4),
    missing=st.sets(st.integers(1, 4), max_size=2),
    shorter=st.sets(st.integers(1, 4), max_size=2),
    promised=st.sampled_from([8, 8, 1, 7, 9, 20]),
    unlinked=st.booleans(),
)
def test_frames_are_where_a_look_into_all_files_finds_them(
    writer, images_per_file, missing, shorter, promised, unlinked
):
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), writer, images_per_file=images_per_file)
        for number, path in enumerate(files.data, 1):
            if number in shorter and images_per_file > 1:
                change(path, lambda data: data.resize(len(data) - 1, axis=0))
            if number in missing and len(missing) < len(files.data):
                path.unlink()
        with h5py.File(files.master, "a") as file:
            file["entry/instrument/detector/detectorSpecific/nimages"][()] = promised
            if unlinked and writer is LegacyWriter and len(files.data) > 1:
                del file[f"entry/data/data_{len(files.data):06}"]
        if missing < set(range(1, len(files.data) + 1)) and any(path.exists() for path in files.data):
            assert places(files.master, late=True) == places(files.master, late=False)
