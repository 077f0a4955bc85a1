"""Which part of an IOC writes the files of a pair of templates."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ._document import members
from ._template_sites import TemplateSite

__all__ = ["plugin_of", "port_of"]

_SUFFIXES = {
    "cam": "cam1:",
    "hdf1": "HDF1:",
    "jpeg1": "JPEG1:",
    "magick1": "Magick1:",
    "netcdf1": "netCDF1:",
    "tiff1": "TIFF1:",
}
"""Of those plugins of ``apstools.devices.ad_creator`` that write files (its ``PLUGIN_DEFAULTS``)."""


def plugin_of(site: TemplateSite) -> str:
    """Return the name of the plugin that a pair of templates stands in; empty for the device's own."""
    return next((name for name, _ in _plugins_with(site)), "")


def port_of(site: TemplateSite) -> str:
    """Return what follows the device's prefix in the names of the PVs that take the write folder.

    Of a device's own templates that is the driver, or the HDF5 plugin where ``writer`` says so.
    """
    for name, settings in _plugins_with(site):
        suffix = members(settings).get("suffix")
        return suffix[1].value if suffix else _SUFFIXES.get(name, "")
    return _SUFFIXES["hdf1" if site.entry.arguments.get("writer") == "hdf5" else "cam"]


def _plugins_with(site: TemplateSite) -> Iterator[tuple[str, yaml.MappingNode]]:
    """Yield name and settings of the plugin that holds these very templates."""
    keys = {id(key) for key, _ in site.nodes.values()}
    for name, settings in _plugins(members(site.entry.node)):
        if any(id(key) in keys for key, _ in members(settings).values()):
            yield name, settings


def _plugins(given: dict[str, tuple[yaml.Node, yaml.Node]]) -> Iterator[tuple[str, yaml.MappingNode]]:
    plugins = given["plugins"][1] if "plugins" in given else None
    items: list[yaml.Node] = plugins.value if isinstance(plugins, yaml.SequenceNode) else []
    for item in items:
        if isinstance(item, yaml.MappingNode):
            for name, (_, settings) in members(item).items():
                if isinstance(settings, yaml.MappingNode):
                    yield name, settings
