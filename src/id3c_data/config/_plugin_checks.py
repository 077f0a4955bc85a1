"""Checks of area detectors: their prefix, and the plugins that they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import yaml

from ._checks import Devices, findings_of, rule
from ._device_rules import detector_prefix_faults
from ._entries import DeviceEntry
from ._faults import shown
from ._names import did_you_mean
from ._plugin_rules import no_list_of_plugins, plugin_faults
from ._plugins import AD_CREATOR, CREATORS, EIGER2_CREATOR, EIGER2_PLUGINS, Plugin, class_of, plugins_of
from ._problem import Finding

__all__ = ["CREATED", "cameras_are_there", "plugins_are_known", "prefixes_of_detectors_end"]

CREATED = """\
id3c_data.devices.eiger2_creator:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    write_path_template: "/detector/data/%Y/"
    read_path_template: "/data/eiger2/%Y/"
"""
"""An Eiger2 without anything wrong, for the examples of rules."""


@rule(
    "E211",
    "the prefix of an area detector ends in a colon",
    wrong=CREATED.replace("sn:", "sn"),
    right=CREATED,
)
def prefixes_of_detectors_end(devices: Devices) -> Iterator[Finding]:
    """What follows is `cam1:`, `HDF1:` and so on: without the colon no PV connects.

    A closing brace is right too, for names such as `XF:03IDC{Det:Eiger2}`.
    """
    for entry in devices.entries:
        if entry.creator == AD_CREATOR or devices.is_eiger2(entry):
            yield from findings_of(entry, detector_prefix_faults(entry.arguments.get("prefix")))


@rule(
    "E212",
    "each plugin is one that the creator knows, or says its class and suffix",
    wrong=CREATED + "    plugins: [cam, image, roi1, stat1]\n",
    right=CREATED + "    plugins: [cam, image, roi1, stats1]\n",
)
def plugins_are_known(devices: Devices) -> Iterator[Finding]:
    """A plugin is a name such as `image`, or one name with the plugin's settings."""
    for entry in devices.entries:
        first: dict[str, int] = {}
        for plugin in plugins_of(entry):
            if not isinstance(plugin, Plugin):
                yield _no_plugin(entry, *plugin)
                continue
            if plugin.name in first:
                what = f"plugins: {plugin.name} stands already in line {first[plugin.name]}"
                yield Finding(entry.path, plugin.at, what, "remove one of the two")
            first.setdefault(plugin.name, plugin.at.start_mark.line + 1)
            for fault in plugin_faults(plugin.name, _known_plugins(entry), plugin.settings):
                yield Finding(entry.path, plugin.at, fault.what, fault.next_step)
            if _is_of_another(entry, plugin):
                what = f"plugins: {plugin.name} cannot be a {plugin.made_by}"
                yield Finding(entry.path, plugin.settings["class"][1], what, "leave its class out")


def _is_of_another(entry: DeviceEntry, plugin: Plugin) -> bool:
    """Say whether a plugin of an Eiger2 has the class of this package for another plugin."""
    right = EIGER2_PLUGINS.get(plugin.name, "") if entry.creator == EIGER2_CREATOR else ""
    return (
        right.startswith("id3c_data.")
        and plugin.made_by in EIGER2_PLUGINS.values()
        and class_of(entry, plugin) != right
    )


def _no_plugin(entry: DeviceEntry, at: yaml.Node, value: Any) -> Finding:
    if at is entry.argument_node("plugins"):
        fault = no_list_of_plugins(value)
        return Finding(entry.path, at, fault.what, fault.next_step)
    if name := _not_indented(value):
        what = f"plugins: what follows {name} is not indented below it"
        return Finding(entry.path, at, what, f"begin the settings of {name} to the right of its name")
    next_step = "write a name such as `- image`, or `- hdf1: {...}` with the plugin's settings"
    return Finding(entry.path, at, f"plugins: {shown(value)} describes no plugin", next_step)


def _not_indented(value: Any) -> str:
    """Return the name of a plugin that has its settings beside it, where they belong below it."""
    given = list(cast("dict[Any, Any]", value).items()) if isinstance(value, dict) else []
    name = given[0][0] if len(given) > 1 and given[0][1] is None and given[1][1] is not None else ""
    return name if isinstance(name, str) else ""


def _known_plugins(entry: DeviceEntry) -> tuple[str, ...]:
    defaults = entry.arguments.get("plugin_defaults")
    if entry.creator == AD_CREATOR and isinstance(defaults, dict):
        return tuple(map(str, cast("dict[Any, Any]", defaults)))  # apstools takes them for all of its own
    return CREATORS[entry.creator]


def _is_camera(found: Plugin | tuple[yaml.Node, Any], known: tuple[str, ...]) -> bool:
    """Say whether it is the camera, or is meant to be."""
    if isinstance(found, Plugin):
        return found.name == "cam" or did_you_mean(found.name, known, "") == "did you mean 'cam'?"
    return isinstance(found[1], dict) and "cam" in found[1]


@rule(
    "E213",
    "an area detector has a camera",
    wrong=CREATED + "    plugins: [image, roi1, stats1]\n",
    right=CREATED + "    plugins: [cam, image, roi1, stats1]\n",
)
def cameras_are_there(devices: Devices) -> Iterator[Finding]:
    """The plugin `cam` is what arms and triggers the detector."""
    for entry in devices.entries:
        if "plugins" in entry.arguments and entry.creator in CREATORS:
            found = list(plugins_of(entry))
            at = entry.argument_node("plugins")
            known = _known_plugins(entry)
            if isinstance(at, yaml.SequenceNode) and not any(_is_camera(plugin, known) for plugin in found):
                yield Finding(entry.path, at, "plugins: there is no cam", "add `- cam` to the plugins")
