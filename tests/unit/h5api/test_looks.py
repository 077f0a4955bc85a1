"""Which looks at a file count."""

import os
import time

import h5py
import pytest

from id3c_data.h5api import _sightings
from id3c_data.h5api._files import Files
from id3c_data.h5api._looks import Look, NotQuiet
from id3c_data.h5api._swmr import SwmrFile
from id3c_data.testing.waiting import PATIENCE_S, is_blocked


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 5
    return path


@pytest.fixture
def files():
    files = Files(None, None)
    yield files
    files.close()


def touch(path):
    os.utime(path, ns=(1, 1))


def grow(path):
    with path.open("ab") as file:
        file.write(bytes(64))


def replace(path):
    other = path.with_name("other.h5")
    other.write_bytes(path.read_bytes() + bytes(64))
    other.replace(path)


def shrink(path):
    os.truncate(path, path.stat().st_size - 1)


def test_one_at_a_file_that_stays_the_same_counts(files, path):
    look = Look(files)
    assert look.get(path, "x").node[()] == 5
    look.confirm()
    look.check_bytes()


@pytest.mark.parametrize("change", [touch, grow, replace, shrink, os.unlink])
def test_one_at_a_file_that_changes_meanwhile_does_not_count(files, path, change):
    look = Look(files)
    look.get(path, "x")
    change(path)
    with pytest.raises(NotQuiet):
        look.confirm()


def test_what_changes_after_it_was_confirmed_is_no_matter(files, path):
    look = Look(files)
    look.get(path, "x")
    look.confirm()
    touch(path)
    look.confirm()
    assert look.changed()


@pytest.mark.parametrize(("change", "counts"), [(grow, True), (touch, False), (replace, False)])
def test_a_file_that_was_read_at_once_may_have_grown_since(files, path, change, counts):
    Look(files).get(path, "x").node[()]
    write_to(path)
    look = Look(files)
    assert look.get(path, "x").node[()] == 6
    change(path)
    if counts:
        look.confirm()
    else:
        with pytest.raises(NotQuiet):
            look.confirm()


def test_a_restless_look_stands_if_all_that_was_read_is_still_there(files, path):
    looks = [Look(files, strict=False) for _ in range(2)]
    looks[0].get(path, "x").node[()]
    grow(path)
    looks[0].confirm()
    looks[1].get(path, "x").node[()]
    write_to(path)
    looks[1].confirm()
    assert [look.stood for look in looks] == [True, False]


def test_the_bytes_of_chunks_may_be_read_while_the_file_grows(files, path):
    look = Look(files)
    look.get(path, "x")
    grow(path)
    look.check_bytes()
    assert look.changed()


@pytest.mark.parametrize("change", [touch, replace, shrink, os.unlink])
def test_the_bytes_of_chunks_do_not_count_if_the_file_changes_otherwise(files, path, change):
    look = Look(files)
    look.get(path, "x")
    change(path)
    with pytest.raises(NotQuiet):
        look.check_bytes()


def test_a_calm_one_waits_until_the_file_has_been_quiet(files, path, monkeypatch):
    for name in ("_COARSE_QUIET_S", "_FINE_QUIET_S"):  # longer than a busy machine takes for a look
        monkeypatch.setattr(f"id3c_data.h5api._sightings.{name}", 0.5)
    with pytest.raises(NotQuiet):
        Look(files, calm=True).get(path, "x")
    time.sleep(files.sightings.unquiet_for(path))
    assert Look(files, calm=True).get(path, "x").node[()] == 5


def write_to(path):
    with h5py.File(path, "r+") as file:
        file["x"][()] = 6


@pytest.mark.parametrize("change", [touch, grow])
def test_an_open_file_serves_as_long_as_what_hdf5_has_read_of_it_stays_the_same(files, path, change):
    first = Look(files).get(path, "x").file
    assert Look(files).get(path, "x").file is first
    change(path)
    assert Look(files).get(path, "x").file is first


@pytest.mark.parametrize("change", [write_to, replace])
def test_a_file_is_opened_again_where_something_else_stands_in_it(files, path, change):
    first = Look(files).get(path, "x")
    assert first.node[()] == 5
    change(path)
    again = Look(files).get(path, "x")
    assert again.file is not first.file
    assert again.node[()] == (6 if change is write_to else 5)


def write_in_the_same_moment(path):
    """Write to a file so that its time and size stay as they were."""
    before = path.stat().st_mtime_ns
    write_to(path)
    os.utime(path, ns=(before, before))


def wait_for_quiet(files, path):
    files.sightings.see(path)
    time.sleep(files.sightings.unquiet_for(path))


def test_a_thorough_look_sees_what_a_time_does_not_show(files, path):
    """As where a writer was stopped between the change of the time and that of the bytes."""
    wait_for_quiet(files, path)
    Look(files).get(path, "x").node[()]
    write_in_the_same_moment(path)
    assert Look(files).get(path, "x").node[()] == 5
    assert Look(files, thorough=True).get(path, "x").node[()] == 6


@pytest.fixture
def long_tick(monkeypatch):
    """A clock that ticks so seldom that no file is quiet in this test."""
    for name in ("_COARSE_QUIET_S", "_FINE_QUIET_S"):
        monkeypatch.setattr(_sightings, name, PATIENCE_S)


@pytest.mark.usefixtures("long_tick")
def test_a_file_that_was_not_quiet_when_it_was_opened_is_not_taken_for_unchanged(files, path):
    """Two changes within one tick of the clock leave one time."""
    assert Look(files).get(path, "x").node[()] == 5
    write_in_the_same_moment(path)
    assert Look(files).get(path, "x").node[()] == 6


@pytest.mark.usefixtures("long_tick")
def test_what_was_found_in_a_file_that_was_not_quiet_is_not_taken_for_the_same(files, path):
    look = Look(files, strict=False)
    look.get(path, "x").node[()]
    memory = look.remember()
    assert Look(files).is_as(memory)
    write_in_the_same_moment(path)
    assert not Look(files).is_as(memory)


def test_a_thorough_look_takes_nothing_for_the_same_by_its_time(files, path):
    wait_for_quiet(files, path)
    look = Look(files)
    look.get(path, "x").node[()]
    memory = look.remember()
    write_in_the_same_moment(path)
    assert Look(files).is_as(memory)
    assert not Look(files, thorough=True).is_as(memory)


@pytest.mark.parametrize(("change", "agree"), [(grow, True), (touch, False), (replace, False)])
def test_two_looks_agree_on_a_file_that_has_only_grown(files, path, change, agree):
    first = Look(files, strict=False)
    first.get(path, "x")
    change(path)
    second = Look(files, strict=False)
    second.get(path, "x")
    assert first.agrees_with(second) is agree


def test_one_thread_at_a_time_looks_at_a_swmr_file(files, path, process, pool):
    """Of two handles of a dataset, a refresh gives neither the right table of chunks."""
    process.open(path.with_name("swmr.h5"), "swmr")
    process.frames(path.with_name("swmr.h5"), "x")
    process.start_swmr(path.with_name("swmr.h5"))

    def look():
        with Look(Files(None, None)) as look:
            return look.get(path.with_name("swmr.h5"), "x").node.shape[0]

    with Look(files) as first:
        first.get(path.with_name("swmr.h5"), "x")
        second = pool.submit(look)
        assert is_blocked(second)
        first.confirm()
        assert second.result(PATIENCE_S) == 0
    process.close(path.with_name("swmr.h5"))


def test_a_swmr_file_is_let_go_without_waiting_for_one_who_reads_another(files, path, process, pool):
    """Garbage may be collected within h5py, whose lock that one may wait for."""
    one, two = path.with_name("one.h5"), path.with_name("two.h5")
    with process.growing(one, "swmr"), process.growing(two, "swmr"), Look(files) as look:
        look.open(one)
        others = Files(None, None)
        held = others.hold(two, others.sightings.see(two), swmr=True)
        pool.submit(others.close).result(PATIENCE_S)
        assert SwmrFile.of(held) is not None
        look.confirm()
        assert SwmrFile.of(held) is None
