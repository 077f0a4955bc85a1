"""The classes and creators that a device names inside its arguments."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ._document import mappings_below, members
from ._entries import DeviceEntry
from ._names import is_import_path

__all__ = ["named_classes"]

_KEYS = ("class", "creator")  # apstools' creators take a class for each part, apsbits' a creator or a device


def named_classes(entry: DeviceEntry) -> Iterator[tuple[str, str, yaml.Node]]:
    """Yield each key ``class`` or ``creator`` at any depth, the import path under it, and its node."""
    for mapping in mappings_below(entry.node):
        given = members(mapping)
        for key in _KEYS:
            if (
                key in given
                and isinstance(node := given[key][1], yaml.ScalarNode)
                and is_import_path(node.value)
            ):
                yield key, node.value, node
