"""Frames whose values lie in files without HDF5 structure."""

import h5py
import numpy as np
import pytest

from id3c_data.errors import BrokenLink, FrameNotWritten, Hdf5Error, LinkOutsideRoots
from id3c_data.images import open_stack
from id3c_data.testing.h5api import SteppedState

DATA = "/entry/data/data"
FRAMES = np.arange(5 * 4 * 6, dtype="<u2").reshape(5, 4, 6)
FRAME_BYTES = 4 * 6 * 2


def write(path, *raw, shape=FRAMES.shape):
    """Write a file whose frames lie in others: name, first byte, bytes."""
    with h5py.File(path, "w") as file:
        file.create_dataset(DATA, shape, "<u2", external=list(raw))
    return path


@pytest.fixture
def path(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.bin").write_bytes(b"head" + FRAMES.tobytes()[: 2 * FRAME_BYTES + 10])
    (tmp_path / "raw/b.bin").write_bytes(FRAMES.tobytes()[2 * FRAME_BYTES + 10 :])
    return write(
        tmp_path / "x.h5",
        ("raw/a.bin", 4, 2 * FRAME_BYTES + 10),
        ("raw/b.bin", 0, h5py.h5f.UNLIMITED),
    )


def test_are_read_from_all_their_files(path):
    stack = open_stack(path)
    assert stack.written == 5
    np.testing.assert_array_equal(stack.read(), FRAMES)
    np.testing.assert_array_equal(stack[3:, 1, ::2].read(), FRAMES[3:, 1, ::2])


def test_are_found_beside_the_file_and_not_in_the_working_folder(path, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere/raw"
    elsewhere.mkdir(parents=True)
    (elsewhere / "a.bin").write_bytes(bytes(1000))
    monkeypatch.chdir(elsewhere.parent)
    np.testing.assert_array_equal(open_stack(path)[0].read(), FRAMES[0])


def test_are_found_by_the_path_map(tmp_path):
    (tmp_path / "a.bin").write_bytes(FRAMES.tobytes())
    path = write(tmp_path / "x.h5", ("/detector/a.bin", 0, FRAMES.nbytes))
    np.testing.assert_array_equal(open_stack(path, path_map={"/detector": str(tmp_path)}).read(), FRAMES)


def test_of_each_channel_are_read(tmp_path):
    frames = np.arange(3 * 2 * 4 * 6, dtype="<u2").reshape(3, 2, 4, 6)
    (tmp_path / "a.bin").write_bytes(frames.tobytes())
    path = write(tmp_path / "x.h5", ("a.bin", 0, frames.nbytes), shape=frames.shape)
    np.testing.assert_array_equal(open_stack(path, channel="threshold_2").read(), frames[:, 1])


def test_that_are_not_in_a_file_are_no_zeros(path, tmp_path):
    raw = tmp_path / "raw/b.bin"
    raw.write_bytes(raw.read_bytes()[: FRAME_BYTES + 5])
    stack = open_stack(path)
    assert (len(stack), stack.written) == (5, 3)
    with pytest.raises(FrameNotWritten, match="frame 3 is not there, the first 3 are"):
        stack[3].read()


def test_whose_file_is_missing_are_no_zeros(path, tmp_path):
    (tmp_path / "raw/b.bin").unlink()
    with pytest.raises(BrokenLink, match=r"values in raw/b.bin: the file is missing"):
        open_stack(path)


def test_whose_file_was_replaced_are_not_mixed(path, tmp_path):
    stack = open_stack(path)
    (tmp_path / "other").write_bytes(bytes(1000))
    (tmp_path / "other").replace(tmp_path / "raw/a.bin")
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        stack[0].read()


@pytest.mark.parametrize("symlink", [False, True])
def test_outside_the_allowed_folders_are_refused(path, tmp_path, symlink):
    inside = tmp_path / "inside"
    inside.mkdir()
    if symlink:
        (inside / "raw").symlink_to(tmp_path / "raw")
        path = path.rename(inside / "x.h5")
    else:
        path = write(inside / "x.h5", (str(tmp_path / "raw/a.bin"), 4, FRAMES.nbytes))
    with pytest.raises(LinkOutsideRoots, match=r"values in .*a\.bin"):
        open_stack(path, allowed_roots=[inside])


def test_of_an_open_run_are_waited_for(path, tmp_path):
    raw = tmp_path / "raw/b.bin"
    rest = raw.read_bytes()
    raw.write_bytes(rest[:10])
    with open_stack(path, scan_state=SteppedState()) as stack:
        images = iter(stack)
        for n in range(2):
            np.testing.assert_array_equal(next(images), FRAMES[n])
        assert stack.written == 2
        with raw.open("ab") as file:
            file.write(rest[10:])
        np.testing.assert_array_equal(next(images), FRAMES[2])
        assert stack.written == 5
