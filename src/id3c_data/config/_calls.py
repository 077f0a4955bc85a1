"""What is made with which arguments: each device, and the plugins that its creator makes for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ._document import members
from ._entries import DeviceEntry
from ._plugin_rules import OF_COMPONENT, OF_DEVICE
from ._plugins import EIGER2_CREATOR, Plugin, class_of, plugins_of
from ._template_sites import READ, ROOT, SEMANTICS, WRITE

__all__ = ["Call", "calls"]

_OF_EIGER2 = (WRITE, READ, ROOT, SEMANTICS, "swmr")
"""What `eiger2_creator` takes from the settings of ``hdf1`` for the detector."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that is made with arguments from a file.

    Parameters
    ----------
    entry
        The device that it is, or is a part of.
    made_by
        Import path of what makes it.
    at
        Where it stands.
    nodes
        Its arguments' nodes by their names.
    values
        The same as plain values.
    plugin
        Name of the plugin that it is; empty for the device itself.
    """

    entry: DeviceEntry
    made_by: str
    at: yaml.Node
    nodes: Mapping[str, tuple[yaml.Node, yaml.Node]]
    values: Mapping[str, Any]
    plugin: str = ""

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"plugin {self.plugin}" if self.plugin else self.made_by

    @property
    def given_otherwise(self) -> frozenset[str]:
        """Names of arguments that do not come from the file."""
        return OF_DEVICE if self.plugin else frozenset()


def calls(entry: DeviceEntry) -> Iterator[Call]:
    """Yield the device itself, and its plugins of which the class is known."""
    yield Call(entry, entry.creator, entry.node, members(entry.node), entry.arguments)
    for plugin in plugins_of(entry):
        if isinstance(plugin, Plugin) and (made_by := class_of(entry, plugin)):
            yield _call_of_plugin(entry, plugin, made_by)


def _call_of_plugin(entry: DeviceEntry, plugin: Plugin, made_by: str) -> Call:
    taken = (
        *OF_COMPONENT,
        *(_OF_EIGER2 if (entry.creator, plugin.name) == (EIGER2_CREATOR, "hdf1") else ()),
    )
    nodes = {name: pair for name, pair in plugin.settings.items() if name not in taken}
    values = {name: value for name, value in plugin.values.items() if name not in taken}
    return Call(entry, made_by, plugin.at, nodes, values, plugin.name)
