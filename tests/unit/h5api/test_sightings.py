"""What the file system says about files."""

import os
from itertools import pairwise

import pytest

from id3c_data.h5api._sightings import Sightings
from id3c_data.h5api._waiting import poll_pause

SECOND_NS = 1_000_000_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    return path


@pytest.fixture
def sightings():
    return Sightings()


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


def test_a_file_is_quiet_when_it_has_been_the_same_for_long_enough(path, sightings):
    sightings.see(path)
    assert 0 < sightings.same_for(path, 5.0) <= 5.0
    assert sightings.same_for(path, 0.0) == 0
    stamp(path, SECOND_NS)
    sightings.see(path)
    assert sightings.same_for(path, 5.0) > 4.9


def test_a_file_that_was_never_seen_is_not_quiet(path, sightings):
    assert sightings.same_for(path, 5.0) == pytest.approx(5.0, abs=0.1)


def test_stamps_on_a_tick_ask_for_a_tick_of_quiet(path, sightings):
    for tick in range(1, 6):
        stamp(path, SECOND_NS + tick * 4_000_000)
        sightings.see(path)
    assert sightings.quiet_s >= 0.001


def test_stamps_between_ticks_ask_for_less(path, sightings):
    for stamped in (SECOND_NS, SECOND_NS + 4_300_000):
        stamp(path, stamped)
        sightings.see(path)
    assert sightings.quiet_s < 0.001


def test_the_stamps_of_another_file_of_the_name_teach_nothing(path, sightings):
    stamp(path, SECOND_NS)
    sightings.see(path)
    other = path.with_name("other")
    other.write_bytes(b"x")
    stamp(other, SECOND_NS + 4_300_000)
    other.replace(path)
    sightings.see(path)
    assert sightings.quiet_s >= 0.001


def test_the_file_system_is_asked_often_after_a_change_and_ever_more_seldom(path, sightings):
    sightings.see(path)
    stamp(path, SECOND_NS)
    sightings.see(path)
    soon = poll_pause(sightings)
    sightings.last_change -= 3600
    assert soon < 0.002 < 0.01 < poll_pause(sightings) < 0.05
