"""Values that are waited for, with a writer that is stepped."""

import numpy as np
import pytest

from id3c_data.errors import (
    FrameNotWritten,
)
from id3c_data.h5api import dynamic_hdf5
from id3c_data.testing.h5api import SteppedState
from id3c_data.testing.stepped_writer import frame
from id3c_data.testing.waiting import PATIENCE_S, is_blocked

DATA = "/entry/data/data"


class TestIndexing:
    @pytest.mark.parametrize("index", [2, slice(0, 3), slice(1, 3), [0, 2], (2, 1), np.int64(2)])
    def test_waits_for_all_that_is_asked_for(self, index, writer, path, opened, pool):
        dataset = opened[DATA]
        writer.append(path, DATA, 2)
        writer.flush(path)
        read = pool.submit(lambda: dataset[index])
        assert is_blocked(read)
        writer.append(path, DATA)
        writer.flush(path)
        expected = np.stack([frame(n) for n in range(3)])[index]
        np.testing.assert_array_equal(read.result(PATIENCE_S), expected)

    def test_returns_at_once_what_is_there(self, writer, path, opened):
        writer.append(path, DATA, 3)
        writer.flush(path)
        np.testing.assert_array_equal(opened[DATA][0:2], [frame(0), frame(1)])

    @pytest.mark.parametrize(
        "index",
        [-1, slice(None), slice(1, None), slice(-2, None), Ellipsis, (), [-1], [True, False, True]],
    )
    def test_an_open_end_means_the_end_of_the_scan(self, index, writer, path, opened, state, pool):
        writer.append(path, DATA, 2)
        writer.flush(path)
        dataset = opened[DATA]
        read = pool.submit(lambda: dataset[index])
        assert is_blocked(read)
        writer.append(path, DATA)
        writer.flush(path)
        assert is_blocked(read)
        state.finish()
        expected = np.stack([frame(n) for n in range(3)])[index]
        np.testing.assert_array_equal(read.result(PATIENCE_S), expected)

    def test_a_mask_that_is_too_short_already_is_refused_at_once(self, writer, path, opened):
        writer.append(path, DATA, 3)
        writer.flush(path)
        with pytest.raises(TypeError, match="a mask of 2 for axis 0, whose length is 3"):
            opened[DATA][[True, False]]

    def test_after_the_end_a_slice_is_cut(self, writer, path, opened, state, pool):
        writer.append(path, DATA, 2)
        writer.flush(path)
        read = pool.submit(lambda: opened[DATA][1:99])
        assert is_blocked(read)
        state.finish()
        np.testing.assert_array_equal(read.result(PATIENCE_S), [frame(1)])

    def test_after_the_end_an_index_beyond_it_is_an_index_error(self, writer, path, opened, state, pool):
        writer.append(path, DATA)
        writer.flush(path)
        read = pool.submit(lambda: opened[DATA][1])
        assert is_blocked(read)
        state.finish()
        with pytest.raises(IndexError):
            read.result(PATIENCE_S)

    def test_room_that_is_not_filled_is_not_read(self, writer, path, opened, pool):
        writer.append(path, DATA)
        writer.make_room(path, DATA, 3)
        writer.flush(path)
        assert len(opened[DATA]) == 3
        read = pool.submit(lambda: opened[DATA][1])
        assert is_blocked(read)

    def test_a_dataset_that_cannot_grow_has_an_end(self, process, path, opened):
        process.open(path)
        process.value(path, "mask", [1, 2, 3])
        process.flush(path)
        mask = opened["mask"]
        assert mask[...].tolist() == list(mask) == [1, 2, 3]
        assert mask[1:99].tolist() == [2, 3]
        process.close(path)


class TestPoints:
    def test_each_comes_once_and_in_order(self, writer, path, opened, state, pool):
        points = iter(opened[DATA])
        for n in range(3):
            read = pool.submit(next, points)
            assert is_blocked(read)
            writer.append(path, DATA)
            writer.flush(path)
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(n))
        read = pool.submit(next, points, None)
        assert is_blocked(read)
        state.finish()
        assert read.result(PATIENCE_S) is None

    def test_the_last_ones_come_also_when_the_scan_is_over(self, writer, path, opened, state):
        writer.append(path, DATA, 5)
        writer.flush(path)
        state.finish()
        assert [int(point[0, 0]) for point in opened[DATA]] == [1, 2, 3, 4, 5]

    def test_numbers_in_one_chunk_come_one_by_one(self, process, path, opened, pool):
        process.open(path)
        process.numbers(path, "x")
        process.append(path, "x", 3)
        process.flush(path)
        points = iter(opened["x"])
        assert [next(points) for _ in range(3)] == [0, 1, 2]
        read = pool.submit(next, points)
        assert is_blocked(read)
        process.append(path, "x")
        process.close(path)
        assert read.result(PATIENCE_S) == 3

    def test_several_datasets_go_together(self, process, path, opened, state):
        process.open(path)
        process.numbers(path, "x")
        process.frames(path)
        process.append(path, "x", 4)
        process.append(path, DATA, 3)
        process.close(path)
        state.finish()
        pairs = [(x, image[0, 0]) for x, image in zip(opened["x"], opened[DATA], strict=False)]
        assert pairs == [(0, 1), (1, 2), (2, 3)]

    def test_several_readers_of_one_file_see_the_same(self, writer, path, state, pool):
        def read_all():
            with dynamic_hdf5.File(path, scan_state=state) as file:
                return [int(point[0, 0]) for point in file[DATA]]

        reads = [pool.submit(read_all) for _ in range(3)]
        for _ in range(10):
            writer.append(path, DATA)
            writer.flush(path)
        assert is_blocked(*reads)
        state.finish()
        assert [read.result(PATIENCE_S) for read in reads] == [list(range(1, 11))] * 3


class TestPromises:
    """What the documents promised is waited for a while, and then said to be missing."""

    @pytest.fixture
    def state(self):
        return SteppedState({DATA: 3})

    def test_what_comes_after_the_end_is_still_read(self, writer, path, opened, state, pool):
        writer.append(path, DATA, 2)
        writer.flush(path)
        state.finish()
        read = pool.submit(list, opened[DATA])
        assert is_blocked(read)
        writer.append(path, DATA)
        writer.flush(path)
        assert len(read.result(PATIENCE_S)) == 3

    def test_iteration_ends_as_soon_as_all_is_there(self, path, writer, state):
        writer.append(path, DATA, 3)
        writer.flush(path)
        state.finish()
        with dynamic_hdf5.File(path, scan_state=state, settle_timeout=PATIENCE_S * 10) as file:
            assert len(list(file[DATA])) == len(file[DATA][...]) == 3

    def test_iteration_ends_with_an_error_after_the_last_that_came(self, writer, path, opened, state):
        writer.append(path, DATA, 2)
        writer.flush(path)
        state.finish()
        seen = []
        with pytest.raises(FrameNotWritten, match="frame 2 is not there, the first 2 are"):
            seen.extend(int(point[0, 0]) for point in opened[DATA])
        seen.clear()
        points = iter(opened[DATA])
        assert [int(next(points)[0, 0]), int(next(points)[0, 0])] == [1, 2]
        with pytest.raises(FrameNotWritten):
            next(points)

    def test_an_index_that_was_promised_names_the_frame(self, writer, path, opened, state):
        writer.append(path, DATA)
        writer.flush(path)
        state.finish()
        with pytest.raises(FrameNotWritten, match="frame 2 is not there, the first is"):
            opened[DATA][2]
        with pytest.raises(IndexError) as beyond:
            opened[DATA][3]
        assert not isinstance(beyond.value, FrameNotWritten)

    def test_room_that_was_never_filled_is_no_data(self, writer, path, opened, state):
        writer.append(path, DATA)
        writer.make_room(path, DATA, 3)
        writer.flush(path)
        state.finish()
        with pytest.raises(FrameNotWritten, match="frame 1 is not there, the first is"):
            list(opened[DATA])
        with pytest.raises(FrameNotWritten):
            opened[DATA][...]
