"""Finding out whether a catalog's server can read a file, by registering it for a moment."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from tiled.client.container import Container
from tiled.structures.array import ArrayStructure
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management

from ..documents import MIMETYPE
from ..errors import CatalogError
from ..paths import PathMap
from ._client_table import structure_clients
from ._connect import URI_VARIABLE, client_of_profile, client_of_uri
from ._slots import Slot, SlotRun, SlotTable
from ._translate import translated
from ._transport import bound_patience

__all__ = ["open_container", "registered"]


def open_container(
    uri: str | None = None, *, profile: str | None = None, path: str = "", api_key: str | None = None
) -> Container:
    """Return a container of a Tiled server, whatever is in it.

    Parameters
    ----------
    uri, profile, api_key
        As for `connect`; without URI and profile, what ``ID3C_DATA_CATALOG_URI`` says.
    path
        Of the container, below what URI or profile name.

    Raises
    ------
    CatalogUnreachable
        Where no answer comes, after some seconds.
    CatalogError
        Where the server refuses, or has no such container.
    """
    table = structure_clients(PathMap.of(None))
    if profile:
        client: Any = client_of_profile(profile, api_key, table)
    else:
        client = client_of_uri(uri or os.environ[URI_VARIABLE], api_key, table)
    bound_patience(client.context)
    for key in filter(None, path.split("/")):
        if not isinstance(client, Container) or key not in client:
            raise CatalogError(
                f"has no {key!r}", client.uri, "see what it has: `list(client)` in Tiled's client"
            )
        client = client[key]
    if not isinstance(client, Container):
        raise CatalogError("is no container", client.uri, "name the catalog of runs")
    return client


@contextmanager
def registered(container: Container, master: str, frames: np.ndarray) -> Iterator[Callable[[], None]]:
    """Register a master under a new name, and take it away again.

    Parameters
    ----------
    container
        Where to register it.
    master
        Its URI, as the server is to see it.
    frames
        What is in it: ``(frames, height, width)``, one frame an event.

    Yields
    ------
    Callable
        Lets the server read the master; raises what the server says where it cannot, and `CatalogError` where
        it gives other frames.

    Raises
    ------
    CatalogError
        Where this user may not add to the container, or not take away from it.
    """
    key = f"id3c_probe_{uuid.uuid4().hex}"
    with translated(container.uri):
        node = container.new(
            StructureFamily.array, [_source(master, frames)], key=key, metadata={"run_ended": True}
        )

    def read() -> None:
        with translated(master):
            given = np.asarray(node.read())
        if not np.array_equal(given, frames):
            next_step = "see what the server has mounted in its folder"
            raise CatalogError("the server reads other frames than are in this file", master, next_step)

    try:
        yield read
    finally:
        with translated(f"{container.uri}/{key}"):
            container.delete_contents(key)


def _source(master: str, frames: np.ndarray) -> DataSource[ArrayStructure]:
    slots = SlotTable([SlotRun(len(frames), Slot(0, 0), slot_step=1)])
    return DataSource(
        structure_family=StructureFamily.array,
        structure=ArrayStructure.from_array(frames),
        mimetype=MIMETYPE,
        parameters={"frames_per_event": 1, "channel": "threshold_1", "slots": slots.to_json()},
        management=Management.external,
        assets=[Asset(data_uri=master, is_directory=False, parameter="data_uris", num=0)],
    )
