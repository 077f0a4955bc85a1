"""A stack whose run is open: what waits for what, with a writer stepped through the states of its files."""

import logging
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest

from id3c_data.errors import (
    BrokenLink,
    FileClosed,
    FileMissing,
    FrameNotWritten,
    LinkOutsideRoots,
    RetryTimeoutException,
)
from id3c_data.h5api import ScanWatch
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, NexusWriter, Series
from id3c_data.testing.h5api import SteppedState
from id3c_data.testing.stepped_writer import SteppedWriter, frame
from id3c_data.testing.waiting import PATIENCE_S, is_blocked

DATA = "/entry/data/data"
MODEL = FrameModel(32, 48, 16)


@pytest.fixture(scope="module")
def process():
    writer = SteppedWriter()
    yield writer
    writer.stop()


@pytest.fixture(params=["plain", "latest", "swmr"])
def writer(request, process, path):
    """A writer that has made the plugin's file, with an empty dataset of frames that grows."""
    with process.growing(path, request.param):
        yield process


@pytest.fixture
def path(tmp_path):
    return tmp_path / "plugin.h5"


@pytest.fixture
def state():
    return SteppedState()


@pytest.fixture
def stack(writer, path, state):  # noqa: ARG001 (it makes the file)
    with open_stack(path, scan_state=state, settle_timeout=0.3) as stack:
        yield stack


@pytest.fixture
def pool():
    pool = ThreadPoolExecutor(8)
    yield pool
    pool.shutdown(wait=False)  # what still waits ends when its stack is closed


def append(writer, path, count=1):
    writer.append(path, DATA, count)
    writer.flush(path)


def frames(*numbers):
    return np.stack([frame(n) for n in numbers])


class TestReading:
    @pytest.mark.parametrize(
        "key", [2, slice(0, 3), slice(1, 3), [0, 2], (2, 1), (slice(1, 3), slice(1, 2), 4), np.int64(2)]
    )
    def test_waits_for_all_that_is_asked_for(self, key, writer, path, stack, pool):
        append(writer, path, 2)
        view = stack[key]
        read = pool.submit(view.read)
        assert is_blocked(read)
        append(writer, path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frames(0, 1, 2)[key])

    def test_returns_at_once_what_is_there(self, writer, path, stack):
        append(writer, path, 3)
        np.testing.assert_array_equal(stack[0:2].read(), frames(0, 1))

    @pytest.mark.parametrize("key", [-1, slice(None), slice(1, None), slice(-2, None), Ellipsis, [-1]])
    def test_an_open_end_means_the_end_of_the_run(self, key, writer, path, stack, state, pool):
        append(writer, path, 2)
        read = pool.submit(stack[key].read)
        assert is_blocked(read)
        append(writer, path)
        assert is_blocked(read)
        state.finish()
        np.testing.assert_array_equal(read.result(PATIENCE_S), frames(0, 1, 2)[key])

    def test_a_view_of_a_view_waits_for_what_it_means(self, writer, path, stack, pool):
        append(writer, path, 2)
        read = pool.submit(stack[1:][1].read)
        assert is_blocked(read)
        append(writer, path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frame(2))

    def test_an_event_is_read_when_it_is_whole(self, writer, path, stack, pool):
        append(writer, path, 3)
        read = pool.submit(stack.by_event(2)[1].read)
        assert is_blocked(read)
        append(writer, path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frames(2, 3))

    def test_after_the_end_a_slice_is_cut(self, writer, path, stack, state, pool):
        append(writer, path, 2)
        read = pool.submit(stack[1:99].read)
        assert is_blocked(read)
        state.finish()
        np.testing.assert_array_equal(read.result(PATIENCE_S), frames(1))

    def test_after_the_end_a_frame_beyond_it_is_an_index_error(self, writer, path, stack, state, pool):
        append(writer, path)
        read = pool.submit(stack[1].read)
        assert is_blocked(read)
        state.finish()
        with pytest.raises(IndexError) as beyond:
            read.result(PATIENCE_S)
        assert not isinstance(beyond.value, FrameNotWritten)

    def test_room_that_is_not_filled_is_not_read(self, writer, path, stack, state, pool):
        append(writer, path)
        writer.make_room(path, DATA, 3)
        writer.flush(path)
        assert stack.written == 1
        read = pool.submit(stack[1].read)
        assert is_blocked(read)
        state.finish()
        with pytest.raises(FrameNotWritten, match="frame 1 is not there, the first is"):
            read.result(PATIENCE_S)

    def test_a_stack_that_cannot_be_made_into_events_is_refused(self, stack):
        with pytest.raises(ValueError, match="events of 0"):
            stack.by_event(0)
        with pytest.raises(ValueError, match="not made of events of 2"):
            stack[0:3].by_event(2)

    def test_pixels_beyond_the_frame_are_refused_at_once(self, stack):
        with pytest.raises(IndexError, match="out of bounds"):
            stack[:, 99]


class TestIteration:
    def test_each_frame_comes_once_and_in_order_and_the_end_with_the_run(
        self, writer, path, stack, state, pool
    ):
        points = iter(stack)
        for n in range(3):
            read = pool.submit(next, points)
            assert is_blocked(read)
            append(writer, path)
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(n))
        read = pool.submit(next, points, None)
        assert is_blocked(read)
        state.finish()
        assert read.result(PATIENCE_S) is None

    def test_frames_are_read_only(self, writer, path, stack):
        append(writer, path)
        with pytest.raises(ValueError, match="read-only"):
            next(iter(stack))[0, 0] = 1

    def test_a_part_that_has_an_end_does_not_wait_for_the_run(self, writer, path, stack):
        append(writer, path, 4)
        assert [int(image[0, 0]) for image in stack[1:4:2]] == [2, 4]

    def test_a_region_of_each_frame_comes_as_the_frame_does(self, writer, path, stack):
        append(writer, path, 2)
        regions = iter(stack[1:, 1:3, ::2])
        np.testing.assert_array_equal(next(regions), frame(1)[1:3, ::2])

    def test_events_come_when_they_are_whole(self, writer, path, stack, state, pool):
        append(writer, path, 3)
        events = iter(stack.by_event(2))
        np.testing.assert_array_equal(next(events), frames(0, 1))
        read = pool.submit(next, events)
        assert is_blocked(read)
        append(writer, path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frames(2, 3))
        state.finish()
        assert next(events, None) is None

    def test_a_run_that_ends_within_an_event_is_told(self, writer, path, stack, state):
        append(writer, path, 3)
        state.finish()
        with pytest.raises(ValueError, match="not made of events of 2"):
            list(stack.by_event(2))

    def test_from_the_end_backwards_waits_for_the_end(self, writer, path, stack, state, pool):
        append(writer, path, 3)
        read = pool.submit(list, stack[::-1])
        assert is_blocked(read)
        state.finish()
        np.testing.assert_array_equal(read.result(PATIENCE_S), frames(2, 1, 0))

    def test_rows_of_one_frame(self, writer, path, stack):
        append(writer, path)
        np.testing.assert_array_equal(list(stack[0]), frame(0))


class TestLength:
    def test_is_what_is_there_where_nobody_says_more(self, writer, path, stack):
        assert (len(stack), stack.written, stack.shape) == (0, 0, (0, 3, 5))
        append(writer, path, 2)
        assert (len(stack), stack.written) == (2, 2)
        assert stack[1:].shape == (1, 3, 5)
        assert stack[7].shape == (3, 5)

    def test_is_what_the_documents_promised_so_far(self, writer, path, stack, state):
        append(writer, path)
        state.promised[DATA] = 3
        assert (len(stack), stack.written) == (3, 1)
        state.promised[DATA] = 5
        assert (len(stack), stack.by_event(2).shape) == (5, (2, 2, 3, 5))


class TestPromises:
    """What the documents promised is waited for a while after the end, and then said to be missing."""

    @pytest.fixture
    def state(self):
        return SteppedState({DATA: 3})

    def test_what_comes_after_the_end_is_still_read(self, writer, path, stack, state, pool):
        append(writer, path, 2)
        state.finish()
        reads = [pool.submit(list, stack), pool.submit(stack[:].read)]
        assert is_blocked(*reads)
        append(writer, path)
        assert [len(read.result(PATIENCE_S)) for read in reads] == [3, 3]

    def test_nothing_is_waited_for_when_all_is_there(self, writer, path, state):
        append(writer, path, 3)
        state.finish()
        with open_stack(path, scan_state=state, settle_timeout=PATIENCE_S * 10) as stack:
            assert len(list(stack)) == len(stack.read()) == len(stack[1:99].read()) + 1 == 3

    def test_iteration_ends_with_an_error_after_the_last_that_came(self, writer, path, stack, state):
        append(writer, path, 2)
        state.finish()
        seen = []
        with pytest.raises(FrameNotWritten, match="frame 2 is not there, the first 2 are") as caught:
            seen.extend(int(image[0, 0]) for image in stack)
        assert seen == [1, 2]
        assert caught.value.master == path

    def test_a_slice_with_a_missing_frame_is_an_error_and_not_shorter(self, writer, path, stack, state):
        append(writer, path, 2)
        state.finish()
        for key in (slice(None), slice(0, 99), 2, [0, 2]):
            with pytest.raises(FrameNotWritten):
                stack[key].read()
        with pytest.raises(IndexError) as beyond:
            stack[3].read()
        assert not isinstance(beyond.value, FrameNotWritten)

    @pytest.mark.usefixtures("writer")
    def test_the_error_says_which_run_it_was(self, path):
        class Aborted(SteppedState):
            def describe(self):
                return "run 7d2f: the run ended as 'abort'"

        state = Aborted({DATA: 3})
        state.finish()
        with (
            open_stack(path, scan_state=state, settle_timeout=0) as stack,
            pytest.raises(FrameNotWritten, match="run 7d2f: the run ended as 'abort'"),
        ):
            stack[1].read()

    def test_a_master_that_never_came_is_frames_that_never_came(self, tmp_path, state):
        state.finish()
        with pytest.raises(FrameNotWritten, match=r"frame 0 is not there.*is not there") as caught:
            open_stack(tmp_path / "plugin.h5", scan_state=state, settle_timeout=0.1)
        assert isinstance(caught.value.__cause__, FileMissing)


class TestFilesThatComeLater:
    @pytest.fixture
    def state(self):
        return SteppedState()

    @pytest.fixture
    def files(self, tmp_path, request):
        """A whole series that waits elsewhere to be moved to its place."""
        layout = getattr(request, "param", LegacyWriter)
        spool = tmp_path / "spool"
        spool.mkdir()
        return layout(spool, Series("x_1", 1, 6, 2), MODEL).write_series()

    @pytest.fixture
    def place(self, tmp_path):
        place = tmp_path / "place"
        place.mkdir()

        def move(*paths):
            for path in paths:
                shutil.copyfile(path, place / path.name)

        move.folder = place
        return move

    def test_a_master_is_waited_for(self, files, place, state, pool):
        opening = pool.submit(open_stack, place.folder / files.master.name, scan_state=state)
        assert is_blocked(opening)
        place(files.master)
        with opening.result(PATIENCE_S) as stack:
            assert (stack.shape, stack.dtype) == ((0, 32, 48), np.uint16)

    @pytest.mark.parametrize("files", [LegacyWriter, NexusWriter], indirect=True)
    def test_data_files_are_waited_for_one_by_one(self, files, place, state, pool):
        place(files.master)
        with open_stack(place.folder / files.master.name, scan_state=state) as stack:
            images = iter(stack)
            for k, data in enumerate(files.data):
                read = pool.submit(next, images)
                assert is_blocked(read)
                place(data)
                np.testing.assert_array_equal(read.result(PATIENCE_S), MODEL.frame(1, 2 * k + 1))
                np.testing.assert_array_equal(next(images), MODEL.frame(1, 2 * k + 2))
                assert stack.written == 2 * k + 2
                assert len(stack.files) == k + 1
            state.finish()
            assert next(images, None) is None

    @pytest.mark.parametrize("files", [LegacyWriter, NexusWriter], indirect=True)
    def test_one_that_never_comes_is_an_error_after_the_settling(self, files, place, state, pool):
        place(files.master, files.data[0], files.data[2])
        with open_stack(place.folder / files.master.name, scan_state=state, settle_timeout=0.3) as stack:
            np.testing.assert_array_equal(stack[5].read(), MODEL.frame(1, 6))
            read = pool.submit(stack[2].read)
            assert is_blocked(read)
            state.finish()
            with pytest.raises(FrameNotWritten, match=r"the first 2 are.*x_1_data_000002.h5"):
                read.result(PATIENCE_S)

    def test_a_second_master_is_waited_for(self, files, place, state, pool, tmp_path):
        other = LegacyWriter(tmp_path / "spool", Series("x_2", 2, 2), MODEL).write_series()
        place(files.master, *files.data)
        paths = [place.folder / path.name for path in (files.master, other.master)]
        with open_stack(*paths, scan_state=SteppedStateWithoutPromises(state)) as stack:
            read = pool.submit(stack[6].read)
            assert is_blocked(read)
            place(other.master, *other.data)
            np.testing.assert_array_equal(read.result(PATIENCE_S), MODEL.frame(2, 1))
            state.finish()
            assert len(list(stack)) == 8

    def test_the_documents_say_where_the_next_master_begins(self, place, pool, tmp_path):
        spool = tmp_path / "spool"
        spool.mkdir()
        series = [LegacyWriter(spool, Series(f"x_{n}", n, 3), MODEL).write_series() for n in (1, 2)]
        state = PromisesByFile({"x_1_master.h5": 2})
        paths = [place.folder / files.master.name for files in series]
        for files in series:
            place(files.master, *files.data)
        with open_stack(*paths, scan_state=state) as stack:
            images = iter(stack)
            for n in (1, 2):
                np.testing.assert_array_equal(next(images), MODEL.frame(1, n))
            read = pool.submit(next, images)
            assert is_blocked(read)  # the third frame of the first master may yet be one of the run's
            state.promise({"x_2_master.h5": 1})
            np.testing.assert_array_equal(read.result(PATIENCE_S), MODEL.frame(2, 1))
            state.finish()
            assert [int(n) for n in (len(stack), stack.written)] == [5, 5]

    def test_one_of_another_kind_is_refused_and_not_mixed_in(self, files, place, state, pool):
        place(files.master, files.data[0])
        with open_stack(place.folder / files.master.name, scan_state=state, settle_timeout=0) as stack:
            read = pool.submit(stack[2].read)
            assert is_blocked(read)
            wrong = place.folder / files.data[1].name
            with h5py.File(wrong, "w") as file:
                file[DATA] = np.zeros((2, 3, 3), "u2")
            assert is_blocked(read)
            state.finish()
            with pytest.raises(OSError, match="different kinds"):
                read.result(PATIENCE_S)

    def test_one_outside_the_allowed_folders_is_refused_at_once(self, files, place, state, pool):
        place(files.master, files.data[0])
        master = place.folder / files.master.name
        with open_stack(master, scan_state=state, allowed_roots=[place.folder]) as stack:
            read = pool.submit(stack[2].read)
            assert is_blocked(read)
            (place.folder / files.data[1].name).symlink_to(files.data[1])
            with pytest.raises(LinkOutsideRoots):
                read.result(PATIENCE_S)

    def test_metadata_and_mask_are_those_of_the_master(self, files, place, state):
        place(files.master)
        with open_stack(place.folder / files.master.name, scan_state=state) as stack:
            assert stack.metadata == open_stack(files.master).metadata
            np.testing.assert_array_equal(stack[3, 5:9].mask, MODEL.mask()[5:9])


class SteppedStateWithoutPromises:
    """The state of a scan that knows nothing of what there will be."""

    def __init__(self, state):
        self._state = state

    @property
    def phase(self):
        return self._state.phase

    def wait_for_change(self, known, timeout=None):
        return self._state.wait_for_change(known, timeout)


class PromisesByFile(SteppedState):
    """The state of a run whose documents promise frames of files, by name."""

    def promised_points(self, path, name):
        return self.promised.get(path.name) if name == DATA else None

    def promise(self, more):
        self.promised.update(more)


class TestEnds:
    def test_a_timeout_is_never_the_end_of_the_data(self, writer, path, state):
        append(writer, path)
        with open_stack(path, scan_state=state, retry_timeout=0.1) as stack:
            seen = []
            with pytest.raises(RetryTimeoutException, match=r"frame 1 did not come within 0\.1 s"):
                seen.extend(int(image[0, 0]) for image in stack)
            assert seen == [1]
            for key in (1, slice(None), slice(0, 2)):
                with pytest.raises(RetryTimeoutException):
                    stack[key].read()

    def test_a_master_that_does_not_come_is_a_timeout(self, tmp_path, state):
        with pytest.raises(RetryTimeoutException, match="is not there"):
            open_stack(tmp_path / "never.h5", scan_state=state, retry_timeout=0.1)

    def test_closing_ends_all_waits(self, stack, writer, path, pool):
        append(writer, path)
        reads = [pool.submit(stack[1].read), pool.submit(list, stack), pool.submit(stack.read)]
        assert is_blocked(*reads)
        stack.close()
        for read in reads:
            with pytest.raises(FileClosed):
                read.result(PATIENCE_S)
        with pytest.raises(FileClosed):
            stack[0].read()

    def test_a_long_wait_says_once_what_it_waits_for(self, stack, pool, monkeypatch, caplog):
        monkeypatch.setattr("id3c_data.h5api._waiting._TELL_AFTER_S", 0.05)
        with caplog.at_level(logging.WARNING, "id3c_data.h5api"):
            assert is_blocked(pool.submit(stack[1].read))
            stack.close()
        assert [record.message for record in caplog.records if "waiting for frame 1" in record.message] != []
        assert len(caplog.records) == 1

    @pytest.mark.usefixtures("writer")
    def test_stacks_that_share_a_watch_settle_once(self, path):
        state = SteppedState({DATA: 2})
        state.finish()
        watch = ScanWatch(state, settle_timeout=0.2)
        for _ in range(2):
            with open_stack(path, scan_state=watch) as stack, pytest.raises(FrameNotWritten):
                stack[1].read()
        assert not watch.standing().settling


class TestReplacedFiles:
    @pytest.mark.parametrize("mode", ["plain", "swmr"])
    def test_another_file_of_the_same_name_is_read_and_not_mixed(self, mode, process, path, state, tmp_path):
        for name in ("plugin.h5", "other.h5"):
            process.open(tmp_path / name, mode)
            process.frames(tmp_path / name)
            process.append(tmp_path / name, DATA, 2 if name == "plugin.h5" else 5)
            process.close(tmp_path / name)
        with open_stack(path, scan_state=state) as stack:
            assert (stack.written, int(stack[1].read()[0, 0])) == (2, 2)
            (tmp_path / "other.h5").replace(path)
            assert int(stack[4].read()[0, 0]) == 5
            assert stack.written == 5

    def test_one_that_grows_over_an_older_longer_one_is_read_only_where_it_is_new(
        self, process, path, state, pool
    ):
        process.open(path)
        process.frames(path)
        process.append(path, DATA, 5)
        process.close(path)
        with open_stack(path, scan_state=state) as stack:
            assert stack.written == 5
            process.open(path)  # which cuts the old one off
            process.frames(path)
            process.append(path, DATA, 2)
            process.flush(path)
            read = pool.submit(stack[3].read)
            assert is_blocked(read)
            assert stack.written == 2
            process.append(path, DATA, 2)
            process.close(path)
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(3))


class TestVirtualDatasetsWithoutAnEnd:
    @pytest.fixture
    def path(self, tmp_path):
        unlimited = h5py.h5s.UNLIMITED
        layout = h5py.VirtualLayout((1, 3, 5), "u4", maxshape=(None, 3, 5))
        source = h5py.VirtualSource("source.h5", DATA, (1, 3, 5), maxshape=(None, 3, 5))
        layout[0:unlimited, :, :] = source[0:unlimited, :, :]
        with h5py.File(tmp_path / "virtual.h5", "w", libver="latest") as file:
            file.create_virtual_dataset(DATA, layout)
        return tmp_path / "virtual.h5"

    def test_a_missing_source_is_no_frames_of_zeros(self, path):
        with pytest.raises(BrokenLink, match=r"source\.h5"):
            open_stack(path)

    @pytest.mark.parametrize("mode", ["plain", "swmr"])
    def test_they_grow_with_their_source(self, mode, path, process, state, pool):
        opening = pool.submit(open_stack, path, scan_state=state)
        assert is_blocked(opening)
        source = path.with_name("source.h5")
        process.open(source, mode)
        process.frames(source)
        if mode == "swmr":
            process.start_swmr(source)
        append(process, source, 2)
        with opening.result(PATIENCE_S) as stack:
            images = iter(stack)
            for n in range(2):
                np.testing.assert_array_equal(next(images), frame(n))
            read = pool.submit(next, images)
            assert is_blocked(read)
            append(process, source)
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(2))
            assert (len(stack), stack.written) == (3, 3)
            process.close(source)
        np.testing.assert_array_equal(open_stack(path).read(), frames(0, 1, 2))


def test_frames_come_compressed_as_they_land(stack, writer, path, state, pool):
    coming = stack.compressed()
    for n in range(3):
        following = pool.submit(next, coming)
        assert is_blocked(following)
        append(writer, path)
        np.testing.assert_array_equal(following.result(PATIENCE_S).pixels(), frame(n))
    last = pool.submit(next, coming, None)
    assert is_blocked(last)
    state.finish()
    assert last.result(PATIENCE_S) is None
    backwards = [one.pixels() for one in stack[::-1].compressed()]
    np.testing.assert_array_equal(backwards, [frame(2), frame(1), frame(0)])


def test_a_sum_waits_for_all_frames_that_it_is_of(stack, writer, path, state, pool):
    first_two, all_of_them = pool.submit(stack[:2].sum, 0), pool.submit(stack.max, 0)
    append(writer, path)
    assert is_blocked(first_two, all_of_them)
    append(writer, path, 2)
    np.testing.assert_array_equal(first_two.result(PATIENCE_S), frames(0, 1).sum(axis=0))
    assert is_blocked(all_of_them)
    state.finish()
    np.testing.assert_array_equal(all_of_them.result(PATIENCE_S), frames(0, 1, 2).max(axis=0))


def test_a_dask_array_stays_as_long_as_it_was_made(stack, writer, path):
    append(writer, path, 2)
    lazy = stack.to_dask()
    append(writer, path)
    np.testing.assert_array_equal(lazy[-1].compute(scheduler="synchronous"), frame(1))
    np.testing.assert_array_equal(lazy[1:].compute(scheduler="synchronous"), frames(1))
    np.testing.assert_array_equal(lazy[1:].compute(), frames(1))
    np.testing.assert_array_equal(lazy.compute(), frames(0, 1))


def test_a_stack_that_grows_cannot_go_elsewhere(stack):
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(stack)
