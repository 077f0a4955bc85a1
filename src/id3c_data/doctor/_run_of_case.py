"""The run that is examined: found in the catalog, or told by the documents of an exposure."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..config import ICONFIG, beside, value_at
from ..errors import CatalogError, DocumentError, Id3cDataError
from ._bounded import within
from ._case import Case, Master

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..documents import RunState

__all__ = ["find_run", "open_catalog", "read_run", "take_run"]

_PATIENCE_FACTOR = 6  # a client's first connection is several requests, each with its own patience


def open_catalog(case: Case) -> None:
    """Connect to the catalog, as `id3c_data.connect` would; where that fails the case knows why."""
    if case.catalog is not None or case.catalog_error is not None:
        return
    case.catalog_name, connect = _catalog_of(case)
    began = time.perf_counter()
    try:
        case.catalog = within(_PATIENCE_FACTOR * case.settings.answer_s, connect)
    except Id3cDataError as error:
        case.catalog_error = error
    except TimeoutError as error:
        next_step = "see whether it is up, and what its log says"
        case.catalog_error = CatalogError(f"{case.catalog_name}: {error}", next_step=next_step)
    case.catalog_s = time.perf_counter() - began


def _catalog_of(case: Case) -> tuple[str, Callable[[], Catalog]]:
    """Return the name of the catalog, and what connects to it.

    It is the one that was named, that the environment names, that an iconfig.yml beside the devices names, or
    the embedded one.
    """
    from ..catalog import Catalog, connect, open_container

    settings, map_ = case.settings, case.settings.path_map
    uri, profile = settings.uri, settings.profile
    if not uri and not profile:
        uri = os.environ.get("ID3C_DATA_CATALOG_URI")
        profile = None if uri else os.environ.get("ID3C_DATA_CATALOG_PROFILE")
    if uri or profile:
        name = f"the catalog {uri.partition('?')[0]}" if uri else f"the catalog of Tiled profile {profile!r}"
        return name, lambda: connect(uri, profile=profile, api_key=settings.api_key, path_map=map_)
    for document, _ in beside(case.loaded.devices, ICONFIG) if case.loaded else ():
        place, below = value_at(document, "TILED_PROFILE_NAME"), value_at(document, "TILED_PATH_NAME")
        if place is not None and isinstance(place.value, str):
            named, path = place.value, below.value if below and isinstance(below.value, str) else ""
            line = place.node.start_mark.line + 1
            name = f"the catalog of Tiled profile {named!r} ({document.path}:{line})"

            def of_profile(profile: str = named, path: str = path) -> Any:
                container: Any = open_container(profile=profile, path=path, api_key=settings.api_key)
                if isinstance(container, Catalog):
                    return container
                return connect(container.uri, api_key=container.context.api_key, path_map=map_)

            return name, of_profile
    return "the embedded catalog of this user", lambda: connect(path_map=map_)


def find_run(case: Case) -> None:
    """Find the run that was asked for; where that fails the case knows why."""
    open_catalog(case)
    if case.catalog is None:
        return
    catalog, key = case.catalog, case.settings.target
    try:
        within(_PATIENCE_FACTOR * case.settings.answer_s, lambda: read_run(case, catalog, key))
    except Id3cDataError as error:
        case.catalog_error = error
    except TimeoutError as error:
        next_step = "see whether its server is busy, and what its log says"
        case.catalog_error = CatalogError(f"{case.catalog_name}: {error}", next_step=next_step)


def read_run(case: Case, catalog: Catalog, key: Any) -> None:
    """Let a run of the catalog say what it promises, and which node its images are."""
    from ..catalog import CatalogRunState

    run = catalog[key]
    if case.run is None:
        take_run(case, case.open.enter_context(closing(CatalogRunState(run, path_map=case.here))))
    if case.data_key:
        stream = run["primary"]
        case.described = stream.metadata["data_keys"][case.data_key]
        case.images = stream[case.data_key]


def take_run(case: Case, state: RunState) -> None:
    """Note what a run's documents promise.

    Raises
    ------
    DocumentError
        They do not hold together, or have no such data key.
    """
    case.run = state
    keys = state.data_keys
    wanted = case.settings.data_key
    if wanted is not None and wanted not in keys:
        raise DocumentError(
            f"the run has no data key {wanted!r} of images",
            f"run {state.uid}",
            f"it has {', '.join(keys) or 'none'}",
        )
    case.data_key = wanted or next((key for key in keys if state.promised(key)), next(iter(keys), ""))
    case.promises = state.promised(case.data_key) if case.data_key else ()
    for promise in case.promises:
        path = case.path_of(promise)
        master = next((known for known in case.masters if known.path == path), None)
        if master is None:
            master = Master(path, 0)
            case.masters.append(master)
        master.images_per_file = promise.resource["resource_kwargs"].get("images_per_file")
        master.needed = max(master.needed or 0, promise.frames.stop)
