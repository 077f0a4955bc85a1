"""Where in a device path templates stand, and what they say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from ..errors import TemplateError
from ..paths import PathSemantics, PathTemplates
from ._document import is_null, mappings_below, members
from ._entries import DeviceEntry
from ._plugins import CREATORS, EIGER2_CREATOR, Plugin, class_of, plugins_of

__all__ = ["READ", "ROOT", "SEMANTICS", "WRITE", "TemplateSite", "template_sites"]

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
    templates
        The pair, where both sides are given and keep the rules.
    """

    entry: DeviceEntry
    made_by: str
    nodes: Mapping[str, tuple[yaml.Node, yaml.Node]]
    empty: frozenset[str]
    templates: PathTemplates | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "templates", self._pair())

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

    def _pair(self) -> PathTemplates | None:
        try:
            return PathTemplates(self.value(WRITE), self.value(READ), self.value(ROOT), self.semantics)
        except TemplateError:
            return None


def template_sites(entry: DeviceEntry) -> Iterator[TemplateSite]:
    """Yield every place in a device, at any depth, where a template stands."""
    if entry.creator in CREATORS:
        yield from _sites_of_plugins(entry)
    else:
        for mapping in mappings_below(entry.node):
            yield from _site(entry, entry.creator, members(mapping))


def _sites_of_plugins(entry: DeviceEntry) -> Iterator[TemplateSite]:
    """Yield those of a creator: what stands in ``hdf1`` is the detector's own for `eiger2_creator`."""
    own = members(entry.node)
    for plugin in plugins_of(entry):
        if not isinstance(plugin, Plugin):
            continue
        if entry.creator == EIGER2_CREATOR and plugin.name == "hdf1":
            if {WRITE, READ} <= {*own}:  # those of the plugin are not used, and yet promise something
                yield from _site(entry, entry.creator, plugin.settings)
            own = {**plugin.settings, **own}
        else:
            yield from _site(entry, class_of(entry, plugin), plugin.settings)
    yield from _site(entry, entry.creator, own)


def _site(
    entry: DeviceEntry, made_by: str, given: Mapping[str, tuple[yaml.Node, yaml.Node]]
) -> Iterator[TemplateSite]:
    written = {name: given[name] for name in (WRITE, READ, ROOT, SEMANTICS) if name in given}
    empty = frozenset(name for name, (_, node) in written.items() if is_null(node))
    nodes = {name: pair for name, pair in written.items() if name not in empty}
    if WRITE in nodes or READ in nodes:
        yield TemplateSite(entry, made_by, nodes, empty)
