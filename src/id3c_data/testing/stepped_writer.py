"""A process that writes HDF5 files step by step, as a test tells it: each state is reached on purpose.

Each line of its standard input is a JSON list: a command and its arguments. It answers with a line when the
step is done.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

__all__ = ["SHAPE", "SteppedWriter", "frame"]

SHAPE = (3, 5)
"""Of a frame."""


def frame(number: int) -> np.ndarray:
    """Return what is written as that frame."""
    return np.full(SHAPE, number + 1, "u4")


class _Steps:
    """The commands."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}

    def open(self, path: str, mode: str = "plain") -> None:
        """Make a new file: ``plain``, or ``latest`` with the marks of newer HDF5 versions."""
        self.files[path] = h5py.File(path, "w", libver="latest" if mode != "plain" else None)

    def open_again(self, path: str) -> None:
        """Open a file that was closed, to write more."""
        self.files[path] = h5py.File(path, "r+")

    def start_swmr(self, path: str) -> None:
        """Begin SWMR mode."""
        self.files[path].swmr_mode = True

    def group(self, path: str, name: str) -> None:
        """Make a group."""
        self.files[path].require_group(name)

    def value(self, path: str, name: str, value: object) -> None:
        """Write a dataset."""
        self.files[path][name] = value

    def attribute(self, path: str, name: str, key: str, value: object) -> None:
        """Write an attribute."""
        self.files[path][name].attrs[key] = value

    def external(self, path: str, name: str, target: str, inner: str) -> None:
        """Make an external link."""
        self.files[path][name] = h5py.ExternalLink(target, inner)

    def virtual(self, path: str, name: str, sources: list[str], length: int) -> None:
        """Make a virtual dataset of frames."""
        layout = h5py.VirtualLayout((len(sources) * length, *SHAPE), "u4")
        for n, source in enumerate(sources):
            layout[n * length : (n + 1) * length] = h5py.VirtualSource(
                source, "/entry/data/data", (length, *SHAPE)
            )
        self.files[path].create_virtual_dataset(name, layout, fillvalue=0)

    def frames(self, path: str, name: str = "/entry/data/data", compression: object = None) -> None:
        """Create a dataset of frames that grows."""
        options = {} if compression is None else {"compression": compression}
        self.files[path].create_dataset(
            name, (0, *SHAPE), "u4", maxshape=(None, *SHAPE), chunks=(1, *SHAPE), **options
        )

    def numbers(self, path: str, name: str) -> None:
        """Create a dataset of numbers that grows."""
        self.files[path].create_dataset(name, (0,), "f8", maxshape=(None,), chunks=(64,))

    def make_room(self, path: str, name: str, length: int) -> None:
        """Extend a dataset without writing to it."""
        self.files[path][name].resize(length, axis=0)

    def append(self, path: str, name: str, count: int = 1) -> None:
        """Append frames, or numbers."""
        dataset = self.files[path][name]
        for _ in range(count):
            n = len(dataset)
            dataset.resize(n + 1, axis=0)
            dataset[n] = frame(n) if dataset.ndim > 1 else n

    def flush(self, path: str) -> None:
        """Make all that was written visible."""
        self.files[path].flush()

    def close(self, path: str) -> None:
        """Close a file."""
        self.files.pop(path).close()


class SteppedWriter:
    """The process, and its commands as methods: ``writer.append(path, name)``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (this module itself)
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __getattr__(self, command: str) -> Callable[..., None]:
        """Return what has the process do a step and waits until it is done."""

        def step(*arguments: object) -> None:
            words = [str(word) if isinstance(word, Path) else word for word in arguments]
            assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
            print(json.dumps([command, *words]), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline().strip()
            if answer != "done":
                raise RuntimeError(f"{command} {words}: {answer}")

        return step

    @contextmanager
    def growing(self, path: Path, mode: str, name: str = "/entry/data/data") -> Iterator[SteppedWriter]:
        """Have it make a file with an empty dataset of frames that grows; it is closed with the block.

        Parameters
        ----------
        path
            The file.
        mode
            ``plain``, ``latest`` with the marks of newer HDF5 versions, or ``swmr``.
        name
            Path of the dataset.
        """
        self.open(path, mode)
        self.group(path, name.rsplit("/", 1)[0])
        self.frames(path, name)
        if mode == "swmr":
            self.start_swmr(path)
        self.flush(path)
        yield self
        self.close(path)

    def stop(self) -> None:
        """End it, closing its files."""
        self._process.communicate(timeout=30)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self.stop()


def main() -> None:
    """Do what the lines on standard input say."""
    steps = _Steps()
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            getattr(steps, command)(*arguments)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        else:
            print("done", flush=True)
    for file in steps.files.values():
        file.close()


if __name__ == "__main__":
    main()
