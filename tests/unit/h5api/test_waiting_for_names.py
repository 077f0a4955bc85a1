"""Names, and what they lead to, waited for with a writer that is stepped."""

import time

import numpy as np
import pytest

from id3c_data.errors import (
    BrokenLink,
)
from id3c_data.testing.stepped_writer import frame
from id3c_data.testing.waiting import PATIENCE_S, is_blocked

DATA = "/entry/data/data"


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

    def test_a_file_whose_swmr_writer_has_closed_it_may_get_more_of_them(
        self, process, path, opened, state, pool
    ):
        with process.growing(path, "swmr"):
            process.append(path, DATA)
            process.flush(path)
            names = iter(opened)
            assert next(names) == "entry"
            assert len(opened[DATA]) == 1
        process.open_again(path)
        process.group(path, "late")
        process.append(path, DATA)
        process.close(path)
        read = pool.submit(next, names)
        assert read.result(PATIENCE_S) == "late"
        state.prepare()
        assert list(names) == []
        assert "late" in opened
        np.testing.assert_array_equal(opened[DATA][1], frame(1))

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

    @pytest.mark.parametrize("name", ["entry/data", DATA])
    def test_attributes_are_those_of_this_moment_also_in_swmr_mode(self, name, process, path, opened):
        """Of a group HDF5 itself would keep what it has read once."""
        process.open(path, "latest")
        process.frames(path)
        process.attribute(path, name, "count", 1)
        process.start_swmr(path)
        assert opened[name].attrs["count"] == 1
        process.attribute(path, name, "count", 2)
        process.attribute(path, name, "more", "words")
        process.flush(path)
        assert (opened[name].attrs["count"], opened[name].attrs["more"]) == (2, "words")
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
