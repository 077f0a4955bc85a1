"""What stands beside devices.yml: the instrument's iconfig.yml, the Tiled server's tiled.yml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from ._checks import Devices
from ._document import Document, members
from ._entries import DeviceEntry

__all__ = [
    "ICONFIG",
    "TILED",
    "Place",
    "beside",
    "files_beside",
    "is_beside",
    "items_of",
    "list_of",
    "start_of",
    "value_at",
]

ICONFIG, TILED = "iconfig", "tiled"
_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a file, the node of its value, and the value.

    Parameters
    ----------
    key, node
        Where they stand.
    value
        As a plain value.
    """

    key: yaml.Node
    node: yaml.Node
    value: Any


def is_beside(path: Path) -> bool:
    """Say whether a file is one that stands beside those of devices."""
    return path.stem in (ICONFIG, TILED) and path.suffix in _SUFFIXES


def files_beside(files: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files that stand beside these, each once."""
    folders = dict.fromkeys(file if file.is_dir() else file.parent for file in files)
    named = [
        folder / f"{stem}{suffix}" for folder in folders for stem in (ICONFIG, TILED) for suffix in _SUFFIXES
    ]
    return tuple(file for file in named if file.is_file())


def beside(devices: Devices, stem: str) -> Iterator[tuple[Document, tuple[DeviceEntry, ...]]]:
    """Yield each file of that name, and the devices of the files in its folder."""
    for document in devices.beside:
        if document.path.stem == stem:
            folder = document.path.parent
            yield document, tuple(entry for entry in devices.entries if entry.path.parent == folder)


def value_at(document: Document, *keys: str) -> Place | None:
    """Return what stands under a key of a key and so on; None where nothing does."""
    node, value, place = document.root, document.data, None
    for key in keys:
        given = members(node) if isinstance(node, yaml.MappingNode) else {}
        if key not in given:
            return None
        key_node, node = given[key]
        value = cast("dict[str, Any]", value)[key]
        place = Place(key_node, node, value)
    return place


def start_of(document: Document) -> yaml.Node:
    """Return the uppermost node of a file, or its very beginning where it holds nothing."""
    mark = yaml.Mark(str(document.path), 0, 0, 0, None, 0)
    return document.root or yaml.ScalarNode("tag:yaml.org,2002:null", "", mark, mark)


def items_of(value: object) -> dict[str, Any]:
    """Return a mapping of a file as it is, and an empty one in place of anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Return a list of a file as it is, and an empty one in place of anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []
