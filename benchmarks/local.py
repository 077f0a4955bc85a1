"""Reading frames from files: ours and the peers, on complete masters, the files in the cache.

    python benchmarks/local.py [--frames 400] [--size 514x1030] [--rounds 7] [--folder DIR]

Everyone reads the same master through its links to data files; h5py as its users do, with `hdf5plugin`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from _contest import Contestant, Figure, compete, ours
from _frame_files import add_arguments, make_master
from _table import Row, hand_in

SLICE = 100


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
    numbers = random.Random(1).sample(range(len(stack)), min(100, len(stack)))  # noqa: S311

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
        for n in range(0, 100, 5):
            array[n].compute()
        return 20

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


def h5py_chunks(file: str) -> Callable[[], int]:
    """``chunk_iter`` over all chunks, by the way that costs least."""
    import h5py

    def work() -> int:
        with h5py.File(file, "r") as opened:
            dataset, found = opened["entry/data/data"], []
            dataset.id.chunk_iter(found.append)
        return len(found)

    return work


def index(file: str) -> Callable[[], int]:
    """``open_stack(file)``, which indexes all chunks."""
    from id3c_data.images import open_stack

    def work() -> int:
        with open_stack(file) as stack:
            return len(stack)

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


def opening(folder: Path, rounds: int) -> None:
    """Print how long opening takes."""
    master = str(make_master(folder, 400, "16x16", 16, images_per_file=2))
    figures = compete({"h5py": Contestant(h5py_shape, (master,)), **ours(shape, master)}, rounds)
    hand_in(Row.of("shape of 200 data files", figures, "h5py", {"fast": 1, "wheels": 1}, "a second"))
    file = many_chunks(folder / "many.h5", 100_000)
    figures = compete({"chunk_iter": Contestant(h5py_chunks, (file,)), **ours(index, file)}, rounds)
    hand_in(Row.of("indexing 100 000 chunks (goal: 500 000/s)", figures, "chunk_iter", {}, "chunks/s"))


def row(what: str, figures: dict[str, Figure], peer: str, fast: float, wheels: float) -> Row:
    """Return a row with its goals."""
    return Row.of(what, figures, peer, {"fast": fast, "wheels": wheels})


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        masters = {
            bits: str(make_master(Path(name), arguments.frames, arguments.size, bits)) for bits in (32, 16)
        }
        for what, prepare, peer, bits, fast, wheels in (
            ("iterate all frames, uint32", iterate, h5py_one_by_one, 32, 3.2, 1.5),
            ("iterate all frames, uint16", iterate, h5py_one_by_one, 16, 2.5, 1.4),
            ("one random frame, uint32", random_frames, h5py_one_by_one, 32, 1.8, 0.9),
            ("100 frames into a reused array", slices_into, h5py_slice, 32, 3, 2),
            ("100 frames as a fresh array", slices, h5py_slice, 32, 2, 1.3),
            ("one frame through to_dask()", through_dask, h5py_one_by_one, 32, 0.4, 0.3),
        ):
            peer_name = {
                h5py_one_by_one: "h5py d[i]",
                h5py_slice: "h5py d[a:b]",
            }[peer]
            figures = compete(
                {peer_name: Contestant(peer, (masters[bits],)), **ours(prepare, masters[bits])},
                arguments.rounds,
            )
            hand_in(row(what, figures, peer_name, fast, wheels))
        opening(Path(name), arguments.rounds)


if __name__ == "__main__":
    main()
