"""Servers of `over_http.py`, each in a process of its own, and runs in their catalogs."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import httpx
import yaml

__all__ = ["Place", "our_server", "peak_mb", "registered", "stock_server"]

SERVER = Path(__file__).with_name("_catalog_server.py")


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


def registered(place: Place, master: Path, how: Any, *, times: int = 1) -> Place:
    """Write a run into a server's catalog, and return where its images are.

    Parameters
    ----------
    place
        The server.
    master
        All its frames are events, one after the other.
    how
        As what: its masters, or their data files.
    times
        How often they are, so that a long run takes no more of the disk than a short one.
    """
    from id3c_data.catalog import Subscription, connect
    from id3c_data.testing.catalog import RunDocuments

    with h5py.File(master) as file:
        frames, *shape = file["entry/data/data_000001"].shape
        dtype = file["entry/data/data_000001"].dtype
    cat = connect(place.uri, api_key=place.key)
    with (
        tempfile.TemporaryDirectory() as spool,
        Subscription(cat, registered=how, spool=spool) as subscription,
    ):
        run = RunDocuments(
            subscription, root=master.parent, frame_shape=(shape[0], shape[1]), dtype_numpy=dtype.str
        )
        resource = run.resource(master, images_per_file=frames)
        for slot in [*range(frames)] * times:
            run.event(resource, slot)
        run.stop()
        subscription.wait(120)
    return replace(place, path=(run.uid, "primary", "eiger2_image"))
