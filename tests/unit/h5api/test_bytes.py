"""What HDF5 has read of a file, and whether it still stands there."""

import os

import pytest

from id3c_data.h5api._bytes import RememberedBytes

CONTENT = bytes(range(256)) * 256


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def descriptor(path):
    number = os.open(path, os.O_RDONLY)
    yield number
    os.close(number)


def read(content, start, length):
    buffer = bytearray(length)
    content.seek(start)
    assert content.readinto(memoryview(buffer)) == length
    return bytes(buffer)


def write(path, start, data):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(data)


@pytest.mark.parametrize("ranges", [(), ((0, 100),), ((10, 20), (50_000, 8))])
def test_bytes_are_those_of_the_file_read_before_or_not(descriptor, ranges):
    content = RememberedBytes(descriptor, ranges)
    for start, length in ((10, 20), (12, 3), (50_000, 8), (50_004, 9)):
        assert read(content, start, length) == CONTENT[start : start + length]


def test_what_was_not_read_may_change(descriptor, path):
    content = RememberedBytes(descriptor)
    read(content, 10, 20)
    write(path, 30, b"new")
    write(path, len(CONTENT), b"longer")
    assert content.is_unchanged()
    assert content.identity.size == path.stat().st_size


@pytest.mark.parametrize("ranges", [(), ((0, 100),)])
def test_what_was_read_may_not(descriptor, path, ranges):
    content = RememberedBytes(descriptor, ranges)
    read(content, 10, 20)
    write(path, 29, b"new")
    assert not content.is_unchanged()


def test_what_was_read_once_is_the_same_when_it_is_read_again(descriptor, path):
    content = RememberedBytes(descriptor)
    before = read(content, 10, 20)
    write(path, 10, b"new")
    assert read(content, 10, 20) == before


def test_pixels_are_not_remembered(descriptor):
    content = RememberedBytes(descriptor)
    read(content, 0, 40_000)
    assert not content.is_unchanged()
    assert content.ranges == ()


def test_ranges_for_the_next_open_are_joined_where_they_lie_near(descriptor):
    content = RememberedBytes(descriptor)
    for start, length in ((50_000, 8), (100, 20), (0, 8), (110, 30)):
        read(content, start, length)
    assert content.ranges == ((0, 140), (50_000, 8))


def test_all_was_there_at_one_moment_only_if_all_was_read_before(descriptor):
    content = RememberedBytes(descriptor, ((0, 100),))
    read(content, 10, 20)
    assert content.at_once
    read(content, 90, 20)
    assert not content.at_once


def test_a_range_beyond_the_end_is_an_error_when_it_is_asked_for(descriptor):
    content = RememberedBytes(descriptor, ((len(CONTENT) - 4, 8),))
    assert read(content, len(CONTENT) - 4, 4) == CONTENT[-4:]
    with pytest.raises(OSError, match="before its data do"):
        read(content, len(CONTENT) - 4, 8)


def test_a_file_that_cannot_be_asked_any_more_has_changed(path):
    """As one that was removed on its server."""
    number = os.open(path, os.O_RDONLY)
    content = RememberedBytes(number)
    os.close(number)
    assert not content.is_unchanged()
