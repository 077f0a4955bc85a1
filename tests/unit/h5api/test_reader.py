"""When a reader looks again."""

import gc
import os
import time
import weakref
from contextlib import contextmanager
from itertools import count

import h5py
import pytest

from id3c_data.errors import FileIncomplete, FrameNotWritten, Hdf5Error, RetryTimeoutException
from id3c_data.h5api._looks import Look, NotQuiet, NotYet
from id3c_data.h5api._reader import Reader
from id3c_data.h5api._standing import ScanWatch
from id3c_data.h5api._waiting import Patience, Wanted
from id3c_data.testing.waiting import BLOCKED_S, PATIENCE_S, is_blocked


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.h5"
    h5py.File(path, "w").close()
    return path


@pytest.fixture
def wanted(state):
    return Wanted("what is wanted", "there", ScanWatch(state, 0))


def test_a_look_that_met_a_writer_is_made_again_when_the_file_is_quiet(path, wanted):
    """Also where the attempt went on without that file, and says only that something has not come."""
    looks: list[Look] = []

    def attempt(look, _):
        looks.append(look)
        try:
            look.open(path)
        except NotQuiet as error:
            raise NotYet("a part is being written") from error
        return "read"

    reader = Reader(path, Patience(retry_period=10 * PATIENCE_S, retry_timeout=PATIENCE_S))
    assert reader.until(attempt, wanted) == "read"
    assert looks[-1].met_writer is False
    reader.close()


def test_a_look_that_met_no_writer_is_made_again_only_when_something_changes(path, wanted):
    looks = 0

    def attempt(look, _):
        nonlocal looks
        looks += 1
        look.note(path)
        raise NotYet("it has not come")

    reader = Reader(path, Patience(retry_period=10 * PATIENCE_S, retry_timeout=0.5))
    with pytest.raises(
        RetryTimeoutException, match=r"what is wanted did not come within 0\.5 s \(it has not come\)"
    ):
        reader.until(attempt, wanted)
    assert looks <= 2  # once more when a change that came in the moment of the look would show
    reader.close()


def test_looks_that_a_file_server_holds_up_are_made_as_often_as_others(path, wanted):
    """They take time, but none of the processor's."""
    looks = 0

    def attempt(look, _):
        nonlocal looks
        looks += 1
        look.note(path)
        if looks < 3:
            time.sleep(PATIENCE_S / 50)
            raise NotYet("it has not come")
        return "read"

    reader = Reader(path, Patience(retry_period=0.01, retry_timeout=PATIENCE_S))
    assert reader.until(attempt, wanted) == "read"
    reader.close()


def test_a_read_that_waited_long_is_strict_while_the_scan_settles(path, wanted, state, pool):
    looks = 0

    def attempt(look, standing):
        nonlocal looks
        look.open(path)
        if not standing.over:
            raise NotYet("the scan is not over")
        looks += 1
        if looks == 1:
            os.utime(path, ns=(1, 1))
        return looks

    reader = Reader(path, Patience(settle_timeout=BLOCKED_S / 2))
    read = pool.submit(reader.until, attempt, wanted)
    assert is_blocked(read)
    state.finish()
    assert read.result(PATIENCE_S) == 2
    reader.close()


def test_a_file_that_is_written_over_and_over_after_the_end_is_an_error(path, wanted, state):
    times = count(1)

    def attempt(look, _):
        look.open(path)
        os.utime(path, ns=(1, next(times)))
        return "half of it"

    state.finish()
    reader = Reader(path, Patience(settle_timeout=0.05))
    with pytest.raises(FileIncomplete, match=r"what is wanted cannot be read: .* although the scan is over"):
        reader.until(attempt, wanted)
    reader.close()


@contextmanager
def no_garbage_collection():
    """Only what belongs to no circle is freed meanwhile."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("growing", [False, True])
def test_a_read_that_waited_leaves_nothing_to_the_garbage_collector(path, wanted, growing):
    """With each frame it would have more to do, and hold up all threads for that."""
    looks: list[weakref.ref[Look]] = []

    def attempt(look, _):
        looks.append(weakref.ref(look))
        look.open(path)
        if growing:
            with path.open("ab") as file:
                file.write(b"more")
        if len(looks) < 15:
            raise NotYet("it has not come") if len(looks) % 2 else Hdf5Error("half written")
        return "read"

    reader = Reader(path, Patience(retry_period=0.001, retry_timeout=PATIENCE_S))
    with no_garbage_collection():
        assert reader.until(attempt, wanted) == "read"
        assert [look() for look in looks] == [None] * len(looks)
    reader.close()


def test_an_error_in_one_look_at_a_file_that_is_being_written_is_not_believed(path, wanted, state):
    """In a half-written file something may be missing that is there a moment later."""
    looks = 0

    def attempt(look, _):
        nonlocal looks
        looks += 1
        look.open(path)
        if looks <= 10:
            with path.open("ab") as file:
                file.write(b"more")
        if 7 <= looks <= 10:  # when the reader has given up to wait for a quiet moment
            raise FrameNotWritten(looks, 0, path)
        return "read"

    state.finish()
    reader = Reader(path, Patience(settle_timeout=PATIENCE_S))
    assert reader.until(attempt, wanted) == "read"
    reader.close()


def test_after_the_end_nothing_is_read_through_an_older_open(path, wanted, state):
    """The time of a file may be that of a change whose bytes came later."""
    with h5py.File(path, "w") as file:
        file["x"] = 5
    reader = Reader(path, Patience())

    def value():
        return reader.until(lambda look, _: int(look.get(path, "x").node[()]), wanted)

    assert value() == 5
    before = path.stat().st_mtime_ns
    with h5py.File(path, "r+") as file:
        file["x"][()] = 6
    os.utime(path, ns=(before, before))
    state.finish()
    assert value() == 6
    reader.close()
