"""Raw bytes of many files through few descriptors."""

import pickle
from pathlib import Path

import pytest

from id3c_data.errors import FileMissing, Hdf5Error
from id3c_data.h5api import FileIdentity, Inconsistent, open_descriptor
from id3c_data.images._descriptors import DescriptorPool, FileReference


def reference(path, *, growing=False):
    with path.open("rb") as file:
        return FileReference(path, path.resolve(), FileIdentity.of(file.fileno()), growing)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{n}.bin" for n in range(5)]
    for n, path in enumerate(paths):
        path.write_bytes(bytes([n]) * 100)
    return [reference(path) for path in paths]


def open_paths():
    return [Path(link).resolve() for link in Path("/proc/self/fd").iterdir()]


def test_bytes_come_from_their_place(files):
    files[0].path.write_bytes(bytes(range(100)))
    assert DescriptorPool(2).read(reference(files[0].path), 3, 7) == bytes([7, 8, 9])


def test_bytes_go_to_where_they_are_to_be(files):
    files[0].path.write_bytes(bytes(range(100)))
    out = bytearray(5)
    DescriptorPool(2).read_into(reference(files[0].path), memoryview(out)[1:4], 7)
    assert out == bytes([0, 7, 8, 9, 0])


def test_few_files_stay_open(files):
    pool = DescriptorPool(2)
    for _ in range(3):
        for n, file in enumerate(files):
            assert pool.read(file, 1, 50) == bytes([n])
    kept = [file for file in files if file.real_path in open_paths()]
    assert kept == files[-2:]


def test_forgotten_files_are_closed(files):
    pool = DescriptorPool(5)
    pool.read(files[0], 1, 0)
    pool.forget(files)
    assert files[0].real_path not in open_paths()


def test_a_read_that_goes_on_keeps_its_file_open(files):
    pool = DescriptorPool(5)
    borrowed = pool._borrow(files[0])
    pool.forget(files)
    assert files[0].real_path in open_paths()
    del borrowed
    assert files[0].real_path not in open_paths()


@pytest.mark.parametrize(("size", "offset"), [(101, 0), (1, 100), (1 << 60, 0)])
def test_bytes_behind_the_end_are_inconsistent(files, size, offset):
    with pytest.raises(Inconsistent, match="ends"):
        DescriptorPool(2).read(files[0], size, offset)


def test_bytes_behind_the_end_go_nowhere(files):
    out = bytearray(2)
    with pytest.raises(Inconsistent, match="ends"):
        DescriptorPool(2).read_into(files[4], memoryview(out), 99)
    assert out == bytes(2)


def test_a_file_that_is_gone_before_it_was_opened(files):
    files[0].path.unlink()
    with pytest.raises(FileMissing):
        DescriptorPool(2).read(files[0], 1, 0)


@pytest.mark.parametrize("growing", [False, True])
def test_only_a_growing_file_may_grow(files, growing):
    file = reference(files[0].path, growing=growing)
    with file.path.open("ab") as stream:
        stream.write(b"x" * 10)
    if growing:
        assert DescriptorPool(2).read(file, 10, 100) == b"x" * 10
    else:
        with pytest.raises(Hdf5Error, match="changed or replaced"):
            DescriptorPool(2).read(file, 10, 90)


def test_even_a_growing_file_may_not_be_another(files):
    file = reference(files[0].path, growing=True)
    files[1].path.replace(file.path)
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        DescriptorPool(2).read(file, 1, 0)


def test_a_reference_from_another_machine_fits_whichever_device_it_is_there(files):
    there = pickle.loads(pickle.dumps(files[0]))  # noqa: S301
    there.check(files[0].identity._replace(device=77))
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        there.check(files[0].identity._replace(inode=1))


def test_a_descriptor_of_a_file_comes_with_its_real_path(tmp_path, files):
    (tmp_path / "link").symlink_to(files[0].path)
    descriptor, real_path = open_descriptor(tmp_path / "link")
    with open(descriptor, "rb") as stream:  # noqa: PTH123 (a descriptor, to be closed)
        assert stream.read(1) == b"\0"
    assert real_path == files[0].real_path
