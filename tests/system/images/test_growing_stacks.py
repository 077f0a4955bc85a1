"""Stacks of frames that grow under a writer that runs free."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from id3c_data.errors import FileClosed, FrameNotWritten
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, NexusWriter, Series
from id3c_data.testing.free_writer import DATA, Pace, free_writer, pattern
from id3c_data.testing.h5api import SteppedState

PATIENCE_S = 60.0
SMALL = (32, 64)


class Reader(threading.Thread):
    """Iterates over a stack, and keeps what came."""

    def __init__(self, *masters, state, **options):
        super().__init__(daemon=True)
        self.masters, self.state, self.options = masters, state, options
        self.frames, self.error = [], None

    def run(self):
        try:
            with open_stack(*self.masters, scan_state=self.state, **self.options) as stack:
                self.frames.extend(iter(stack))
        except BaseException as error:
            self.error = error

    def result(self):
        self.join(PATIENCE_S)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.frames


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("mode", ["plain", "swmr"])
@pytest.mark.parametrize("compressed", [False, True], ids=["raw", "bslz4"])
@pytest.mark.parametrize("rate_hz", [50, 1000])
def test_each_frame_comes_once_in_order_and_whole(tmp_path, mode, compressed, rate_hz):
    path, state = tmp_path / "plugin.h5", SteppedState()
    readers = [Reader(path, state=state) for _ in range(2)]
    for reader in readers:
        reader.start()
    pace = Pace(max(25, rate_hz // 2), rate_hz, SMALL, mode, compressed)
    with free_writer(path, pace) as writer:
        writer.flushed()
    state.finish()
    expected = [pattern(n, SMALL) for n in range(pace.frames)]
    for reader in readers:
        np.testing.assert_array_equal(reader.result(), expected)


@pytest.mark.parametrize("mode", ["plain", "swmr"])
def test_a_writer_that_dies_leaves_what_it_flushed_and_an_error_for_the_rest(tmp_path, mode):
    path, state = tmp_path / "plugin.h5", SteppedState({DATA: 500})
    reader = Reader(path, state=state, settle_timeout=0.5)
    reader.start()
    with free_writer(path, Pace(500, 200, SMALL, mode)) as writer:
        wait_until(lambda: len(reader.frames) >= 20)
        writer.kill()
    state.finish()
    with pytest.raises(FrameNotWritten):
        reader.result()
    np.testing.assert_array_equal(reader.frames, [pattern(n, SMALL) for n in range(len(reader.frames))])


@pytest.mark.parametrize("layout", [LegacyWriter, NexusWriter])
def test_data_files_that_a_mover_copies_in_small_pieces(tmp_path, layout):
    model, state = FrameModel(32, 48, 32), SteppedState()
    spool, place = tmp_path / "spool", tmp_path / "place"
    spool.mkdir()
    place.mkdir()
    files = layout(spool, Series("x_1", 1, 60, 3), model).write_series()
    reader = Reader(place / files.master.name, state=state)
    reader.start()
    for path in (files.master, *files.data):
        with path.open("rb") as source, (place / path.name).open("wb", buffering=0) as target:
            shutil.copyfileobj(source, target, 4096)
    wait_until(lambda: len(reader.frames) == 60)
    state.finish()
    np.testing.assert_array_equal(reader.result(), [model.frame(1, n) for n in range(1, 61)])


def test_waiting_costs_next_to_nothing(tmp_path):
    files = LegacyWriter(tmp_path, Series("x_1", 1, 300, 1), FrameModel(16, 16, 8)).write_series()
    for path in files.data[1:]:
        path.unlink()
    with ThreadPoolExecutor(1) as pool:
        stack = open_stack(files.master, scan_state=SteppedState())
        stack[0].read()
        waiting = pool.submit(stack[1].read)
        time.sleep(1.0)  # in the first second it looks more often
        before, began = time.process_time(), time.monotonic()
        time.sleep(2.0)
        share = (time.process_time() - before) / (time.monotonic() - began)
        stack.close()
        with pytest.raises(FileClosed):
            waiting.result(PATIENCE_S)
    assert share < 0.1  # who looks without a pause burns a whole core; benchmarks/live.py measures the share
