"""The classes and creators that a device names inside its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ._document import mappings_below, members
from ._entries import DeviceEntry
from ._names import is_import_path
from ._plugins import Plugin, plugins_of

__all__ = ["named_classes", "parts_makers"]

_APSBITS = "apsbits.utils.sim_creator."
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


def parts_makers(entry: DeviceEntry) -> Iterator[tuple[Any, yaml.Node]]:
    """Yield what stands where a creator that is known here takes an import path for a part, and its node."""
    for plugin in plugins_of(entry):
        if isinstance(plugin, Plugin) and "class" in plugin.settings:
            yield plugin.values["class"], plugin.settings["class"][1]
    if entry.creator.startswith(_APSBITS) and "creator" in entry.arguments:
        yield entry.arguments["creator"], entry.argument_node("creator")
