"""Opening files: what is said of files in every state, and that a writer is never in the way or kept out."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from id3c_data.errors import FileIncomplete, FileMissing, FileUnreadable, Hdf5Error, LinkOutsideRoots, NotHdf5
from id3c_data.h5api import AllowedRoots, FileIdentity, open_file
from id3c_data.sim import PluginWriter


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(5)
    return tmp_path / "a.h5"


def open_descriptors():
    return set(Path("/proc/self/fd").iterdir())


def test_an_open_file_knows_what_it_is(path):
    with open_file(path) as file:
        assert (file.path, file.real_path, file.swmr) == (path, path.resolve(), False)
        assert file.identity == FileIdentity.of(file.descriptor)
        assert file.hdf5["x"][3] == 3
        assert os.pread(file.descriptor, 4, 0) == b"\x89HDF"


def test_closing_gives_the_descriptors_back(path):
    before = open_descriptors()
    file = open_file(path)
    file.close()
    file.close()
    assert open_descriptors() == before


def test_a_relative_path_and_a_symlink_are_seen_through(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    link = path.parent / "link.h5"
    link.symlink_to("a.h5")
    with open_file("link.h5") as file:
        assert (file.path, file.real_path) == (link, path.resolve())


def test_the_file_that_was_opened_is_read_whatever_happens_to_its_name(path):
    with open_file(path) as file:
        path.unlink()
        assert file.hdf5["x"][3] == 3


@pytest.mark.parametrize("name", ["no.h5", "no/no.h5", "a.h5/no.h5", "n" * 300, "nul\0.h5"])
def test_a_file_that_is_not_there(path, name):
    with pytest.raises(FileMissing):
        open_file(path.parent / name)


def test_a_symlink_to_itself_is_a_missing_file(tmp_path):
    (tmp_path / "loop.h5").symlink_to("loop.h5")
    with pytest.raises(FileMissing, match="cannot be opened"):
        open_file(tmp_path / "loop.h5")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(path):
    path.chmod(0)
    with pytest.raises(FileUnreadable, match=r"a\.h5"):
        open_file(path)


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (b"", FileIncomplete, "empty"),
        (bytes(5000), FileIncomplete, "beginning is not written"),
        (b"no HDF5 " * 200, NotHdf5, "not HDF5"),
        (b"\x89HDF\r\n\x1a\n", Hdf5Error, "cannot open|not complete"),
    ],
)
def test_a_file_of_other_content(tmp_path, content, error, match):
    (tmp_path / "a.h5").write_bytes(content)
    before = open_descriptors()
    with pytest.raises(error, match=match):
        open_file(tmp_path / "a.h5")
    assert open_descriptors() == before


def test_a_file_cut_off_anywhere_is_an_error_of_ours(path):
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(Hdf5Error):
            open_file(path)


def test_a_file_with_a_user_block_is_found(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=2048) as file:
        file["x"] = 1
    with open_file(tmp_path / "a.h5") as file:
        assert file.hdf5["x"][()] == 1


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "fifo"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, make):
    make(tmp_path / "thing")
    with pytest.raises(NotHdf5, match="no regular file"):
        open_file(tmp_path / "thing")


def test_a_file_outside_the_roots_is_refused(path, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.h5").symlink_to(path)
    roots = AllowedRoots.of([inside])
    for named in (path, inside / "link.h5", inside / ".." / "a.h5"):
        with pytest.raises(LinkOutsideRoots, match="outside the allowed folders"):
            open_file(named, roots)


def test_a_root_that_is_a_symlink_allows_what_is_really_below_it(path, tmp_path):
    (tmp_path / "root").symlink_to(path.parent)
    with open_file(path, AllowedRoots.of(tmp_path / "root")) as file:
        assert file.real_path == path.resolve()


def test_a_root_is_no_prefix_of_a_name(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "database").mkdir()
    h5py.File(tmp_path / "database" / "a.h5", "w").close()
    with pytest.raises(LinkOutsideRoots):
        open_file(tmp_path / "database" / "a.h5", AllowedRoots.of([tmp_path / "data"]))


def test_no_roots_at_all_allow_nothing(path):
    with pytest.raises(LinkOutsideRoots, match="none at all"):
        open_file(path, AllowedRoots.of([]))


def test_a_reader_keeps_no_writer_out(path):
    with open_file(path):
        code = f"import h5py; h5py.File({str(path)!r}, 'a')['y'] = 1"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    with open_file(path) as file:
        assert file.hdf5["y"][()] == 1


def test_a_file_that_a_swmr_writer_has_open_can_be_read(tmp_path):
    with PluginWriter(tmp_path / "a.h5", (4, 5), np.dtype("u2"), swmr=True) as writer:
        writer.append(np.ones((4, 5), "u2"), 1, 1.7e9)
        writer.flush()
        code = (
            "from id3c_data.h5api import open_file\n"
            f"file = open_file({str(writer.path)!r})\n"
            "print(file.swmr, file.hdf5['entry/data/data'].shape)"
        )
        run = [sys.executable, "-c", code]
        output = subprocess.run(run, check=True, timeout=60, capture_output=True, text=True).stdout
    assert output == "True (1, 4, 5)\n"


def test_a_file_that_a_writer_without_swmr_has_open_is_incomplete(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as writer:
        writer["x"] = 1
        writer.flush()
        code = (
            "from id3c_data.errors import FileIncomplete\n"
            "from id3c_data.h5api import open_file\n"
            "try:\n"
            f"    open_file({str(tmp_path / 'a.h5')!r})\n"
            "except FileIncomplete as error:\n"
            "    print(error.what)"
        )
        run = [sys.executable, "-c", code]
        output = subprocess.run(run, check=True, timeout=60, capture_output=True, text=True).stdout
    assert "already open for write" in output


@pytest.mark.parametrize("locking", [True, False, "best-effort", None])
@pytest.mark.parametrize("swmr", [True, False])
def test_a_file_that_this_process_has_open_in_another_way_can_be_read(tmp_path, locking, swmr):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as writer:
        writer["x"] = 1
    with h5py.File(tmp_path / "a.h5", "r", locking=locking, swmr=swmr), open_file(tmp_path / "a.h5") as file:
        assert file.hdf5["x"][()] == 1


def test_closing_leaves_what_others_have_open_alone(path):
    with h5py.File(path) as other:
        dataset = other["x"]
        with open_file(path) as file:
            assert file.hdf5["x"][3] == 3
        assert dataset[4] == 4
