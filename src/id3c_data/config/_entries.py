"""The devices that a devices.yml names: sections of a class or creator, each with a list of devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from ._document import Document, members, node_below

__all__ = ["DeviceEntry", "device_entries"]


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """One device of a devices.yml.

    Parameters
    ----------
    document
        The file that it stands in.
    creator
        The import path of the class or function that makes it: the section's name.
    creator_node
        Where the section's name stands.
    node
        The mapping of the device's arguments.
    arguments
        Its arguments as plain values.
    """

    document: Document
    creator: str
    creator_node: yaml.Node
    node: yaml.MappingNode
    arguments: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """The file that it stands in."""
        return self.document.path

    @property
    def name(self) -> object:
        """What stands under ``name``; None where nothing does."""
        return self.arguments.get("name")

    @property
    def location(self) -> str:
        """``path:line:column`` of the device."""
        mark = self.node.start_mark
        return f"{self.path}:{mark.line + 1}:{mark.column + 1}"

    def argument_node(self, name: str) -> yaml.Node:
        """Return the value's node of one argument; that of the device where the argument is not given."""
        return members(self.node)[name][1] if name in self.arguments else self.node

    def node_at(self, *keys: str | int) -> yaml.Node:
        """Return the value's node at the end of these keys and indices, as far as they lead somewhere."""
        return node_below(self.node, *keys)


def device_entries(document: Document) -> Iterator[DeviceEntry]:
    """Yield the devices of one file in order; what has not the shape of a device is left out."""
    if not isinstance(document.root, yaml.MappingNode):
        return
    for creator, (creator_node, section) in members(document.root).items():
        if isinstance(section, yaml.SequenceNode):
            values = cast("list[Any]", document.data[creator])
            for node, arguments in zip(section.value, values, strict=True):
                if isinstance(node, yaml.MappingNode) and all(isinstance(key, str) for key in arguments):
                    yield DeviceEntry(document, creator, creator_node, node, arguments)
