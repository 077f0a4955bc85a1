"""What the file system says about files."""

import os
import time
from itertools import pairwise

import pytest

from id3c_data.h5api._file_times import has_fine_times, kernel_with_fine_times
from id3c_data.h5api._sightings import Sightings, Watch
from id3c_data.h5api._waiting import poll_pause

SECOND_NS = 1_000_000_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    return path


@pytest.fixture
def sightings():
    return Sightings(known_to_be_fine=lambda _: False)


def wait_until(condition, seconds=10):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.001)


def stamp(path, nanoseconds):
    os.utime(path, ns=(nanoseconds, nanoseconds))


@pytest.mark.parametrize("thorough", [False, True])
def test_each_change_of_a_file_is_seen(path, sightings, thorough):
    seen = [sightings.see(path, thorough=thorough)]
    for change in (
        lambda: path.write_bytes(b"xy"),
        lambda: stamp(path, SECOND_NS),
        lambda: (path.rename(path.with_name("old")), path.write_bytes(b"x"), stamp(path, SECOND_NS)),
        lambda: path.unlink(),
    ):
        change()
        seen.append(sightings.see(path, thorough=thorough))
    assert all(before != after for before, after in pairwise(seen))
    assert seen[-1] is None


def test_a_watch_sees_each_change_and_notes_none(path, sightings):
    watch = Watch([(path, sightings.see(path))])
    assert not watch.changed()
    noted = sightings.last_change
    stamp(path, SECOND_NS)
    assert watch.changed()
    assert sightings.last_change == noted


def test_a_watch_sees_a_file_come_and_go(path, sightings):
    there = Watch([(path, sightings.see(path))])
    path.unlink()
    gone = Watch([(path, sightings.see(path))])
    assert (there.changed(), gone.changed()) == (True, False)
    path.write_bytes(b"x")
    assert gone.changed()


def test_a_file_is_quiet_when_it_has_been_the_same_for_long_enough(path, sightings):
    sightings.see(path)
    assert 0 < sightings.unquiet_for(path) < 1
    wait_until(lambda: sightings.unquiet_for(path) == 0)
    stamp(path, SECOND_NS)
    sightings.see(path)
    assert sightings.unquiet_for(path) > 0


def test_a_file_that_was_never_seen_is_not_quiet(path, sightings):
    assert sightings.unquiet_for(path) > 0


def test_stamps_on_a_tick_do_not_show_that_times_are_fine(path, sightings):
    for tick in range(1, 6):
        stamp(path, SECOND_NS + tick * 4_000_000)
        sightings.see(path)
    assert not sightings.has_fine_times(path.stat().st_dev)


def test_a_stamp_between_ticks_shows_that_times_are_fine(path, sightings):
    for stamped in (SECOND_NS, SECOND_NS + 4_300_000):
        stamp(path, stamped)
        sightings.see(path)
    assert sightings.has_fine_times(path.stat().st_dev)


def test_the_stamps_of_one_file_system_say_nothing_about_another(path, sightings):
    for stamped in (SECOND_NS, SECOND_NS + 4_300_000):
        stamp(path, stamped)
        sightings.see(path)
    assert not sightings.has_fine_times(path.stat().st_dev + 1)


def test_the_stamps_of_another_file_of_the_name_teach_nothing(path, sightings):
    stamp(path, SECOND_NS)
    sightings.see(path)
    other = path.with_name("other")
    other.write_bytes(b"x")
    stamp(other, SECOND_NS + 4_300_000)
    other.replace(path)
    sightings.see(path)
    assert not sightings.has_fine_times(path.stat().st_dev)


def test_fine_times_ask_for_less_quiet(path):
    fine, coarse = Sightings(lambda _: True), Sightings(lambda _: False)
    for sightings in (coarse, fine):
        sightings.see(path)
    assert fine.unquiet_for(path) < 0.001 < coarse.unquiet_for(path)


@pytest.mark.parametrize(
    ("release", "fine"),
    [
        ("6.13.0", True),
        ("6.18.44-generic", True),
        ("10.1", True),
        ("6.12.9", False),
        ("5.14", False),
        ("", False),
    ],
)
def test_kernels_have_fine_times_since_6_13(release, fine):
    assert kernel_with_fine_times(release) is fine


def test_a_device_that_is_not_mounted_is_not_known_to_be_fine():
    assert not has_fine_times(os.makedev(4000, 77))


def test_the_file_system_is_asked_often_after_a_change_and_ever_more_seldom(path, sightings):
    sightings.see(path)
    stamp(path, SECOND_NS)
    sightings.see(path)
    soon = poll_pause(sightings)
    sightings.last_change -= 3600
    assert soon < 0.002 < 0.01 < poll_pause(sightings) < 0.05
