"""What waits for what, with a writer that is stepped through each state of its file."""

import gc
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from pathlib import Path

import numpy as np
import pytest

from id3c_data.errors import (
    BrokenLink,
    FileClosed,
    FrameNotWritten,
    RetryTimeoutError,
    RetryTimeoutException,
)
from id3c_data.h5api import dynamic_hdf5
from id3c_data.testing.h5api import SteppedState
from id3c_data.testing.stepped_writer import SteppedWriter, frame

PATIENCE_S = 30.0
BLOCKED_S = 0.15
"""How long a read must not return; a reader looks at a file many times meanwhile."""
DATA = "/entry/data/data"


@pytest.fixture(scope="module")
def process() -> Iterator[SteppedWriter]:
    writer = SteppedWriter()
    yield writer
    writer.stop()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "scan.h5"


@pytest.fixture(params=["plain", "latest", "swmr"])
def writer(request, process, path):
    """A writer that has made the file, with an empty dataset of frames that grows."""
    process.open(path, request.param)
    process.group(path, "/entry")
    process.frames(path)
    if request.param == "swmr":
        process.start_swmr(path)
    process.flush(path)
    yield process
    process.close(path)


@pytest.fixture
def state() -> SteppedState:
    return SteppedState()


@pytest.fixture
def opened(path, state):
    with dynamic_hdf5.File(path, scan_state=state, settle_timeout=0.3) as file:
        yield file


@pytest.fixture
def pool():
    pool = ThreadPoolExecutor(8)
    yield pool
    pool.shutdown(wait=False)  # what still waits ends when its file is closed


def is_blocked(*reads: Future) -> bool:
    return not wait_for(reads, BLOCKED_S, "FIRST_COMPLETED").done


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

    @pytest.mark.parametrize("index", [-1, slice(None), slice(1, None), slice(-2, None), Ellipsis, (), [-1]])
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
        with pytest.raises(FrameNotWritten, match="frame 2 asked for, 2 written"):
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
        with pytest.raises(FrameNotWritten, match="frame 2 asked for, 1 written"):
            opened[DATA][2]
        with pytest.raises(IndexError) as beyond:
            opened[DATA][3]
        assert not isinstance(beyond.value, FrameNotWritten)

    def test_room_that_was_never_filled_is_no_data(self, writer, path, opened, state):
        writer.append(path, DATA)
        writer.make_room(path, DATA, 3)
        writer.flush(path)
        state.finish()
        with pytest.raises(FrameNotWritten, match="frame 1 asked for, 1 written"):
            list(opened[DATA])
        with pytest.raises(FrameNotWritten):
            opened[DATA][...]


class TestNames:
    def test_end_when_the_scan_is_prepared(self, process, path, opened, state, pool):
        process.open(path)
        process.group(path, "b")
        process.flush(path)
        names = iter(opened)
        assert next(names) == "b"
        read = pool.submit(next, names)
        assert is_blocked(read)
        process.group(path, "a")
        process.flush(path)
        assert read.result(PATIENCE_S) == "a"
        read = pool.submit(list, names)
        assert is_blocked(read)
        process.group(path, "c")
        process.flush(path)
        state.prepare()
        assert read.result(PATIENCE_S) == ["c"]
        process.close(path)

    def test_a_name_is_waited_for(self, process, path, opened, pool):
        process.open(path)
        read = pool.submit(lambda: opened["entry/x"])
        assert is_blocked(read)
        process.group(path, "entry")
        process.flush(path)
        assert is_blocked(read)
        process.value(path, "entry/x", 5)
        process.flush(path)
        assert read.result(PATIENCE_S)[()] == 5
        process.close(path)

    def test_a_name_that_never_came_is_a_key_error(self, process, path, opened, state, pool):
        process.open(path)
        process.close(path)
        state.prepare()
        read = pool.submit(lambda: opened["entry"])
        assert is_blocked(read)
        state.finish()
        with pytest.raises(KeyError, match="there is no 'entry'"):
            read.result(PATIENCE_S)

    def test_membership_and_get_answer_for_this_moment(self, process, path, opened):
        assert "entry" not in opened
        process.open(path)
        process.group(path, "entry")
        process.flush(path)
        assert "entry" in opened
        assert opened.get("other", 7) == 7
        assert len(opened) == 1
        process.close(path)

    def test_an_attribute_is_waited_for(self, process, path, opened, state, pool):
        process.open(path)
        process.group(path, "entry")
        process.flush(path)
        entry = opened["entry"]
        read = pool.submit(lambda: entry.attrs["units"])
        assert is_blocked(read)
        assert entry.attrs.get("units", "none") == "none"
        process.attribute(path, "entry", "units", "mm")
        process.flush(path)
        assert read.result(PATIENCE_S) == "mm"
        read = pool.submit(list, entry.attrs)
        assert is_blocked(read)
        state.prepare()
        assert read.result(PATIENCE_S) == ["units"]
        process.close(path)


class TestLinks:
    def test_the_file_that_a_link_names_is_waited_for(self, process, path, opened, pool):
        process.open(path)
        process.external(path, "data_000001", "data.h5", DATA)
        process.close(path)
        read = pool.submit(lambda: opened["data_000001"][0])
        assert is_blocked(read)
        target = path.with_name("data.h5")
        process.open(target)
        process.frames(target)
        process.append(target, DATA)
        process.close(target)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frame(0))

    def test_a_link_is_given_time_to_settle_and_is_broken_then(self, process, path, opened, state, pool):
        process.open(path)
        process.external(path, "data_000001", "data.h5", DATA)
        process.close(path)
        read = pool.submit(lambda: opened["data_000001"])
        assert is_blocked(read)
        finished = time.monotonic()
        state.finish()
        with pytest.raises(BrokenLink, match=r"data_000001: external link to .*data\.h5"):
            read.result(PATIENCE_S)
        assert time.monotonic() - finished >= 0.3

    def test_the_sources_of_a_virtual_dataset_are_waited_for(self, process, path, opened, pool):
        process.open(path)
        process.virtual(path, "v", ["a.h5", "b.h5"], 2)
        process.close(path)
        points = iter(opened["v"])
        for n, name in enumerate(["a.h5", "b.h5"]):
            read = pool.submit(next, points)
            assert is_blocked(read)
            source = path.with_name(name)
            process.open(source)
            process.frames(source)
            process.append(source, DATA)
            process.flush(source)
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(0))
            read = pool.submit(next, points)
            assert is_blocked(read), n
            process.append(source, DATA)
            process.close(source)
            np.testing.assert_array_equal(read.result(PATIENCE_S), frame(1))
        assert next(points, None) is None


class TestEnds:
    def test_a_timeout_is_never_the_end_of_the_data(self, writer, path, state):
        writer.append(path, DATA)
        writer.flush(path)
        with dynamic_hdf5.File(path, scan_state=state, retry_timeout=0.1) as file:
            dataset, seen = file[DATA], []
            with pytest.raises(RetryTimeoutException, match=r"point 1 did not come within 0\.1 s"):
                seen.extend(int(point[0, 0]) for point in dataset)
            with pytest.raises(RetryTimeoutError):
                dataset[1]
            with pytest.raises(RetryTimeoutError):
                file["other"]
            with pytest.raises(RetryTimeoutError):
                list(file)
            points = iter(dataset)
            assert int(next(points)[0, 0]) == 1

    def test_a_timeout_counts_for_each_point(self, writer, path, state, pool):
        with dynamic_hdf5.File(path, scan_state=state, retry_timeout=2) as file:
            points = iter(file[DATA])
            began = time.monotonic()
            while time.monotonic() - began < 2.5:
                read = pool.submit(next, points)
                assert is_blocked(read)
                writer.append(path, DATA)
                writer.flush(path)
                read.result(PATIENCE_S)

    @pytest.mark.usefixtures("writer")
    def test_closing_from_another_thread_ends_what_waits(self, opened, pool):
        dataset = opened[DATA]
        reads = [
            pool.submit(lambda: dataset[0]),
            pool.submit(lambda: list(dataset)),
            pool.submit(lambda: opened["other"]),
            pool.submit(lambda: list(opened["entry"])),
        ]
        assert is_blocked(*reads)
        opened.close()
        for read in reads:
            with pytest.raises(FileClosed):
                read.result(PATIENCE_S)

    def test_a_long_wait_says_once_what_it_waits_for(self, writer, path, opened, pool, caplog, monkeypatch):
        monkeypatch.setattr("id3c_data.h5api._waiting._TELL_AFTER_S", 0.05)
        dataset = opened[DATA]
        with caplog.at_level(logging.INFO, "id3c_data"):
            read = pool.submit(lambda: dataset[0])
            assert is_blocked(read)
            writer.append(path, DATA)
            writer.flush(path)
            read.result(PATIENCE_S)
        assert [record.getMessage() for record in caplog.records] == [
            f"{path}: {DATA}: waiting for [0] (point 0 is not there, 0 are)"
        ]

    def test_a_file_that_nobody_holds_any_more_is_closed(self, writer, path, state):
        writer.append(path, DATA)
        writer.flush(path)
        file = dynamic_hdf5.File(path, scan_state=state)
        assert int(file[DATA][0][0, 0]) == 1
        before = _descriptors(path)
        assert before
        del file
        gc.collect()
        assert not _descriptors(path)


class TestFiles:
    def test_one_that_is_not_there_yet_is_waited_for(self, process, path, opened, pool):
        read = pool.submit(lambda: opened[DATA][0])
        assert is_blocked(read)
        process.open(path)
        process.frames(path)
        process.append(path, DATA)
        process.close(path)
        np.testing.assert_array_equal(read.result(PATIENCE_S), frame(0))

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


class TestInterrupt:
    def test_ctrl_c_ends_a_wait(self, path):
        code = (
            "import sys\n"
            "from id3c_data.h5api import dynamic_hdf5\n"
            "print('waits', flush=True)\n"
            "dynamic_hdf5.File(sys.argv[1])['1.1']\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "waits\n"
        time.sleep(BLOCKED_S)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGINT
        assert errors.strip().endswith("KeyboardInterrupt")


def _descriptors(path: Path) -> list[str]:
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except OSError:
            continue
    return [link for link in links if link == str(path)]
