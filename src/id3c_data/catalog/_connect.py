"""A client of the catalog: of a server that is named, that the environment names, or of one's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
from tiled.client.base import BaseClient
from tiled.client.constructors import from_context, from_profile
from tiled.client.container import Container
from tiled.client.context import Context
from tiled.profiles import load_profiles

from ..errors import CatalogError, Id3cDataError
from ..paths import PathMap, PathMapLike
from ._client_table import structure_clients
from ._clients import Catalog
from ._embedded import Server, serve
from ._state import default_folder
from ._translate import error_of_response, translated, unreachable
from ._transport import bound_patience, close_with, through_proxy

__all__ = ["PROFILE_VARIABLE", "URI_VARIABLE", "client_of_profile", "client_of_uri", "connect"]

URI_VARIABLE = "ID3C_DATA_CATALOG_URI"
"""Environment variable with the URI of the catalog that `connect` takes when it is told none."""
PROFILE_VARIABLE = "ID3C_DATA_CATALOG_PROFILE"
"""Environment variable with the name of a Tiled profile, for the same."""

_PROBE = httpx.Timeout(10.0, connect=5.0)
_servers: dict[Path, Server] = {}  # kept as long as the process, and so kept running


def connect(
    uri: str | None = None,
    *,
    profile: str | None = None,
    api_key: str | None = None,
    path_map: PathMapLike = None,
) -> Catalog:
    """Return a catalog of runs.

    Without URI and profile, ``ID3C_DATA_CATALOG_URI`` or ``ID3C_DATA_CATALOG_PROFILE`` in the environment
    name it; where they do not either, it is the embedded catalog: a Tiled server of this user on this
    machine, started if it does not run.

    Parameters
    ----------
    uri
        Of a Tiled server, or of a catalog in it (``http://host:8000/api/v1/metadata/raw``).
    profile
        Name of a Tiled profile.
    api_key
        What the server asks for; Tiled itself takes it from ``TILED_API_KEY`` when it is not given.
    path_map
        From folders as the documents name them to where this machine has them, for ``master_files``.

    Returns
    -------
    Catalog
        ``cat[-1]`` is the last run, ``cat[-1].primary["eiger2_image"]`` its images.

    Raises
    ------
    CatalogUnreachable
        Where no answer comes, after some seconds.
    CatalogError
        Where the server refuses, or what it serves is no catalog of runs.
    """
    if uri and profile:
        raise CatalogError("a URI and a profile are given", next_step="give one of them")
    if not uri and not profile:
        uri, profile = os.environ.get(URI_VARIABLE), os.environ.get(PROFILE_VARIABLE)
    table = structure_clients(PathMap.of(path_map))
    if profile and not uri:
        client = client_of_profile(profile, api_key, table)
    else:
        if not uri:
            server = _embedded()
            uri, api_key = server.uri, server.api_key
        client = client_of_uri(uri, api_key, table)
    bound_patience(client.context)
    return _as_catalog(client)


def _embedded() -> Server:
    """Return the embedded server of this user, which then runs at least as long as this process."""
    folder = default_folder()
    server = serve(folder)
    old, _servers[folder] = _servers.get(folder), server
    if old is not None:
        old.close()
    return server


def client_of_profile(profile: str, api_key: str | None, table: Any) -> BaseClient:
    """Return the client that a Tiled profile describes."""
    profiles = load_profiles()
    if profile not in profiles:
        raise CatalogError(
            f"there is no Tiled profile {profile!r}",
            where="Tiled's profiles",
            next_step=f"there are {', '.join(sorted(profiles)) or 'none'}; `tiled profile paths` shows where",
        )
    path, content = profiles[profile]
    if uri := content.get("uri"):
        _probe(uri, verify=content.get("verify", True))
    key = {"api_key": api_key} if api_key else {}
    client = _attempt(f"{path} ({profile})", from_profile, profile, structure_clients=table, **key)
    close_with(client.context)
    return client


def client_of_uri(uri: str, api_key: str | None, table: Any) -> BaseClient:
    """Return the client of a URI."""
    _probe(uri)
    return _attempt(_plain(uri), _client_of, uri, api_key, table)


def _client_of(uri: str, api_key: str | None, table: Any) -> BaseClient:
    """Return the client of a URI, as `tiled.client.from_uri` does, closed also where it fails half-way."""
    context, path = Context.from_any_uri(uri, api_key=api_key, trust_env=through_proxy(uri))
    close_with(context)
    bound_patience(context)  # a server whose database is damaged answers the probe, and 500 from here on
    return from_context(context, structure_clients=table, node_path_parts=path)


def _attempt(where: str, make: Any, *args: Any, **kwargs: Any) -> BaseClient:
    """Return the client that Tiled makes; whatever it raises becomes an error of ours."""
    try:
        with translated(where):
            return make(*args, **kwargs)
    except Id3cDataError:
        raise
    except Exception as error:
        raise CatalogError(
            f"Tiled's client cannot connect: {type(error).__name__}: {' '.join(str(error).split()):.300}",
            where=where,
            next_step="see whether the URI leads to a Tiled server, and pass api_key if it asks for one",
        ) from error


def _probe(uri: str, verify: bool = True) -> None:
    """Ask once whether anything answers there, because Tiled's client would ask for 45 s."""
    where = _plain(uri)
    try:
        settings: Any = {"timeout": _PROBE, "verify": verify, "trust_env": through_proxy(where)}
        response = httpx.get(where, follow_redirects=True, **settings)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise unreachable(error, where) from error
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise error_of_response(response, where)


def _plain(uri: str) -> str:
    """Return a URI without its query, which may hold a key."""
    return uri.partition("?")[0]


def _as_catalog(client: BaseClient) -> Catalog:
    """Return a client as a catalog; one that nothing marks as such is looked into."""
    if isinstance(client, Catalog):
        return client
    if isinstance(client, Container):
        with translated(client.uri):
            first = client.items().head(1)
        if all(spec.name == "BlueskyRun" for _, node in first for spec in node.specs[:1]) and all(
            node.specs for _, node in first
        ):
            return Catalog(client.context, item=client.item, structure_clients=client.structure_clients)
        names = ", ".join(client.keys().head(8))
        raise CatalogError(
            f"is no catalog of runs; it holds {names}",
            where=client.uri,
            next_step="give the URI of the catalog itself, which ends in /metadata/<path>",
        )
    raise CatalogError("is no catalog of runs", where=client.uri, next_step="give the URI of a catalog")
