"""Reading while another process writes at its own rate."""

import threading
import time

import numpy as np
import pytest

from id3c_data.errors import FrameNotWritten
from id3c_data.h5api import dynamic_hdf5
from id3c_data.testing.free_writer import DATA, NUMBERS, Pace, free_writer, pattern
from id3c_data.testing.h5api import SteppedState

PATIENCE_S = 60.0
SMALL = (32, 64)


class Reader(threading.Thread):
    """Follows a dataset, and checks each frame."""

    def __init__(self, path, state, name=DATA, **options):
        super().__init__(daemon=True)
        self.path, self.state, self.name_in_file, self.options = path, state, name, options
        self.numbers, self.error, self.ended = [], None, None

    def run(self):
        try:
            with dynamic_hdf5.File(self.path, scan_state=self.state, **self.options) as file:
                for n, point in enumerate(file[self.name_in_file]):
                    if point.ndim:
                        np.testing.assert_array_equal(point, pattern(n, point.shape))
                    self.numbers.append(int(point[0, 0]) if point.ndim else int(point))
        except BaseException as error:
            self.error = error
        self.ended = time.monotonic()

    def result(self):
        self.join(PATIENCE_S)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.numbers


@pytest.mark.parametrize("mode", ["plain", "swmr"])
@pytest.mark.parametrize("compressed", [False, True], ids=["raw", "bslz4"])
@pytest.mark.parametrize("rate_hz", [10, 100, 1000])
def test_each_frame_comes_once_in_order_and_whole(tmp_path, mode, compressed, rate_hz):
    path, state = tmp_path / "live.h5", SteppedState()
    readers = [Reader(path, state), Reader(path, state, NUMBERS)]
    for reader in readers:
        reader.start()
    pace = Pace(max(10, rate_hz), rate_hz, SMALL, mode, compressed)
    with free_writer(path, pace) as writer:
        writer.flushed()
    finished = time.monotonic()
    state.finish()
    for reader in readers:
        assert reader.result() == list(range(pace.frames))
        assert reader.ended - finished < 1.0  # nothing waits for a period of polling, nor settles


@pytest.mark.parametrize("mode", ["plain", "swmr"])
def test_frames_of_a_detector_come_while_they_are_written(tmp_path, mode):
    path, state = tmp_path / "live.h5", SteppedState()
    reader = Reader(path, state)
    reader.start()
    with free_writer(path, Pace(60, 50, mode=mode)) as writer:
        deadline = time.monotonic() + PATIENCE_S
        while len(reader.numbers) < 20:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert reader.is_alive()
        writer.flushed()
    state.finish()
    assert reader.result() == list(range(60))


@pytest.mark.parametrize("mode", ["plain", "swmr"])
def test_a_writer_that_dies_leaves_what_it_flushed_and_an_error_for_the_rest(tmp_path, mode):
    path, state = tmp_path / "live.h5", SteppedState({DATA: 500})
    reader = Reader(path, state, settle_timeout=0.5)
    reader.start()
    with free_writer(path, Pace(500, 200, SMALL, mode)) as writer:
        deadline = time.monotonic() + PATIENCE_S
        while len(reader.numbers) < 20:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        writer.kill()
    state.finish()
    with pytest.raises(FrameNotWritten):
        reader.result()
    assert reader.numbers == list(range(len(reader.numbers)))
    assert len(reader.numbers) >= 20


def test_waiting_costs_next_to_nothing(tmp_path):
    state = SteppedState()
    reader = Reader(tmp_path / "never.h5", state, settle_timeout=0.1)
    reader.start()
    time.sleep(1.0)  # in the first second it looks more often
    before, began = time.process_time(), time.monotonic()
    time.sleep(3.0)
    share = (time.process_time() - before) / (time.monotonic() - began)
    state.finish()
    with pytest.raises(FileNotFoundError):
        reader.result()
    assert share < 0.1  # who looks without a pause burns a whole core; benchmarks/live.py measures the share
