"""The Tiled server that the files name: whether it answers, and whether it can read the detector's files."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..config import ICONFIG, TILED, Devices, Finding, RightSite, beside, value_at
from ..errors import CatalogError, Id3cDataError
from ..h5api import Looker
from ._bounded import within
from ._note import Note

if TYPE_CHECKING:
    from tiled.client.container import Container

__all__ = ["catalog_findings", "server_findings"]

_PATIENCE_FACTOR = 6  # a client's first connection is several requests, each with its own patience


@dataclass(frozen=True, slots=True)
class _Server:
    """A Tiled server, as files or the environment name it.

    Parameters
    ----------
    path, at
        File and node that name it.
    name
        It in words.
    open
        Connects to its catalog.
    """

    path: Path
    at: yaml.Node
    name: str
    open: Callable[[], Container]


def catalog_findings(
    devices: Devices, sites: Sequence[RightSite], patience_s: float
) -> Iterator[Finding | Note]:
    """Yield what is wrong with the servers that stand beside these devices, and what was found right.

    Parameters
    ----------
    devices
        All devices, with the files beside them.
    sites
        The pairs of templates whose files are to be read.
    patience_s
        Longest that one look at the file system, and about what one request may take.
    """
    for server in _servers(devices, sites):
        folder = server.path.parent
        own = [site for site in sites if site.entry.path.parent == folder]
        try:
            container = within(_PATIENCE_FACTOR * patience_s, server.open)
        except Exception as error:  # Tiled's client may raise anything where a server is not as it expects
            what, next_step = _in_words(error)
            yield Finding(server.path, server.at, f"{server.name}: {what}", next_step, "E509")
            continue
        yield Note(server.name, "answers")
        for site in {_root(site): site for site in own}.values():
            yield from server_findings(server.name, container, site, _root(site), patience_s)


def _servers(devices: Devices, sites: Sequence[RightSite]) -> Iterator[_Server]:
    """Yield one server for each folder of files that names one, or that the environment names one for."""
    named: dict[Path, _Server] = {}
    for document, _ in beside(devices, ICONFIG):
        profile = value_at(document, "TILED_PROFILE_NAME")
        if profile is not None and isinstance(profile.value, str):
            path = value_at(document, "TILED_PATH_NAME")
            given = {
                "profile": profile.value,
                "path": path.value if path and isinstance(path.value, str) else "",
            }
            name = f"Tiled profile {profile.value!r}"
            named[document.path.parent] = _Server(document.path, profile.node, name, _opener(**given))
    for document, _ in beside(devices, TILED):
        uri, node = _uri_of(document.data), value_at(document, "uvicorn")
        key = os.environ.get("TILED_SINGLE_USER_API_KEY") or os.environ.get("TILED_API_KEY")
        if uri and node is not None:
            server = _Server(document.path, node.key, f"Tiled server {uri}", _opener(uri=uri, api_key=key))
            named.setdefault(document.path.parent, server)
    if uri := os.environ.get("ID3C_DATA_CATALOG_URI"):
        for site in sites:
            at = site.nodes["read_path_template"][1]
            server = _Server(site.entry.path, at, f"Tiled server {uri.partition('?')[0]}", _opener(uri=uri))
            named.setdefault(site.entry.path.parent, server)
    yield from named.values()


def _uri_of(data: Any) -> str:
    """Return where the server of a tiled.yml listens; empty where the file does not say."""
    settings = data.get("uvicorn") if isinstance(data, dict) else None
    if not isinstance(settings, dict) or not settings.get("port"):
        return ""
    host = settings.get("host", "127.0.0.1")
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{settings['port']}/api/v1"  # noqa: S104 - compared, not bound to


def _opener(**given: Any) -> Callable[[], Container]:
    def open_it() -> Container:
        from ..catalog import open_container

        return open_container(**given)

    return open_it


def server_findings(
    name: str, container: Container, site: RightSite, root: str, patience_s: float
) -> Iterator[Finding | Note]:
    """Let a server read a master that is made for it, below the read root.

    Parameters
    ----------
    name
        The server in words.
    container
        Where the master is registered for a moment.
    site
        The pair of templates that the root is of.
    root
        The read root, as this machine has it.
    patience_s
        Longest that one look at the file system may take.
    """
    from ..catalog import registered

    at = site.nodes["read_path_template"][1]

    def unproven(why: str, next_step: str) -> Finding:
        what = f"{site.entry.name}: that {name} can read what is in {root} is not proven: {why}"
        return Finding(site.entry.path, at, what, next_step, "W511")

    with Looker(patience_s) as looker:
        folder = Path(root) / f".id3c_probe_{uuid.uuid4().hex}"
        try:
            master, frames = looker.ask(_write_master, folder)
        except OSError as error:
            why = f"no file can be made in {root} here ({error.strerror or error})"
            yield unproven(why, "ask from a host that may write there")
            return
        try:
            with registered(container, master.as_uri(), frames) as read:
                try:
                    read()
                    yield Note(name, f"reads what is in {root}, proven by a file that was made there")
                except Id3cDataError as error:
                    what = f"{site.entry.name}: {name} cannot read what is in {root}: {error.what}"
                    yield Finding(site.entry.path, at, what, error.next_step, "E510")
        except CatalogError as error:
            yield unproven(error.what, error.next_step)
        finally:
            try:
                looker.ask(_remove, master)
            except OSError as error:
                yield unproven(f"{master} could not be taken away ({error})", "take it away by hand")


def _write_master(folder: Path) -> tuple[Path, Any]:
    """Write the smallest master, and return it with its frames."""
    import h5py
    import numpy as np

    folder.mkdir()
    master, frames = folder / "probe_1_master.h5", np.arange(4, dtype=np.uint8).reshape(1, 2, 2)
    try:
        with h5py.File(master, "w") as file:
            file["/entry/data/data"] = frames
    except OSError:  # a full disk, say
        _remove(master)
        raise
    return master, frames


def _remove(master: Path) -> None:
    master.unlink(missing_ok=True)
    master.parent.rmdir()


def _root(site: RightSite) -> str:
    return site.templates.read_base


def _in_words(error: BaseException) -> tuple[str, str]:
    if isinstance(error, Id3cDataError):
        return error.what, error.next_step
    return f"{type(error).__name__}: {error}", "see whether it is up, and what its log says"
