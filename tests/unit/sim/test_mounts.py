from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.sim._mounts import IocDisk, Mount

POSIX = IocDisk((Mount("/data", Path("/here/data")), Mount("/data/fast", Path("/ssd"))))
WINDOWS = IocDisk((Mount("D:\\data", Path("/here/data")),))


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/data", "/here/data"),
        ("/data/", "/here/data"),
        ("/data/a/b_1.h5", "/here/data/a/b_1.h5"),
        ("/data/fast/x", "/ssd/x"),
        ("/data/faster/x", "/here/data/faster/x"),
        ("/data/a/../b", "/here/data/b"),
    ],
)
def test_a_path_below_a_mount_is_found_by_the_longest_one(path, here):
    assert POSIX.here(path) == Path(here)


@pytest.mark.parametrize("path", ["/", "/other", "/database", "/data/../etc", "data", "D:\\data"])
def test_a_path_outside_the_mounts_does_not_exist(path):
    assert POSIX.here(path) is None


@pytest.mark.parametrize(
    "path", ["D:\\data\\Sub\\x.h5", "d:/DATA/Sub/x.h5", "D:\\data\\other\\..\\Sub\\x.h5"]
)
def test_windows_paths_compare_without_capitals_and_keep_their_spelling(path):
    assert WINDOWS.here(path) == Path("/here/data/Sub/x.h5")


def test_a_disk_without_mounts_is_this_machines():
    assert IocDisk().here("/tmp/x") == Path("/tmp/x")  # noqa: S108 - not written
    assert IocDisk().here("relative") is None


@pytest.mark.parametrize(
    ("disk", "path", "ended"),
    [
        (POSIX, "/data", "/data/"),
        (POSIX, "/data/", "/data/"),
        (WINDOWS, "D:\\data", "D:\\data\\"),
        (WINDOWS, "D:\\data\\", "D:\\data\\"),
        (WINDOWS, "D:/data/", "D:/data/"),
        (POSIX, "", ""),
    ],
)
def test_a_path_gets_the_trailing_separator_of_the_iocs_system(disk, path, ended):
    assert disk.with_separator(path) == ended


@given(st.lists(st.sampled_from(["a", "..", ".", "data", "b c"]), max_size=6))
def test_nothing_outside_the_mounted_folders_comes_out(parts):
    found = POSIX.here("/".join(["/data", *parts]))
    assert found is None or found.is_relative_to("/here/data") or found.is_relative_to("/ssd")


@pytest.mark.parametrize(
    ("depth", "made"),
    [(0, False), (-1, False), (-2, True), (-5, True), (2, False), (1, True)],
)
def test_create_directory_limits_what_is_made(tmp_path, depth, made):
    disk = IocDisk((Mount("/data", tmp_path),))
    disk.create("/data/a/b", depth)
    assert (tmp_path / "a" / "b").is_dir() is made


@pytest.mark.parametrize("text", ["/data", "=/tmp", "/data=", "data=/tmp"])
def test_a_mount_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match="mount"):
        Mount.parse(text)


def test_a_mount_is_parsed():
    assert Mount.parse("D:\\data=/here") == Mount("D:\\data", Path("/here"))
