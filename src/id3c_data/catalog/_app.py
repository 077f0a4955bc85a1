"""The Tiled server: its configuration, with our adapter bound to the folders that it may read.

Only processes that serve import this.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tiled.config import Config
from tiled.server.app import build_app_from_config
from tiled.utils import import_object

from ..documents import MIMETYPE
from ..errors import PathOutsideRoots
from ._adapter import MasterAdapter
from ._as_stored import let_answer_as_stored
from ._faster_tiled import make_tiled_faster
from ._frames_router import frames_router
from ._refusals import header_of, status_of

__all__ = ["adapters_by_name", "app_of", "embedded_config", "initialize_catalog"]

_SQLITE = "sqlite:///"

logger = logging.getLogger(__name__)

_REFUSAL = re.compile(r"Refusing to serve (?:file://localhost)?(\S+)")

CATALOG_SPEC = {"name": "CatalogOfBlueskyRuns", "version": "3.0"}
"""Spec of the root, without which ``cat[-1]`` is no run for Tiled's own clients."""


@contextmanager
def adapters_by_name() -> Iterator[None]:
    """Let Tiled take adapters by their names: it writes out the classes as text again, and warns of that."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
        yield


def embedded_config(folder: Path, readable: list[str], api_key: str) -> Config:
    """Return the configuration of a server with everything in one folder.

    Parameters
    ----------
    folder
        Holds the catalog (SQLite), the tables (SQLite) and files of other data.
    readable
        Folders with detector files.
    api_key
        What a client must show.
    """
    content = {
        "catalog": {
            "uri": f"sqlite:///{folder / 'catalog.db'}",
            "writable_storage": [str(folder / "data"), f"sqlite:///{folder / 'tables.db'}"],
            "readable_storage": readable,
            "specs": [CATALOG_SPEC],
            "adapters_by_mimetype": {MIMETYPE: f"{MasterAdapter.__module__}:MasterAdapter"},
        },
        "authentication": {"single_user_api_key": api_key},
        "expose_raw_assets": False,
        "streaming_cache": {"uri": "memory"},
    }
    with adapters_by_name():
        return Config.model_validate(content)


def app_of(config: Config) -> Any:
    """Return the web application of a configuration.

    Wherever a catalog uses `MasterAdapter`, it may read that catalog's readable storage and nothing else.
    The route for compressed frames is there, whatever the configuration says of routers.
    Raw downloads of files are off: they would follow symbolic links out of the readable folders.
    """
    if config.expose_raw_assets:
        logger.warning("expose_raw_assets is off: raw downloads follow links out of the readable folders")
        config.expose_raw_assets = False
    for tree in config.trees or []:
        args = tree.args or {}
        adapters = args.get("adapters_by_mimetype") or {}
        for mimetype, named in adapters.items():
            adapter = import_object(named)
            if isinstance(adapter, type) and issubclass(adapter, MasterAdapter):
                readable = args.get("readable_storage") or []
                adapters[mimetype] = adapter.within(readable, config.response_bytesize_limit)
        for storage in args.get("writable_storage") or []:
            if str(storage).startswith(_SQLITE):
                let_readers_pass(Path(str(storage).removeprefix(_SQLITE).partition("?")[0]))
    routers: list[Any] = config.routers  # of routers by now, although its type says names
    if frames_router not in routers:
        routers.append(frames_router)
    make_tiled_faster()
    app = build_app_from_config(config)
    app.add_exception_handler(RuntimeError, _refuse_in_words)
    let_answer_as_stored(app)
    return app


async def _refuse_in_words(request: Request, error: Exception) -> Response:
    """Answer 403 where Tiled refuses a path, in place of a fault that its clients ask for again."""
    del request
    path = _REFUSAL.match(str(error))
    if path is None:
        raise error
    ours = PathOutsideRoots(
        "is not below a folder that the catalog's server may read",
        where=path[1],
        next_step="add its folder to readable_storage in the server's configuration",
    )
    logger.warning("%s", error)
    status = status_of(ours, run_ended=True)
    return JSONResponse({"detail": str(ours)}, status_code=status, headers=header_of(ours))


def let_readers_pass(database: Path) -> None:
    """Let a SQLite file be read while somebody writes to it, and be written to while somebody reads.

    Tiled's tables of events are read with a driver that waits for nobody: whoever follows a run would get
    "database is locked", as an answer 500, whenever an event is written. The setting stays with the file.
    """
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def initialize_catalog(database: Path) -> None:
    """Make a catalog's tables in a new SQLite file; one that has them stays as it is.

    Tiled does it in a process of its own, which takes seconds more.
    """
    from tiled.commandline._catalog import init

    init(str(database), if_not_exists=True)
