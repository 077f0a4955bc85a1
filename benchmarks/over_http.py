"""Frames through a Tiled server: an unmodified client's and ours, to stock Tiled and to local reading.

    python benchmarks/over_http.py [--frames 400] [--size 514x1030] [--rounds 7] [--folder DIR]

Four servers on this machine: Tiled as it comes, with its own HDF5 adapter; ours, with each of the decoders;
and ours with the array in memory. An unmodified client is Tiled's ``ArrayClient``. Local reading is h5py's
``d[i]`` through the master's link.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import httpx
import yaml

from _contest import Contestant, compete, ours
from _frame_files import add_arguments, make_master
from _table import Row, hand_in
from local import h5py_one_by_one

SERVER = Path(__file__).with_name("_catalog_server.py")
SLICE, SINGLE = 100, 10


@dataclass(frozen=True)
class Place:
    """Where the images are.

    Parameters
    ----------
    uri, key, pid
        Of the server.
    start_mb
        The most memory that it had when it first answered.
    path
        Of the node.
    """

    uri: str
    key: str
    pid: int
    start_mb: float
    path: tuple[str, ...] = ()


@contextmanager
def running(command: list[str], key: str, port: int, environment: dict[str, str]) -> Iterator[Place]:
    """Run a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TILED_")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**kept, **environment, "BENCHMARK_KEY": key}, **quiet)
    uri = f"http://127.0.0.1:{port}/api/v1"
    try:
        while not answers(uri):
            if process.poll() is not None:
                raise SystemExit(f"the server ended: {' '.join(command)}")
            time.sleep(0.1)
        yield Place(uri, key, process.pid, peak_mb(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def answers(uri: str) -> bool:
    """Say whether a server is there."""
    try:
        return httpx.get(f"{uri}/", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def peak_mb(pid: int) -> float:
    """Return the most memory that a process had so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def our_server(folder: Path, *master: Path, environment: dict[str, str]) -> Iterator[Place]:
    """Run a server of ours; with a master, from memory."""
    port, catalog = free_port(), Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, str(SERVER), str(catalog), str(folder), str(port), *map(str, master)]
    with running(command, secrets.token_hex(16), port, environment) as place:
        yield place


@contextmanager
def stock_server(folder: Path) -> Iterator[Place]:
    """Run Tiled as it comes."""
    from id3c_data.catalog._app import initialize_catalog

    catalog, key, port = Path(tempfile.mkdtemp(dir=folder)), secrets.token_hex(16), free_port()
    initialize_catalog(catalog / "catalog.db")
    config = {
        "catalog": {
            "uri": f"sqlite:///{catalog}/catalog.db",
            "specs": [{"name": "CatalogOfBlueskyRuns", "version": "3.0"}],
            "writable_storage": [str(catalog / "data"), f"sqlite:///{catalog}/tables.db"],
            "readable_storage": [str(folder)],
        },
        "uvicorn": {"port": port, "log_level": "error"},
        "authentication": {"single_user_api_key": key},
    }
    path = catalog / "tiled.yml"
    path.write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "tiled", "serve", "config", str(path), "--port", str(port)]
    with running(command, key, port, {}) as place:
        yield place


def registered(place: Place, master: Path, how: Any) -> Place:
    """Write a run over all frames of a master into a server's catalog, and return where its images are."""
    from id3c_data.catalog import Subscription, connect
    from id3c_data.testing.catalog import RunDocuments

    with h5py.File(master) as file:
        frames, *shape = file["entry/data/data_000001"].shape
        dtype = file["entry/data/data_000001"].dtype
    with Subscription(connect(place.uri, api_key=place.key), registered=how) as subscription:
        run = RunDocuments(
            subscription, root=master.parent, frame_shape=(shape[0], shape[1]), dtype_numpy=dtype.str
        )
        resource = run.resource(master, images_per_file=frames)
        for slot in range(frames):
            run.event(resource, slot)
        run.stop()
        subscription.wait(120)
    return Place(place.uri, place.key, place.pid, place.start_mb, (run.uid, "primary", "eiger2_image"))


def node_of(place: Place) -> Any:
    """Return the client that Tiled chooses for the images."""
    from tiled.client import from_uri

    node = from_uri(place.uri, api_key=place.key)
    for name in place.path:
        node = node[name]
    return node


def unmodified(place: Place) -> Any:
    """Return Tiled's own client of the images."""
    from tiled.client.array import ArrayClient

    node = node_of(place)
    return ArrayClient(node.context, item=node.item, structure_clients=node.structure_clients)


def single_frames(place: Place) -> Callable[[], int]:
    """``images[i]`` of an unmodified client, for some frames."""
    images = unmodified(place)

    def work() -> int:
        for n in range(SINGLE):
            images[n]
        return SINGLE

    return work


def part(place: Place) -> Callable[[], int]:
    """``images[a:a+100]`` of an unmodified client."""
    images = unmodified(place)

    def work() -> int:
        return len(images[:SLICE])

    return work


def our_single_frames(place: Place) -> Callable[[], int]:
    """``images[i].read()`` of our client, for some frames."""
    images = node_of(place)

    def work() -> int:
        for n in range(SINGLE):
            images[n].read()
        return SINGLE

    return work


def our_part(place: Place) -> Callable[[], int]:
    """``images[a:a+100].read()`` of our client."""
    images = node_of(place)

    def work() -> int:
        return len(images[:SLICE].read())

    return work


def our_whole(place: Place) -> Callable[[], int]:
    """``images.read()`` of our client."""
    images = node_of(place)

    def work() -> int:
        return len(images.read())

    return work


def main() -> None:
    """Print the rows, and hand them in."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary, ExitStack() as servers:
        folder = Path(temporary)
        master = make_master(folder, options.frames, options.size)
        stock = registered(servers.enter_context(stock_server(folder)), master, "files")
        memory = servers.enter_context(our_server(folder, master, environment={}))
        memory = Place(memory.uri, memory.key, memory.pid, memory.start_mb, ("images",))
        columns = {}
        for column, contestant in ours(our_part).items():
            environment = dict(contestant.environment)
            place = servers.enter_context(our_server(folder, environment=environment))
            columns[column] = registered(place, master, "masters"), environment
        hand_in(*rows(options.rounds, master, stock, memory, columns))


Columns = dict[str, tuple[Place, dict[str, str]]]


def rows(rounds: int, master: Path, stock: Place, memory: Place, columns: Columns) -> Iterator[Row]:
    """Yield the rows of all contests."""

    def contest(what: str, prepare: Any, name: str, peer: Contestant, goals: dict[str, float]) -> Row:
        mine = {
            column: Contestant(prepare, (place,), environment)
            for column, (place, environment) in columns.items()
        }
        return Row.of(what, compete({name: peer, **mine}, rounds), name, goals)

    local = Contestant(h5py_one_by_one, (str(master),))
    one, many = "Tiled HTTP, unmodified client, one frame", f"Tiled HTTP, unmodified client, {SLICE} frames"
    yield contest(
        one, single_frames, "stock Tiled", Contestant(single_frames, (stock,)), {"fast": 1.8, "wheels": 1.6}
    )
    yield contest(many, part, "array in memory", Contestant(part, (memory,)), {"fast": 0.85, "wheels": 0.75})
    goals = {"fast": 1, "wheels": 0.7}
    yield contest("Tiled HTTP, our client, one frame", our_single_frames, "local h5py d[i]", local, {})
    yield contest(f"Tiled HTTP, our client, {SLICE} frames", our_part, "local h5py d[i]", local, goals)
    yield contest("Tiled HTTP, our client, whole stack", our_whole, "local h5py d[i]", local, goals)
    above = {column: peak_mb(place.pid) - place.start_mb for column, (place, _) in columns.items()}
    yield Row(
        "server's memory above its start",
        "limit",
        (300, 300),
        {column: (mb, mb, mb) for column, mb in above.items()},
        {},
        "MB",
    )


if __name__ == "__main__":
    main()
