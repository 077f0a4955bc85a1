"""A process that writes frames at a rate of its own, and says when it has flushed each of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import hdf5plugin
import numpy as np

__all__ = ["DATA", "NUMBERS", "FreeWriter", "Pace", "free_writer", "pattern"]

DATA = "/entry/data/data"
NUMBERS = "/entry/instrument/NDAttributes/NDArrayUniqueId"


@dataclass(frozen=True, slots=True)
class Pace:
    """What is written, and how fast.

    Parameters
    ----------
    frames, rate_hz
        How many frames, and how many of them in a second.
    shape
        Of a frame.
    mode
        Of the file: ``plain``, or ``swmr``.
    compressed
        Whether frames are compressed with bitshuffle-LZ4.
    """

    frames: int
    rate_hz: float
    shape: tuple[int, int] = (514, 1030)
    mode: Literal["plain", "swmr"] = "plain"
    compressed: bool = False


class FreeWriter:
    """The process.

    Attributes
    ----------
    pace
        What it writes.
    """

    def __init__(self, path: Path, pace: Pace, dataset: str = DATA) -> None:
        self.pace = pace
        wanted = [str(path), dataset, pace.frames, pace.rate_hz, pace.shape, pace.mode, pace.compressed]
        self._process = subprocess.Popen(  # noqa: S603 (this module itself)
            [sys.executable, "-m", __name__, json.dumps(wanted)], stdout=subprocess.PIPE, text=True
        )

    def flushed(self, timeout: float = 120.0) -> list[float]:
        """Return when each frame was flushed (`time.time`), once all are written and the file is closed."""
        output, _ = self._process.communicate(timeout=timeout)
        return json.loads(output)

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def free_writer(path: Path, pace: Pace, dataset: str = DATA) -> Iterator[FreeWriter]:
    """Start the process, and end it at the latest with the block."""
    writer = FreeWriter(path, pace, dataset)
    try:
        yield writer
    finally:
        writer.kill()


def pattern(number: int, shape: tuple[int, int]) -> np.ndarray:
    """Return the frame of that number: each differs in every pixel from the one before."""
    row = np.arange(shape[1], dtype="u4") % 7
    return np.broadcast_to(row + number, shape).astype("u4")


def _write(
    path: str, dataset: str, frames: int, rate_hz: float, shape: list[int], mode: str, compressed: bool
) -> None:
    options = dict(hdf5plugin.Bitshuffle()) if compressed else {}
    size = (shape[0], shape[1])
    pictures = [pattern(n, size) for n in range(min(frames, 16))]
    flushed: list[float] = []
    with h5py.File(path, "w", libver="latest" if mode == "swmr" else None) as file:
        data = file.create_dataset(
            dataset, (0, *size), "u4", maxshape=(None, *size), chunks=(1, *size), **options
        )
        file[f"{dataset.split('/')[1]}/writer/status"] = "RUNNING"  # as in a BLISS file
        numbers = file.create_dataset(NUMBERS, (0,), "i4", maxshape=(None,), chunks=(1024,))
        if mode == "swmr":
            file.swmr_mode = True
        start = time.monotonic()
        for n in range(frames):
            data.resize(n + 1, axis=0)
            data[n] = pictures[n] if n < len(pictures) else pattern(n, size)
            numbers.resize(n + 1, axis=0)
            numbers[n] = n
            file.flush()
            flushed.append(time.time())
            time.sleep(max(0.0, start + (n + 1) / rate_hz - time.monotonic()))
    print(json.dumps(flushed))


if __name__ == "__main__":
    _write(*json.loads(sys.argv[1]))
