"""Reading frames from files: ours and the peers, on complete masters, the files in the cache.

    python benchmarks/local.py [--frames 1000] [--size 514x1030] [--rounds 15] [--folder DIR] [--only TEXT]

Everyone reads the same master through its links to data files; h5py as its users do, with `hdf5plugin`. A
master has one data file that is full: a turn is then long beside the 50 ms that a second core may take to
wake, which none of who works in one thread needs.

In the rows "nothing but read and decode" a thread for each core reads known chunks by `pread` and decodes
each into the same memory again: they say what the machine gave in these rounds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from _contest import Contestant, Figure, compete, ours
from _frame_files import add_arguments, make_master
from _table import LIMIT, Row, hand_in

SLICE = 100
LEAST = "nothing but read and decode"
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


def read_and_decode(master: str) -> Callable[[], int]:
    """``pread`` and the decoder, by as many threads as there are cores."""
    import threading

    import numpy as np

    from id3c_data.h5api import WORKERS, Codec, decode_chunk, decoder_in_use

    dataset = h5py_dataset(master)
    places: list[tuple[int, int]] = []
    dataset.id.chunk_iter(lambda chunk: places.append((chunk.size, chunk.byte_offset)))
    itemsize, size = dataset.dtype.itemsize, dataset[0].nbytes
    descriptor, decoder = os.open(dataset.file.filename, os.O_RDONLY), decoder_in_use()
    memory = [np.empty(size, np.uint8) for _ in range(WORKERS.count)]

    def decode(shared: Iterator[tuple[int, int]], out: np.ndarray) -> None:
        for place in shared:
            decode_chunk(os.pread(descriptor, *place), Codec.BSLZ4, itemsize, size, decoder, out=out)

    def work() -> int:
        shared = iter(places)
        threads = [threading.Thread(target=decode, args=(shared, out)) for out in memory]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(places)

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

    def everyone(self) -> dict[str, Contestant]:
        """Return who takes part."""
        name, peer = self.peer
        mine = {name: Contestant(peer, (self.file,)), **ours(self.prepare, self.file)}
        if self.prepare is not iterate:
            return mine
        return mine | {f"{LEAST}, {column}": one for column, one in ours(read_and_decode, self.file).items()}

    def rows(self, figures: Mapping[str, Figure]) -> Iterator[Row]:
        """Yield its row, and of iterating what no reader can do without, and how much memory it takes."""
        name, _ = self.peer
        yield Row.of(self.what, figures, name, {"fast": self.fast, "wheels": self.wheels}, self.unit)
        if self.prepare is iterate:
            least = {column.removeprefix(f"{LEAST}, "): figure for column, figure in figures.items()}
            yield Row.of(self.what.replace("iterate all frames", LEAST), least, name, {}, self.unit)
            peaks = {column: 3 * (figures[column].peak_mb,) for column in least if column != name}
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
    add_arguments(parser, frames=1000, rounds=15)
    parser.add_argument("--only", default="", help="measure only the contests that have this in their name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        masters = {
            bits: str(make_master(folder, arguments.frames, arguments.size, bits)) for bits in (32, 16)
        }
        chosen = [c for c in (*contests(masters), *opening(folder)) if arguments.only in c.what]
        figures = compete({contest.what: contest.everyone() for contest in chosen}, arguments.rounds)
    hand_in(*(row for contest in chosen for row in contest.rows(figures[contest.what])))


if __name__ == "__main__":
    main()
