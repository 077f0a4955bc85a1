"""Reading frames from files: ours and the peers, on complete masters, the files in the cache.

    python benchmarks/local.py [--frames 1000] [--size 514x1030] [--rounds 11] [--folder DIR] [--only TEXT]

Everyone reads the same master through its links to data files; h5py as its users do, with `hdf5plugin`. A
master has one data file that is full: a turn is then long beside the 50 ms that a second core may take to
wake, which none of who works in one thread needs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from _contest import Contestant, compete, ours
from _frame_files import add_arguments, make_master
from _table import LIMIT, Row, hand_in

SLICE = 100
MEMORY_MB = 100
CHUNKS, INDEX_S = 100_000, 0.2


def h5py_dataset(master: str):
    """Return the first data file's dataset, through the master's link."""
    import h5py
    import hdf5plugin

    assert hdf5plugin.FILTERS  # registers the filter
    return h5py.File(master, "r")["entry/data/data_000001"]


def h5py_one_by_one(master: str) -> Callable[[], int]:
    """``d[i]`` for all frames."""
    dataset = h5py_dataset(master)

    def work() -> int:
        for n in range(len(dataset)):
            dataset[n]
        return len(dataset)

    return work


def h5py_slice(master: str) -> Callable[[], int]:
    """``d[a:a+100]``."""
    dataset = h5py_dataset(master)

    def work() -> int:
        for start in range(0, len(dataset) - SLICE + 1, SLICE):
            dataset[start : start + SLICE]
        return len(dataset) // SLICE * SLICE

    return work


def iterate(master: str) -> Callable[[], int]:
    """``for frame in stack``."""
    from id3c_data.images import open_stack

    stack = open_stack(master)

    def work() -> int:
        return sum(1 for _ in stack)

    return work


def random_frames(master: str) -> Callable[[], int]:
    """``stack[n].read()``."""
    import random

    from id3c_data.images import open_stack

    stack = open_stack(master)
    numbers = random.Random(1).sample(range(len(stack)), len(stack))  # noqa: S311

    def work() -> int:
        for n in numbers:
            stack[n].read()
        return len(numbers)

    return work


def slices(master: str) -> Callable[[], int]:
    """``stack[a:a+100].read()``."""
    from id3c_data.images import open_stack

    stack = open_stack(master)

    def work() -> int:
        for start in range(0, len(stack) - SLICE + 1, SLICE):
            stack[start : start + SLICE].read()
        return len(stack) // SLICE * SLICE

    return work


def slices_into(master: str) -> Callable[[], int]:
    """``stack[a:a+100].read(out=out)``."""
    import numpy as np

    from id3c_data.images import open_stack

    stack = open_stack(master)
    out = np.empty((SLICE, *stack.shape[1:]), stack.dtype)

    def work() -> int:
        for start in range(0, len(stack) - SLICE + 1, SLICE):
            stack[start : start + SLICE].read(out=out)
        return len(stack) // SLICE * SLICE

    return work


def through_dask(master: str) -> Callable[[], int]:
    """``array[n].compute()``."""
    from id3c_data.images import open_stack

    array = open_stack(master).to_dask()

    def work() -> int:
        for n in range(0, len(array), 5):
            array[n].compute()
        return len(range(0, len(array), 5))

    return work


def h5py_shape(master: str) -> Callable[[], int]:
    """The number of frames behind all links, which takes opening each."""
    import h5py

    def work() -> int:
        for _ in range(5):
            with h5py.File(master, "r") as file:
                group = file["entry/data"]
                sum(group[name].shape[0] for name in group)
        return 5

    return work


def shape(master: str) -> Callable[[], int]:
    """``open_stack(master).shape``."""
    from id3c_data.images import open_stack

    def work() -> int:
        for _ in range(5):
            with open_stack(master) as stack:
                assert stack.shape
        return 5

    return work


def wait(_: str) -> Callable[[], int]:
    """As long as indexing may take."""

    def work() -> int:
        time.sleep(INDEX_S)
        return 1

    return work


def index(file: str) -> Callable[[], int]:
    """``open_stack(file)``, which indexes all chunks of a file that is no master."""
    from id3c_data.images import open_stack

    def work() -> int:
        with open_stack(file) as stack:
            assert stack.written == CHUNKS
        return 1

    return work


def many_chunks(path: Path, count: int) -> str:
    """Return a file with so many chunks, which are small."""
    import h5py

    with h5py.File(path, "w") as file:
        chunks = {"chunks": (1, 8, 8), "maxshape": (None, 8, 8)}
        dataset = file.create_dataset("entry/data/data", (count, 8, 8), "u2", **chunks)
        for n in range(count):
            dataset.id.write_direct_chunk((n, 0, 0), bytes(128))
    return str(path)


def contests(masters: dict[int, str]) -> Iterator[Contest]:
    """Yield the contests on masters of so many bits."""
    whole, part = ("h5py d[i]", h5py_one_by_one), ("h5py d[a:b]", h5py_slice)
    yield Contest("iterate all frames, uint32", iterate, whole, masters[32], 3.2, 1.5)
    yield Contest("iterate all frames, uint16", iterate, whole, masters[16], 2.5, 1.4)
    yield Contest("one random frame, uint32", random_frames, whole, masters[32], 1.8, 0.9)
    yield Contest("100 frames into a reused array", slices_into, part, masters[32], 3, 2)
    yield Contest("100 frames as a fresh array", slices, part, masters[32], 2, 1.3)
    yield Contest("one frame through to_dask()", through_dask, whole, masters[32], 0.4, 0.3)


@dataclass(frozen=True)
class Contest:
    """One row of the table.

    Parameters
    ----------
    what
        What is done.
    prepare
        Our contestant.
    peer
        Name and function of the other one.
    file
        What both read.
    fast, wheels
        What the ratio of our figure to the peer's is to be, at least.
    unit
        Of the figures.
    """

    what: str
    prepare: Callable[[str], Callable[[], int]]
    peer: tuple[str, Callable[[str], Callable[[], int]]]
    file: str
    fast: float
    wheels: float
    unit: str = "frames/s"

    def rows(self, rounds: int) -> Iterator[Row]:
        """Yield its row, and another one where memory is limited."""
        name, peer = self.peer
        figures = compete({name: Contestant(peer, (self.file,)), **ours(self.prepare, self.file)}, rounds)
        yield Row.of(self.what, figures, name, {"fast": self.fast, "wheels": self.wheels}, self.unit)
        if self.prepare is iterate:
            peaks = {column: 3 * (figure.peak_mb,) for column, figure in figures.items() if column != name}
            limit = MEMORY_MB, MEMORY_MB
            yield Row(f"{self.what}: memory above Python", LIMIT, limit, peaks, {}, "MB")


def opening(folder: Path) -> Iterator[Contest]:
    """Yield the contests in opening files."""
    folder /= "opening"
    folder.mkdir()
    master = str(make_master(folder, 400, "16x16", 16, images_per_file=2))
    yield Contest("shape of 200 data files", shape, ("h5py", h5py_shape), master, 1, 1, "a second")
    file = many_chunks(folder / "many.h5", CHUNKS)
    yield Contest(f"index of {CHUNKS} chunks", index, ("goal", wait), file, 1, 1, "a second")


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser, frames=1000, rounds=11)
    parser.add_argument("--only", default="", help="measure only the rows that have this in their name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        masters = {
            bits: str(make_master(folder, arguments.frames, arguments.size, bits)) for bits in (32, 16)
        }
        for contest in (*contests(masters), *opening(folder)):
            if arguments.only in contest.what:
                hand_in(*contest.rows(arguments.rounds))


if __name__ == "__main__":
    main()
