"""What ends a wait: the scan, a time limit, another thread, Ctrl-C."""

import gc
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from id3c_data.errors import (
    FileClosed,
    RetryTimeoutError,
    RetryTimeoutException,
)
from id3c_data.h5api import dynamic_hdf5
from id3c_data.testing.waiting import BLOCKED_S, PATIENCE_S, is_blocked

DATA = "/entry/data/data"


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
