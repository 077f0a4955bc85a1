"""Checks of tiled.yml, the configuration of the Tiled server, against the devices whose files it serves.

What Tiled reads was read in tiled 0.2.20: ``tiled/config.py``, ``tiled/catalog/adapter.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlparse

import yaml

from ..paths import is_below
from ._beside import TILED, beside, items_of, list_of, start_of
from ._checks import Devices, rule
from ._document import Document, members
from ._entries import DeviceEntry
from ._named_classes import named_classes
from ._names import did_you_mean
from ._problem import Finding
from ._template_sites import READ, TemplateSite, right_sites

__all__ = [
    "ADAPTER",
    "MIMETYPE",
    "adapter_is_registered",
    "raw_downloads_are_off",
    "read_roots_are_readable",
    "readable_storage_is_narrow",
    "tiled_serves_a_catalog",
]

MIMETYPE, ADAPTER = "application/x-eiger2-master", "id3c_data.catalog:MasterAdapter"

_DEVICES = """\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "sim_eiger:"
    write_path_template: "/detector/data/%Y/"
    read_path_template: "/data/eiger2/%Y/"
"""
_TILED = """\
catalog:
  uri: sqlite:///srv/tiled/catalog.db
  readable_storage: [/data/eiger2]
  adapters_by_mimetype:
    application/x-eiger2-master: id3c_data.catalog:MasterAdapter
expose_raw_assets: false
"""
_RIGHT = {"devices.yml": _DEVICES, "tiled.yml": _TILED}


def _wrong(old: str, new: str) -> dict[str, str]:
    return {"devices.yml": _DEVICES, "tiled.yml": _TILED.replace(old, new)}


@dataclass(frozen=True, slots=True)
class _Catalog:
    """One catalog of a server.

    Parameters
    ----------
    at
        Where it begins in the file.
    node, settings
        Its settings as a node and as plain values.
    """

    at: yaml.Node
    node: yaml.Node
    settings: dict[str, Any]

    def node_of(self, key: str) -> yaml.Node:
        """Return where a setting stands, or the catalog where it is not given."""
        given = members(self.node) if isinstance(self.node, yaml.MappingNode) else {}
        return given[key][1] if key in given else self.at


@rule(
    "E411",
    "tiled.yml names a catalog for the server to serve",
    wrong={"devices.yml": _DEVICES, "tiled.yml": "uvicorn:\n  port: 8000\n"},
    right=_RIGHT,
)
def tiled_serves_a_catalog(devices: Devices) -> Iterator[Finding]:
    """A server without `catalog` or `trees` does not start, and neither does one that is told both."""
    for document, _ in beside(devices, TILED):
        if not isinstance(document.data, dict) or not isinstance(document.root, yaml.MappingNode):
            yield Finding(
                document.path,
                start_of(document),
                "a mapping of settings belongs here",
                "begin with `catalog:`",
            )
            continue
        given = members(document.root)
        if not _catalogs(document):
            what = "no `catalog` and no `trees` with settings stand here"
            yield Finding(
                document.path, document.root, what, "begin with `catalog:`, and its `uri:` below it"
            )
        elif "catalog" in given and "trees" in given:
            yield Finding(
                document.path, given["trees"][0], "`catalog` and `trees` stand here", "keep one of them"
            )


@rule(
    "E412",
    "each folder that devices are read from is in the readable storage of the Tiled server beside them",
    wrong=_wrong("/data/eiger2", "/data/eiger"),
    right=_RIGHT,
)
def read_roots_are_readable(devices: Devices) -> Iterator[Finding]:
    """The documents name files as the server sees them: below the static beginning of each read template. It
    reads what is below its readable storage, and refuses all else with 403. Variables of the environment that
    are not set here could be anything, and then nothing is said.
    """
    for document, _ in beside(devices, TILED):
        catalogs = _catalogs(document)
        storages = [_readable(catalog) for catalog in catalogs]
        known = [root for roots in storages for root in roots or ()]
        if not catalogs or None in storages:
            continue
        for site in right_sites(_sites_beside(document, devices)):
            folder = site.templates.read_base
            if not any(is_below(folder, root) for root in known):
                what = f"{folder}, which {site.entry.name} is read from, is in no readable_storage"
                at = catalogs[0].node_of("readable_storage")
                yield Finding(document.path, at, what, f"add `- {folder}` to it, or correct {READ}")


@rule(
    "E413",
    "tiled.yml registers this package's adapter for masters, where a device writes them",
    wrong=_wrong("x-eiger2-master", "x-eiger-master"),
    right=_RIGHT,
)
def adapter_is_registered(devices: Devices) -> Iterator[Finding]:
    """Without its adapter the server refuses the frames' nodes, and the run has no images in the catalog."""
    for document, _ in beside(devices, TILED):
        if any(_is_ours(site.entry) for site in _sites_beside(document, devices)):
            catalogs = _catalogs(document)
            faults = [
                fault for catalog in catalogs if (fault := _adapter_fault(document, catalog)) is not None
            ]
            if catalogs and len(faults) == len(catalogs):
                yield faults[0]


@rule(
    "W414",
    "the Tiled server gives no raw downloads of files",
    wrong=_wrong("expose_raw_assets: false\n", ""),
    right=_RIGHT,
)
def raw_downloads_are_off(devices: Devices) -> Iterator[Finding]:
    """Tiled's default is on. A raw download follows symbolic links and `..` out of the readable storage, so
    whoever may write there can read every file that the server can. `id3c-data serve` always switches it off.
    """
    for document, _ in beside(devices, TILED):
        given = members(document.root) if isinstance(document.root, yaml.MappingNode) else {}
        if _catalogs(document) and items_of(document.data).get("expose_raw_assets", True) is not False:
            node = (
                given["expose_raw_assets"][1]
                if "expose_raw_assets" in given
                else next(iter(given.values()))[0]
            )
            what = "raw downloads are on, and follow links out of the readable storage"
            yield Finding(document.path, node, what, "write `expose_raw_assets: false`")


@rule(
    "W415",
    "the readable storage of the Tiled server is not the whole disk",
    wrong=_wrong("[/data/eiger2]", '["/"]'),
    right=_RIGHT,
)
def readable_storage_is_narrow(devices: Devices) -> Iterator[Finding]:
    """Whoever may write to the catalog may then read, through it, every file that the server can."""
    for document, _ in beside(devices, TILED):
        for catalog in _catalogs(document):
            if "/" in (_readable(catalog) or ()):
                at = catalog.node_of("readable_storage")
                what = "the server may read the whole disk"
                yield Finding(document.path, at, what, "name the folders that detectors write to")


def _catalogs(document: Document) -> list[_Catalog]:
    """Return the catalogs that a server's configuration describes."""
    given = members(document.root) if isinstance(document.root, yaml.MappingNode) else {}
    data = items_of(document.data)
    found: list[_Catalog] = []
    if isinstance(data.get("catalog"), dict):
        found.append(_Catalog(*given["catalog"], data["catalog"]))
    nodes: list[yaml.Node] = given["trees"][1].value if isinstance(data.get("trees"), list) else []
    for node, tree in zip(nodes, list_of(data.get("trees")), strict=True):
        if isinstance(node, yaml.MappingNode):
            arguments = members(node).get("args", (node, node))[1]
            found.append(_Catalog(node, arguments, items_of(items_of(tree).get("args"))))
    return found


def _readable(catalog: _Catalog) -> list[str] | None:
    """Return the folders that a catalog may read; None where that is not known here."""
    storage = catalog.settings.get("readable_storage")
    folders = [_folder(str(entry)) for entry in ([storage] if isinstance(storage, str) else list_of(storage))]
    return None if None in folders else [folder for folder in folders if folder is not None]


def _folder(entry: str) -> str | None:
    """Return the folder that an entry names: a path, or a URI of one; None for one that is not known here."""
    text = os.path.expandvars(entry)
    if text.startswith("file:"):
        text = unquote(urlparse(text).path)
    return text if text.startswith("/") and "$" not in text else None


def _adapter_fault(document: Document, catalog: _Catalog) -> Finding | None:
    given = items_of(catalog.settings.get("adapters_by_mimetype"))
    at, entry = catalog.node_of("adapters_by_mimetype"), f"{MIMETYPE}: {ADAPTER}"
    if MIMETYPE not in given:
        near = did_you_mean(MIMETYPE, map(str, given), "")
        next_step = f"write `{entry}`" if near else f"add `{entry}` to `adapters_by_mimetype:`"
        return Finding(document.path, at, f"no adapter is registered for {MIMETYPE}", next_step)
    adapter = str(given[MIMETYPE])
    if adapter.startswith("id3c_data") and adapter != ADAPTER:
        what = f"{adapter!r} is no adapter of this package"
        return Finding(
            document.path, members(cast("yaml.MappingNode", at))[MIMETYPE][1], what, f"write `{ADAPTER}`"
        )
    return None


def _sites_beside(document: Document, devices: Devices) -> Iterator[TemplateSite]:
    """Yield the templates of the devices whose files stand in the same folder."""
    for site in devices.sites:
        if site.entry.path.parent == document.path.parent:
            yield site


def _is_ours(entry: DeviceEntry) -> bool:
    named = (entry.creator, *(name for _, name, _ in named_classes(entry)))
    return any(name.startswith("id3c_data.") for name in named)
