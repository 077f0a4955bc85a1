"""HDF5 opens no master in the server's own process, and its end is not the server's."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from id3c_data.catalog import Catalog, Server, Subscription
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments


def _lookers_of(pid: int) -> Iterator[int]:
    """The processes of a server that look at files for it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"_looker_child" in Path(f"/proc/{child}/cmdline").read_bytes():
                yield child


def _runs(pid: int) -> bool:
    """Whether a process has not ended yet; one that its parent has not looked at stays as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_server_goes_on_when_the_process_that_opens_files_ends(
    cat: Catalog,
    server: Server,
    subscription: Subscription,
    readable: Path,
    model: FrameModel,
    series: Callable[..., SeriesFiles],
) -> None:
    documents = RunDocuments(subscription, root=readable, frame_shape=model.shape)
    for number in (1, 2):
        documents.event(documents.resource(series(number).master, series="point"))
    documents.stop()
    subscription.wait(30)
    images = cat[documents.uid].primary["eiger2_image"]
    assert np.array_equal(images[0].read(), model.frame(1, 1))

    for looker in tuple(_lookers_of(server.pid)):
        os.kill(looker, signal.SIGKILL)
        while _runs(looker):  # the signal takes its moment
            time.sleep(0.01)
    assert np.array_equal(images[1].read(), model.frame(2, 1))


def test_the_server_maps_no_master_of_its_own(server: Server, ten_points: object) -> None:
    assert np.asarray(ten_points.primary["eiger2_image"]).shape[0] == 10  # type: ignore[attr-defined]
    opened = {str(link.readlink()) for link in Path(f"/proc/{server.pid}/fd").iterdir() if link.exists()}
    assert not any(name.endswith("_master.h5") for name in opened)
