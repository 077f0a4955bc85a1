"""The catalog: documents into Tiled, frames out of it over HTTP, and a server of one's own.

The names load what they need when they are first used, so that a client never imports a server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra

if TYPE_CHECKING:
    from ._adapter import MasterAdapter
    from ._clients import Catalog, Run, Stream
    from ._connect import connect
    from ._consolidator import MasterConsolidator, register_consolidator
    from ._embedded import Server, serve
    from ._foreground import serve_config
    from ._frames_router import frames_router
    from ._image_nodes import ImageNode, external_nodes, image_nodes, shorten
    from ._images import ImagesClient
    from ._probe import open_container, registered
    from ._replay import Replayed, kept_runs, replay
    from ._run_state import CatalogRunState
    from ._subscribe import subscribe
    from ._subscription import Subscription
    from ._view import ImagesView
    from ._whole_documents import documents_of

_HOME = {
    "Catalog": "_clients",
    "CatalogRunState": "_run_state",
    "ImageNode": "_image_nodes",
    "ImagesClient": "_images",
    "ImagesView": "_view",
    "MasterAdapter": "_adapter",
    "MasterConsolidator": "_consolidator",
    "Replayed": "_replay",
    "Run": "_clients",
    "Server": "_embedded",
    "Stream": "_clients",
    "Subscription": "_subscription",
    "connect": "_connect",
    "documents_of": "_whole_documents",
    "frames_router": "_frames_router",
    "external_nodes": "_image_nodes",
    "image_nodes": "_image_nodes",
    "kept_runs": "_replay",
    "open_container": "_probe",
    "register_consolidator": "_consolidator",
    "registered": "_probe",
    "replay": "_replay",
    "serve": "_embedded",
    "serve_config": "_foreground",
    "shorten": "_image_nodes",
    "subscribe": "_subscribe",
}

_EXTRAS = {
    "bluesky_tiled_plugins": "catalog",
    "dask": "catalog",
    "httpx": "catalog",
    "tiled": "catalog",
}
_SERVER_NAMES = ("MasterAdapter", "frames_router", "serve_config")

__all__ = [
    "Catalog",
    "CatalogRunState",
    "ImageNode",
    "ImagesClient",
    "ImagesView",
    "MasterAdapter",
    "MasterConsolidator",
    "Replayed",
    "Run",
    "Server",
    "Stream",
    "Subscription",
    "connect",
    "documents_of",
    "external_nodes",
    "frames_router",
    "image_nodes",
    "kept_runs",
    "open_container",
    "register_consolidator",
    "registered",
    "replay",
    "serve",
    "serve_config",
    "shorten",
    "subscribe",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == __name__.partition(".")[0]:
            raise
        extra = "server" if name in _SERVER_NAMES else _EXTRAS.get(missing, "catalog")
        raise MissingExtra(missing, extra) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
