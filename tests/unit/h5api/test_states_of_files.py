"""Files in every state, reached on purpose by a writer that is stepped."""

import threading
import time

import h5py
import numpy as np
import pytest

from id3c_data.errors import FileReplaced
from id3c_data.testing.stepped_writer import SteppedWriter, frame
from id3c_data.testing.waiting import PATIENCE_S, is_blocked

DATA = "/entry/data/data"


def third_point_awaited(process, path, opened, pool):
    """Return the read of a loop that has got the two points which its file has."""
    process.open(path)
    process.frames(path)
    process.append(path, DATA, 2)
    process.close(path)
    points = iter(opened[DATA])
    assert [int(next(points)[0, 0]) for _ in range(2)] == [1, 2]
    return pool.submit(next, points)


class TestFiles:
    def test_one_that_is_not_there_yet_is_waited_for(self, process, path, opened, pool):
        read = pool.submit(lambda: opened[DATA][0])
        assert is_blocked(read)
        process.open(path)
        process.frames(path)
        process.append(path, DATA)
        process.close(path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frame(0))

    def test_one_that_is_empty_has_no_names_at_this_moment(self, path, opened):
        path.touch()
        assert (len(opened), "entry" in opened, opened.get("entry")) == (0, False, None)

    def test_one_that_comes_piece_by_piece_is_waited_for(self, process, path, opened, pool, tmp_path):
        whole = tmp_path / "whole.h5"
        process.open(whole)
        process.frames(whole)
        process.append(whole, DATA, 3)
        process.close(whole)
        content = whole.read_bytes()
        read = pool.submit(lambda: opened[DATA][0:3])
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(content), 1 + len(content) // 7):
                assert is_blocked(read)
                file.write(content[start : start + 1 + len(content) // 7])
        assert read.result(PATIENCE_S).shape == (3, 3, 5)

    def test_one_that_is_replaced_is_read_anew(self, process, path, opened, pool, tmp_path):
        process.open(path)
        process.frames(path)
        process.append(path, DATA)
        process.close(path)
        assert int(opened[DATA][0][0, 0]) == 1
        read = pool.submit(lambda: opened[DATA][1])
        other = tmp_path / "other.h5"
        process.open(other)
        process.frames(other)
        process.append(other, DATA, 2)
        process.close(other)
        assert is_blocked(read)
        other.replace(path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frame(1))

    @pytest.mark.parametrize("same", [True, False])
    def test_one_that_is_replaced_in_an_iteration_is_gone_on_with_if_it_is_the_same(
        self, process, path, opened, pool, tmp_path, same
    ):
        read = third_point_awaited(process, path, opened, pool)
        assert is_blocked(read)
        other = tmp_path / "other.h5"
        with h5py.File(other, "w") as file:
            shift = 0 if same else 7
            file[DATA] = np.stack([frame(n + shift) for n in range(3)])
        other.replace(path)
        if same:
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(2))
        else:
            with pytest.raises(FileReplaced, match="its first point is another one"):
                read.result(PATIENCE_S)

    def test_one_that_is_replaced_by_a_shorter_one_is_no_end_of_the_points(
        self, process, path, opened, pool, tmp_path, state
    ):
        read = third_point_awaited(process, path, opened, pool)
        other = tmp_path / "other.h5"
        with h5py.File(other, "w") as file:
            file.create_dataset(DATA, data=[frame(0)], maxshape=(None, 3, 5))
        other.replace(path)
        assert is_blocked(read)
        state.finish()
        with pytest.raises(FileReplaced, match="it has 1 points"):
            read.result(PATIENCE_S)

    def test_one_that_is_written_over_an_older_longer_one_is_read_anew(self, process, path, opened, tmp_path):
        process.open(path)
        process.frames(path)
        process.append(path, DATA, 40)
        process.close(path)
        assert int(opened[DATA][0][0, 0]) == 1
        other = tmp_path / "other.h5"
        process.open(other)
        process.numbers(other, "x")
        process.append(other, "x", 2)
        process.close(other)
        content = other.read_bytes()
        with path.open("r+b") as file:
            file.write(content)
        assert path.stat().st_size > len(content)
        assert opened["x"][0:2].tolist() == [0, 1]

    def test_one_whose_writer_died_keeps_what_was_flushed(self, path, opened, state, pool):
        writer = SteppedWriter()
        writer.open(path, "latest")
        writer.frames(path)
        writer.append(path, DATA, 2)
        writer.flush(path)
        points = iter(opened[DATA])
        assert [int(next(points)[0, 0]) for _ in range(2)] == [1, 2]
        writer.kill()
        read = pool.submit(next, points, None)
        assert is_blocked(read)
        state.finish()
        assert read.result(PATIENCE_S) is None

    def test_the_writer_is_never_locked_out(self, process, path, opened):
        process.open(path)
        process.frames(path)
        process.append(path, DATA)
        process.close(path)
        assert int(opened[DATA][0][0, 0]) == 1
        process.open(path)  # h5py locks what it writes
        process.frames(path)
        process.append(path, DATA, 2)
        process.close(path)
        assert int(opened[DATA][1][0, 0]) == 2


class TestRestlessFiles:
    """One that is never quiet is read if it only grows."""

    @pytest.fixture
    def whole(self, process, path):
        process.open(path)
        process.frames(path)
        process.append(path, DATA, 3)
        process.close(path)
        return path

    @pytest.fixture
    def restless(self, pool):
        """Does something again and again, until the test or this ends it."""
        stop = threading.Event()

        def start(action):
            def run():
                while not stop.is_set():
                    action()
                    time.sleep(0.0002)

            return pool.submit(run)

        yield start, stop
        stop.set()

    def test_one_that_only_grows_is_read(self, whole, opened, restless, pool):
        start, _ = restless

        def grow():
            with whole.open("ab") as file:
                file.write(bytes(64))

        start(grow)
        read = pool.submit(lambda: opened[DATA][0:3])
        np.testing.assert_array_equal(read.result(PATIENCE_S)[2], frame(2))
