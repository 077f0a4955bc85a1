"""Frames through a Tiled server: stock Tiled, the array in memory, ours with Tiled's client and with our own.

    python benchmarks/over_http.py [--frames 400] [--rounds 5] [--folder DIR]

One server serves them all. The readers take turns within each round; figures are medians, and ratios are
within this one run: an unmodified client's to stock Tiled (its own HDF5 adapter) and to the same server with
the array in memory, our client's to h5py's ``d[i]`` through the master's link, on the disk of this machine.
"""

from __future__ import annotations

import argparse
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  # decodes for h5py
import httpx
import numpy as np
from tiled.client import from_uri
from tiled.client.array import ArrayClient

from id3c_data.catalog import Subscription, connect
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.catalog import RunDocuments

SERVER = Path(__file__).with_name("_catalog_server.py")


class FewFrames(FrameModel):
    """Frames of which every twentieth is the same: making them takes longer than reading them."""

    def frame(self, series: int, image: int, channel: Any = "threshold_1") -> np.ndarray:
        """Return one frame."""
        return _frame(self, series, image % 20 + 1, channel)


@lru_cache(maxsize=20)
def _frame(model: FewFrames, series: int, image: int, channel: Any) -> np.ndarray:
    return FrameModel.frame(model, series, image, channel)


@contextmanager
def running(folder: Path, detector: Path, master: Path | str) -> Iterator[tuple[str, str, int]]:
    """Run the server; yield its URI, its key and its process."""
    key = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, str(SERVER), str(folder), str(detector), str(master), str(port), key]
    process = subprocess.Popen(arguments)
    uri = f"http://127.0.0.1:{port}/api/v1"
    try:
        while True:
            try:
                httpx.get(uri, timeout=5, trust_env=False)
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    raise SystemExit("the server ended") from None
                time.sleep(0.1)
        yield uri, key, process.pid
    finally:
        process.terminate()
        process.wait(30)


def peak(pid: int | str = "self", *, reset: bool = False) -> float:
    """Return the most memory that a process had so far, in MB; from now on where it is reset."""
    if reset:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError


def register(uri: str, key: str, detector: Path, master: Path, frames: int, how: Any) -> str:
    """Write a run over all frames of the master into the catalog."""
    cat = connect(f"{uri}/metadata/catalog", api_key=key)
    with h5py.File(master) as file:
        shape, dtype = file["entry/data/data_000001"].shape[1:], file["entry/data/data_000001"].dtype
    subscription = Subscription(cat, registered=how)
    run = RunDocuments(subscription, root=detector, frame_shape=shape, dtype_numpy=dtype.str)
    resource = run.resource(master, images_per_file=frames)
    for slot in range(frames):
        run.event(resource, slot)
    run.stop()
    subscription.wait(60)
    subscription.close()
    return run.uid


def plain(uri: str, key: str, path: list[str]) -> ArrayClient:
    """Return Tiled's own client of a node."""
    node = from_uri(uri, api_key=key)
    for name in path:
        node = node[name]
    return ArrayClient(node.context, item=node.item, structure_clients=node.structure_clients)


def timed(action: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bits", type=int, default=32)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        detector, catalog = folder / "detector", folder / "catalog"
        detector.mkdir()
        catalog.mkdir()
        model = FewFrames(bit_depth=options.bits)
        files = LegacyWriter(detector, Series("s", 1, options.frames, 1000), model).write_series()
        with running(catalog, detector, files.master) as (uri, key, pid):
            measure(options, detector, files.master, uri, key)


def measure(options: Any, detector: Path, master: Path, uri: str, key: str) -> None:
    """Measure all readers against one server."""
    n = options.frames
    node = ["primary", "eiger2_image"]
    uids = {how: register(uri, key, detector, master, n, how) for how in ("masters", "files")}
    stock = plain(uri, key, ["catalog", uids["files"], *node])
    memory = plain(uri, key, ["memory", "images"])
    unmodified = plain(uri, key, ["catalog", uids["masters"], *node])
    ours = connect(f"{uri}/metadata/catalog", api_key=key)[uids["masters"]].primary["eiger2_image"]
    file = h5py.File(master)
    dataset = file["entry/data/data_000001"]
    slices = {"stock": stock, "memory": memory, "unmodified": unmodified, "ours": ours}
    for client in slices.values():
        assert np.array_equal(np.asarray(client[3:5]), dataset[3:5])
    times: dict[tuple[str, str], list[float]] = {}
    for turn in range(options.rounds):
        at = 7 * turn % (n - 100)
        for name, client in slices.items():
            for k in range(5):
                one = timed(lambda client=client, k=k: np.asarray(client[at + k]))
                times.setdefault(("one frame", name), []).append(one)
            part = timed(lambda client=client: np.asarray(client[at : at + 100]))
            times.setdefault(("100 frames", name), []).append(part)
        times.setdefault(("whole", "ours"), []).append(timed(lambda: np.asarray(ours)))
        each = timed(lambda: [dataset[i] for i in range(at, at + 100)]) / 100
        times.setdefault(("one frame", "h5py"), []).append(each)
    medians = {key: statistics.median(values) for key, values in times.items()}
    local = medians["one frame", "h5py"]
    print(f"h5py d[i] {local:.2f} ms, {1000 / local:.0f} frames/s")
    for (what, name), ms in medians.items():
        count = {"one frame": 1, "100 frames": 100, "whole": n}[what]
        best = min(times[what, name])
        rate = 1000 * count / ms
        print(f"{what:12}{name:12}{ms:9.1f} ms (best {best:.1f}) {rate:7.0f} frames/s, to h5py {rate * local / 1000:.3f}")
    print("one frame, unmodified to stock", medians["one frame", "stock"] / medians["one frame", "unmodified"])
    print("100 frames, unmodified to memory", medians["100 frames", "memory"] / medians["100 frames", "unmodified"])


if __name__ == "__main__":
    main()
