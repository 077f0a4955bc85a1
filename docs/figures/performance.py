"""Draws performance.svg: where the time of a frame goes, measured on this machine.

    python docs/figures/performance.py

Processor time of single calls in one thread, the smallest of many: what else runs here hardly matters.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import hdf5plugin
import matplotlib.pyplot as plt

from id3c_data.h5api import Codec, decode_chunk, decoders_here
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series

FIGURE = Path(__file__).with_name("performance.svg")
FRAMES = 40
ROUNDS = 15


def microseconds(call: Callable[[int], object]) -> float:
    """Return the processor time of a call for one frame."""
    shortest = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for n in range(FRAMES):
            call(n)
        shortest = min(shortest, time.process_time() - began)
    return 1e6 * shortest / FRAMES


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """Return for each way of reading what its parts take, in microseconds."""
    assert hdf5plugin.FILTERS  # registers the filter
    files = LegacyWriter(folder, Series("x_1", 1, FRAMES), FrameModel()).write_series()
    bars: dict[str, dict[str, float]] = {}
    with h5py.File(files.master) as file:
        dataset = file["entry/data/data_000001"]
        bars["h5py d[i]"] = {"HDF5, filter and copy": microseconds(lambda n: dataset[n])}
    stack = open_stack(files.master)
    chunks = [frame.chunks[0] for frame in stack.compressed()]
    pixels = stack[0].read()
    fetch = microseconds(lambda n: next(stack[n].compressed()))
    copy = microseconds(lambda _: pixels.copy())
    for decoder in decoders_here():
        decode = microseconds(
            lambda n, decoder=decoder: decode_chunk(chunks[n], Codec.BSLZ4, 4, pixels.nbytes, decoder)
        )
        bars[f"stack, {decoder.name}"] = {"find and read the chunk": fetch, "check and decode": decode}
    bars["copy of a frame"] = {"copy": copy}
    return bars


def main() -> None:
    """Measure and draw."""
    with tempfile.TemporaryDirectory() as folder:
        bars = measured(Path(folder))
    colours = {
        "HDF5, filter and copy": "#999999",
        "find and read the chunk": "#0072b2",
        "check and decode": "#e69f00",
        "copy": "#56b4e9",
    }
    plt.rcParams.update({"svg.hashsalt": "performance", "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(8, 0.6 * len(bars) + 1.2))
    for row, (name, parts) in enumerate(reversed(bars.items())):
        left = 0.0
        for part, took in parts.items():
            label = part if part not in axes.get_legend_handles_labels()[1] else None
            axes.barh(row, took, left=left, color=colours[part], label=label)
            left += took
        axes.text(left, row, f" {left:.0f} µs", va="center")
        print(f"{name:30}" + ", ".join(f"{part} {took:.0f} µs" for part, took in parts.items()))
    axes.set_yticks(range(len(bars)), list(reversed(bars)))
    axes.set_xlabel("processor time for a frame of 514 × 1030 pixels, 32 bits, in µs")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    figure.savefig(FIGURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
