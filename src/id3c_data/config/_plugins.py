"""The plugins of area detectors: which ones creators know, and which ones a device has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import yaml

from ._document import is_null, members
from ._entries import DeviceEntry

__all__ = [
    "AD_CREATOR",
    "AD_CREATOR_PLUGINS",
    "CREATORS",
    "DETECTOR",
    "DETECTOR_PLUGINS",
    "EIGER2_CREATOR",
    "EIGER2_PLUGINS",
    "HDF5_PLUGIN",
    "Plugin",
    "class_of",
    "plugins_by_name",
    "plugins_of",
]

DETECTOR = "id3c_data.devices.Eiger2Detector"
EIGER2_CREATOR = "id3c_data.devices.eiger2_creator"
HDF5_PLUGIN = "id3c_data.devices.Eiger2HDF5Plugin"
AD_CREATOR = "apstools.devices.ad_creator"

_OURS = "id3c_data.devices."
_OPHYD = "ophyd.areadetector.plugins."
_APSTOOLS = "apstools.devices."

DETECTOR_PLUGINS = ("cam", "image", "pva", "roi1", "stats1", "hdf1")
"""Those of `Eiger2Detector`, and of `eiger2_creator` where a device names none."""

EIGER2_PLUGINS: Mapping[str, str] = MappingProxyType(
    {
        "cam": f"{_OURS}Eiger2Cam",
        "image": f"{_OURS}Eiger2ImagePlugin",
        "pva": f"{_OURS}Eiger2PvaPlugin",
        "hdf1": f"{_OURS}_signals.Eiger2HDF5PluginIO",
        **{f"roi{i}": f"{_OURS}Eiger2ROIPlugin" for i in range(1, 5)},
        **{f"stats{i}": f"{_OURS}Eiger2StatsPlugin" for i in range(1, 6)},
        "codec1": f"{_OPHYD}CodecPlugin_V34",
        "overlay1": f"{_OPHYD}OverlayPlugin_V34",
        "process1": f"{_OPHYD}ProcessPlugin_V34",
        "roistat1": f"{_OPHYD}ROIStatPlugin_V34",
        "transform1": f"{_OPHYD}TransformPlugin_V34",
    }
)
"""Those that `eiger2_creator` knows without being told their classes, with the classes that it takes."""

AD_CREATOR_PLUGINS: Mapping[str, str] = MappingProxyType(
    {
        "cam": f"{_APSTOOLS}SimDetectorCam_V34",
        "image": f"{_OPHYD}ImagePlugin_V34",
        "pva": f"{_OPHYD}PvaPlugin_V34",
        "attr1": f"{_OPHYD}AttrPlotPlugin_V34",
        "badpix1": f"{_APSTOOLS}area_detector_support.BadPixelPlugin",
        "cb1": f"{_OPHYD}CircularBuffPlugin_V34",
        **{f"cc{i}": f"{_OPHYD}ColorConvPlugin_V34" for i in range(1, 3)},
        "codec1": f"{_OPHYD}CodecPlugin_V34",
        "fft1": f"{_OPHYD}FFTPlugin_V34",
        "gather1": f"{_OPHYD}GatherNPlugin_V31",
        "overlay1": f"{_OPHYD}OverlayPlugin_V34",
        "process1": f"{_OPHYD}ProcessPlugin_V34",
        **{f"roi{i}": f"{_OPHYD}ROIPlugin_V34" for i in range(1, 5)},
        "roistat1": f"{_OPHYD}ROIStatPlugin_V34",
        "scatter1": f"{_OPHYD}ScatterPlugin_V34",
        **{f"stats{i}": f"{_OPHYD}StatsPlugin_V34" for i in range(1, 6)},
        "transform1": f"{_OPHYD}TransformPlugin_V34",
        "hdf1": f"{_APSTOOLS}area_detector_support.HDF5FileWriterPlugin",
        "jpeg1": f"{_APSTOOLS}AD_EpicsFileNameJPEGPlugin",
        "magick1": f"{_OPHYD}MagickPlugin_V34",
        "netcdf1": f"{_OPHYD}NetCDFPlugin_V34",
        "tiff1": f"{_APSTOOLS}AD_EpicsFileNameTIFFPlugin",
    }
)
"""Those that apstools' ``ad_creator`` knows, with the classes that it takes (``PLUGIN_DEFAULTS``)."""

_REPLACED = ("ophyd.", "apstools.")
"""Of classes from there `eiger2_creator` takes its own instead."""

CREATORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {EIGER2_CREATOR: tuple(EIGER2_PLUGINS), AD_CREATOR: tuple(AD_CREATOR_PLUGINS)}
)
"""Which plugins each creator knows."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin that a device asks its creator for.

    Parameters
    ----------
    name
        Its name, such as ``hdf1``.
    at
        Where its name stands.
    settings
        Its settings' nodes by their names: its own, over those of ``plugin_defaults``.
    values
        The same as plain values.
    """

    name: str
    at: yaml.Node
    settings: Mapping[str, tuple[yaml.Node, yaml.Node]]
    values: Mapping[str, Any]

    @property
    def made_by(self) -> str:
        """The import path under ``class``; empty where there is none."""
        given = self.values.get("class")
        return given if isinstance(given, str) else ""


def class_of(entry: DeviceEntry, plugin: Plugin) -> str:
    """Return the import path of a plugin's class, also where its creator adds it; empty if not known."""
    given = plugin.made_by
    if entry.creator == EIGER2_CREATOR and (ours := EIGER2_PLUGINS.get(plugin.name, "")):
        is_replaced = ours.startswith(_OURS) and given.startswith((*_REPLACED, HDF5_PLUGIN))
        return ours if is_replaced else given or ours
    if given or entry.creator != AD_CREATOR or "plugin_defaults" in entry.arguments:
        return given
    return AD_CREATOR_PLUGINS.get(plugin.name, "")


def plugins_of(entry: DeviceEntry) -> Iterator[Plugin | tuple[yaml.Node, Any]]:
    """Yield the plugins that a device names for its creator; what describes none as its node and value."""
    plugins = entry.arguments.get("plugins")
    node = entry.argument_node("plugins")
    if entry.creator not in CREATORS:
        return
    if plugins is None:
        yield from _default_plugins(entry)
        return
    if not isinstance(plugins, list) or not isinstance(node, yaml.SequenceNode):
        yield node, plugins
        return
    for item, value in zip(node.value, cast("list[Any]", plugins), strict=True):
        yield _plugin(entry, item, value) or (item, value)


def _default_plugins(entry: DeviceEntry) -> Iterator[Plugin]:
    """Yield those that `eiger2_creator` takes by itself, as far as they have settings in plugin_defaults."""
    node = entry.node_at("plugin_defaults")
    if entry.creator == EIGER2_CREATOR and "plugin_defaults" in entry.arguments:
        for name, (key, _) in members(node).items() if isinstance(node, yaml.MappingNode) else ():
            if name in DETECTOR_PLUGINS:
                yield _with_defaults(entry, name, key, {}, {})


def plugins_by_name(entry: DeviceEntry) -> dict[str, Plugin]:
    """Return the plugins that a device has: those it names, or those of its class."""
    named = {plugin.name: plugin for plugin in plugins_of(entry) if isinstance(plugin, Plugin)}
    takes_default = entry.creator == EIGER2_CREATOR and entry.arguments.get("plugins") is None
    if takes_default or entry.creator == DETECTOR:
        return {name: Plugin(name, entry.node, {}, {}) for name in DETECTOR_PLUGINS} | named
    return named


def _plugin(entry: DeviceEntry, node: yaml.Node, value: Any) -> Plugin | None:
    if isinstance(value, str):
        return _with_defaults(entry, value, node, {}, {})
    if not isinstance(value, dict) or not isinstance(node, yaml.MappingNode):
        return None
    given = members(node)
    if len(given) != 1 or len(cast("dict[Any, Any]", value)) != 1:
        return None
    ((name, (key, settings)),) = given.items()
    if is_null(settings):
        return _with_defaults(entry, name, key, {}, {})
    if not isinstance(settings, yaml.MappingNode):
        return None
    return _with_defaults(entry, name, key, members(settings), cast("dict[str, Any]", value)[name])


def _with_defaults(
    entry: DeviceEntry,
    name: str,
    at: yaml.Node,
    settings: Mapping[str, tuple[yaml.Node, yaml.Node]],
    values: Mapping[str, Any],
) -> Plugin:
    defaults = entry.arguments.get("plugin_defaults")
    below = cast("dict[str, Any]", defaults).get(name) if isinstance(defaults, dict) else None
    node = entry.node_at("plugin_defaults", name)
    if isinstance(below, dict) and isinstance(node, yaml.MappingNode):
        settings, values = {**members(node), **settings}, {**cast("dict[str, Any]", below), **values}
    return Plugin(name, at, settings, values)
