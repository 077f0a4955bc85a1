"""Where in a device path templates stand, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml

from ..errors import TemplateError
from ..paths import PathSemantics, PathTemplates
from ._document import is_null, mappings_below, members
from ._entries import DeviceEntry
from ._plugins import CREATORS, DETECTOR, EIGER2_CREATOR, Plugin, class_of, plugins_of
from ._ports import port_of_eiger2, port_of_plugin

__all__ = [
    "READ",
    "ROOT",
    "SEMANTICS",
    "WRITE",
    "RightSite",
    "TemplateSite",
    "right_sites",
    "template_sites",
]

WRITE, READ, ROOT, SEMANTICS = "write_path_template", "read_path_template", "write_root", "path_semantics"


@dataclass(frozen=True, slots=True)
class TemplateSite:
    """A pair of templates in a device, or one side where the other is missing.

    Parameters
    ----------
    entry
        The device.
    made_by
        Import path of the class or creator that takes them; empty where it is not known.
    nodes
        Key and value of the templates, their root and semantics, as far as they are given.
    empty
        Those of the four that are written without a value.
    plugin
        Name of the plugin that they stand in; empty for the device's own.
    port
        What follows the device's prefix in the names of the PVs that take the write folder, such as
        ``HDF1:``; empty where it is not known which part of the IOC that is.
    templates
        The pair, where both sides are given and keep the rules.
    """

    entry: DeviceEntry
    made_by: str
    nodes: Mapping[str, tuple[yaml.Node, yaml.Node]]
    empty: frozenset[str]
    plugin: str
    port: str
    templates: PathTemplates | None

    def value(self, name: str) -> Any:
        """Return what is written for one of the four, if anything: text, or what the rules refuse."""
        if name not in self.nodes:
            return None
        node = self.nodes[name][1]
        if not isinstance(node, yaml.ScalarNode):
            return []
        return cast("Any", yaml.SafeLoader("")).construct_document(node)

    @property
    def semantics(self) -> PathSemantics:
        """The flavour of the write side, as it is declared."""
        return self.value(SEMANTICS) if SEMANTICS in self.nodes else "posix"


@dataclass(frozen=True, slots=True)
class RightSite(TemplateSite):
    """A pair of templates that keeps the rules."""

    templates: PathTemplates


def right_sites(sites: Iterable[TemplateSite]) -> Iterator[RightSite]:
    """Yield those whose templates keep the rules."""
    for site in sites:
        if isinstance(site, RightSite):
            yield site


def template_sites(entry: DeviceEntry, base: str = "") -> Iterator[TemplateSite]:
    """Yield every place in a device, at any depth, where a template stands.

    Parameters
    ----------
    entry
        The device.
    base
        The class of this package that its class derives from, where that is known.
    """
    if entry.creator in CREATORS:
        yield from _sites_of_plugins(entry)
    else:
        port = port_of_eiger2(entry) if DETECTOR in (entry.creator, base) else ""
        for mapping in mappings_below(entry.node):
            own = port if mapping is entry.node else ""
            yield from _site(entry, entry.creator, members(mapping), port=own)


def _sites_of_plugins(entry: DeviceEntry) -> Iterator[TemplateSite]:
    """Yield those of a creator: what stands in ``hdf1`` is the detector's own for `eiger2_creator`."""
    own = members(entry.node)
    in_plugin = ""
    for plugin in plugins_of(entry):
        if not isinstance(plugin, Plugin):
            continue
        if entry.creator == EIGER2_CREATOR and plugin.name == "hdf1":
            if {WRITE, READ} <= {*own}:  # those of the plugin are not used, and yet promise something
                yield from _site(entry, entry.creator, plugin.settings, "hdf1", port_of_plugin(entry, plugin))
            elif {WRITE, READ} & {*plugin.settings}:
                in_plugin = "hdf1"
            own = {**plugin.settings, **own}
        else:
            port = port_of_plugin(entry, plugin)
            yield from _site(entry, class_of(entry, plugin), plugin.settings, plugin.name, port)
    port = port_of_eiger2(entry) if entry.creator == EIGER2_CREATOR else ""
    yield from _site(entry, entry.creator, own, in_plugin, port)


def _site(
    entry: DeviceEntry,
    made_by: str,
    given: Mapping[str, tuple[yaml.Node, yaml.Node]],
    plugin: str = "",
    port: str = "",
) -> Iterator[TemplateSite]:
    written = {name: given[name] for name in (WRITE, READ, ROOT, SEMANTICS) if name in given}
    empty = frozenset(name for name, (_, node) in written.items() if is_null(node))
    nodes = {name: pair for name, pair in written.items() if name not in empty}
    if WRITE in nodes or READ in nodes:
        site = TemplateSite(entry, made_by, nodes, empty, plugin, port, None)
        try:
            pair = PathTemplates(site.value(WRITE), site.value(READ), site.value(ROOT), site.semantics)
            yield RightSite(entry, made_by, nodes, empty, plugin, port, pair)
        except TemplateError:
            yield site
