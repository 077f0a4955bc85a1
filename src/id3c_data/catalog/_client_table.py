"""Which client a node gets: ours for catalogs, runs, streams and images, Tiled's own for all else."""

from __future__ import annotations

from . import _lean_dask  # noqa: F401  # before Tiled's clients import dask

# isort: split

import functools
import operator
from typing import Any

from bluesky_tiled_plugins.clients.bluesky_event_stream import BlueskyEventStream
from bluesky_tiled_plugins.clients.bluesky_run import BlueskyRun
from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH, Container

from ..paths import PathMap
from ._clients import Catalog, Run, Stream
from ._images import ImagesClient

__all__ = ["structure_clients"]


def structure_clients(path_map: PathMap) -> Any:
    """Return Tiled's table of client classes with ours in it."""
    Container.discover_clients_from_entrypoints()
    known = DEFAULT_STRUCTURE_CLIENT_DISPATCH["numpy"]
    table = type(known)({name: functools.partial(operator.getitem, known, name) for name in known})
    ours = {
        "CatalogOfBlueskyRuns": Catalog,
        "BlueskyRun": _run_client,
        "BlueskyEventStream": _stream_client,
        "Eiger2Image": functools.partial(ImagesClient, path_map=path_map),
    }
    for name, class_ in ours.items():
        table.set(name, functools.partial(_same, class_))
    return table


def _run_client(context: Any, *, item: Any, **kwargs: Any) -> Any:
    """Return the client of a run; one that an older database holds gets that of `bluesky_tiled_plugins`."""
    return (Run if BlueskyRun._is_sql(item) else BlueskyRun)(context, item=item, **kwargs)


def _stream_client(context: Any, *, item: Any, **kwargs: Any) -> Any:
    """Return the client of a stream; see `_run_client`."""
    sql = BlueskyEventStream._is_sql(item)
    return (Stream if sql else BlueskyEventStream)(context, item=item, **kwargs)


def _same(value: Any) -> Any:
    return value
