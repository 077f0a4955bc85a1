"""Files with realistic frames, for all benchmarks that read some."""

from __future__ import annotations

import argparse
from pathlib import Path

from id3c_data.sim import FrameModel, LegacyWriter, Series

__all__ = ["add_arguments", "make_master"]


def add_arguments(parser: argparse.ArgumentParser, *, frames: int = 400, rounds: int = 7) -> None:
    """Add the options that say how large the files are."""
    parser.add_argument("--frames", type=int, default=frames, help="frames of a master")
    parser.add_argument("--size", default="514x1030", help="rows x columns of a frame")
    parser.add_argument("--rounds", type=int, default=rounds, help="how often everyone has a turn")
    parser.add_argument("--folder", type=Path, help="where the files go; they take some 100 MB for a while")


def make_master(
    folder: Path, frames: int, size: str = "514x1030", bit_depth: int = 32, *, images_per_file: int = 1000
) -> Path:
    """Return a master with its data files, as the detector writes them: a frame to a chunk, bitshuffle-LZ4.

    Parameters
    ----------
    folder
        Where they go.
    frames
        How many.
    size
        Rows x columns.
    bit_depth
        8, 16 or 32.
    images_per_file
        How many frames a data file has.
    """
    height, width = map(int, size.split("x"))
    series = Series(name=f"frames_{bit_depth}", number=1, images=frames, images_per_file=images_per_file)
    return LegacyWriter(folder, series, FrameModel(height, width, bit_depth)).write_series().master
