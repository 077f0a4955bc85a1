"""Files that are not as they should be: what a reader gets of them, and what it is told of the rest."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from id3c_data.errors import DamagedChunk, FrameNotWritten, Hdf5Error, Id3cDataError
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles

from ..._mounts import in_namespace

MODEL = FrameModel(32, 48, 16)
SIX = Series("run_1", 1, images=6, images_per_file=2)


def told(read: Callable[[], object]) -> Id3cDataError:
    """The error that reading ends with: what is wrong, where, and what to do next."""
    with pytest.raises(Id3cDataError) as raised:
        read()
    return raised.value


def missing(stack: Any) -> list[int]:
    """The frames that cannot be read; the others have the pixels that were written."""
    lost = []
    for number in range(len(stack)):
        try:
            pixels = stack[number].read()
        except Id3cDataError:
            lost.append(number)
        else:
            np.testing.assert_array_equal(pixels, MODEL.frame(1, number + 1))
    return lost


@pytest.mark.fault(
    "link with the IOC's path", injected="the master's links say `/detector/data/…`; no `path_map`"
)
def test_links_with_the_path_of_the_ioc_are_told_and_mapped(tmp_path: Path, fault_report: Any) -> None:
    master = LegacyWriter(tmp_path, SIX, MODEL, link_folder="/detector/data/").write_series().master
    error = told(open_stack(master)[0].read)
    assert isinstance(error, FrameNotWritten)
    fault_report(error, lost=missing(open_stack(master, path_map={"/detector/data": str(tmp_path)})))


@pytest.mark.fault("link dangling", injected="the series is aborted after 3 of 6 images")
def test_links_to_what_was_never_written_are_told(tmp_path: Path, fault_report: Any) -> None:
    stack = open_stack(LegacyWriter(tmp_path, SIX, MODEL).write_series(taken=3).master)
    fault_report(told(stack.read), lost=missing(stack))


@pytest.mark.fault("data file half-written, and then nothing", injected="data file 2 ends half-way")
def test_a_file_that_ends_half_way_is_told(tmp_path: Path, fault_report: Any) -> None:
    files = LegacyWriter(tmp_path, SIX, MODEL).write_series()
    content = files.data[1].read_bytes()
    files.data[1].write_bytes(content[: len(content) // 2])
    stack = open_stack(files.master)
    fault_report(told(stack.read), lost=missing(stack))


@pytest.mark.fault(
    "bit flips in a chunk", injected="one bit of one chunk is flipped, at 200 random places in turn"
)
def test_flipped_bits_are_told_where_the_format_shows_them(tmp_path: Path, fault_report: Any) -> None:
    files = LegacyWriter(tmp_path, Series("run_1", 1, images=2), MODEL).write_series()
    with h5py.File(files.data[0]) as file:
        chunk = file["entry/data/data"].id.get_chunk_info(1)
    whole, errors = files.data[0].read_bytes(), []
    for place in random.Random(6).sample(range(8 * chunk.size), 200):  # noqa: S311
        content = bytearray(whole)
        content[chunk.byte_offset + place // 8] ^= 1 << place % 8
        files.data[0].write_bytes(content)
        stack = open_stack(files.master)
        np.testing.assert_array_equal(stack[0].read(), MODEL.frame(1, 1))
        with contextlib.suppress(DamagedChunk):
            assert stack[1].read().shape == MODEL.shape
            continue
        errors.append(told(stack[1].read))
    assert 20 < len(errors) < 180
    of_header = next(
        error for error in errors if "the header says" in error.what
    )  # the same from every decoder
    fault_report(f"{of_header}; or other pixels, for a chunk has no checksum", lost=[1])


@pytest.mark.fault(
    "master replaced by another run's", injected="the files are replaced while a reader has them open"
)
def test_files_that_are_replaced_while_they_are_open_are_told(tmp_path: Path, fault_report: Any) -> None:
    stack = open_stack(LegacyWriter(tmp_path, SIX, MODEL).write_series().master)
    replace(tmp_path, LegacyWriter(other_folder(tmp_path), Series("run_1", 2, 6, 2), MODEL).write_series())
    error = told(stack.read)
    assert isinstance(error, Hdf5Error)
    fault_report(error, lost="what was overwritten")


@pytest.mark.fault(
    "master replaced by another run's", injected="the files are replaced before a reader opens them"
)
def test_files_that_were_replaced_before_are_read_as_what_they_are(tmp_path: Path, fault_report: Any) -> None:
    LegacyWriter(tmp_path, SIX, MODEL).write_series()
    shorter = LegacyWriter(other_folder(tmp_path), Series("run_1", 2, 4, 2), MODEL).write_series()
    replace(tmp_path, shorter)
    stack = open_stack(tmp_path / "run_1_master.h5")
    assert len(stack) == 4
    np.testing.assert_array_equal(stack[3].read(), MODEL.frame(2, 4))
    with pytest.raises(IndexError) as error:
        stack[5].read()
    fault_report(
        f"the frames of the other run: nothing in them says whose they are; behind its end: {error.value}",
        lost="what was overwritten",
    )


def other_folder(folder: Path) -> Path:
    other = folder / "other"
    other.mkdir()
    return other


def replace(folder: Path, files: SeriesFiles) -> None:
    """Put files in the place of those of the same name."""
    for file in (files.master, *files.data):
        file.replace(folder / file.name)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can get to, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="id3c-public-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Be a user whom permissions bind."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.fault("permission denied", injected="data file 2 has the mode 0000")
def test_a_file_that_may_not_be_read_is_told(public_folder: Path, fault_report: Any) -> None:
    files = LegacyWriter(public_folder, SIX, MODEL).write_series()
    assert missing(open_stack(files.master)) == []  # all that reading needs is imported by now
    files.data[1].chmod(0)
    with ordinary_user():
        error = told(lambda: open_stack(files.master).read())
    files.data[1].chmod(0o644)
    assert "may not be read" in error.what
    fault_report(error, lost=missing(open_stack(files.master)), hide={str(public_folder): "/data"})


READ_ALL = """
import sys
from pathlib import Path
from id3c_data.images import open_stack
try:
    Path(sys.argv[1]).with_name("new").touch()
except OSError as error:
    print(error.strerror)
print(open_stack(sys.argv[1]).read().sum())
"""


@pytest.mark.fault("read mount read-only", injected="the folder is mounted read-only for the reader")
def test_a_folder_that_may_not_be_written_to_is_read(tmp_path: Path, fault_report: Any) -> None:
    files = LegacyWriter(tmp_path, SIX, MODEL).write_series()
    read_only = f"mount --bind {tmp_path} {tmp_path}; mount -o remount,bind,ro {tmp_path}"
    command = in_namespace(read_only, [sys.executable, "-c", READ_ALL, files.master])
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.stdout.splitlines() == [
        "Read-only file system",
        str(sum(int(MODEL.frame(1, image).sum()) for image in range(1, 7))),
    ], said.stderr
    fault_report("nothing: all frames are read")
