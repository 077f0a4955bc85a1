"""Checks of area detectors: their prefix, the plugins that they name, and whether those fit an Eiger2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import yaml

from ._checks import Devices, rule
from ._device_rules import detector_prefix_faults, file_prefix_faults, plugin_faults
from ._entries import DeviceEntry
from ._faults import shown
from ._plugins import (
    AD_CREATOR,
    CREATORS,
    DETECTOR,
    DETECTOR_PLUGINS,
    EIGER2_CREATOR,
    HDF5_PLUGIN,
    Plugin,
    plugins_of,
)
from ._problem import Finding
from ._template_sites import READ, WRITE

__all__ = [
    "cameras_are_there",
    "cameras_fit_our_plugin",
    "eiger2_frames_are_kept",
    "file_names_can_start_so",
    "hinted_plugins_are_there",
    "plugins_are_known",
    "plugins_are_written_to",
    "prefixes_of_detectors_end",
    "templates_are_there",
    "writers_have_their_plugin",
]

_WRITING = frozenset(("hdf1", "jpeg1", "magick1", "netcdf1", "tiff1"))

_CREATED = """\
id3c_data.devices.eiger2_creator:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    write_path_template: "/detector/data/%Y/"
    read_path_template: "/data/eiger2/%Y/"
"""
_AD = """\
apstools.devices.ad_creator:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    plugins:
      - {}
      - hdf1:
          class: id3c_data.devices.Eiger2HDF5Plugin
          write_path_template: "/detector/data/%Y/"
          read_path_template: "/data/eiger2/%Y/"
"""


@rule(
    "E210",
    "file names of an Eiger2 can start with `file_prefix`, or else with the device's name",
    wrong=_CREATED + '    file_prefix: "XRD/sample"\n',
    right=_CREATED + '    file_prefix: "XRD-sample"\n',
)
def file_names_can_start_so(devices: Devices) -> Iterator[Finding]:
    """The IOC keeps 242 characters of a name pattern, and path and name together share 256."""
    for entry in _eiger2s(devices):
        for fault in file_prefix_faults(entry.arguments.get("file_prefix"), entry.name):
            yield Finding(entry.path, entry.node_at(*fault.place), fault.what, fault.next_step)


@rule(
    "E211",
    "the prefix of an area detector ends in a colon",
    wrong=_CREATED.replace("sn:", "sn"),
    right=_CREATED,
)
def prefixes_of_detectors_end(devices: Devices) -> Iterator[Finding]:
    """What follows is `cam1:`, `HDF1:` and so on: without the colon no PV connects.

    A closing brace is right too, for names such as `XF:03IDC{Det:Eiger2}`.
    """
    for entry in devices.entries:
        if entry.creator in (DETECTOR, *CREATORS):
            for fault in detector_prefix_faults(entry.arguments.get("prefix")):
                yield Finding(entry.path, entry.node_at(*fault.place), fault.what, fault.next_step)


@rule(
    "E212",
    "each plugin is one that the creator knows, or says its class and suffix",
    wrong=_CREATED + "    plugins: [cam, image, roi1, stat1]\n",
    right=_CREATED + "    plugins: [cam, image, roi1, stats1]\n",
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


def _no_plugin(entry: DeviceEntry, at: yaml.Node, value: Any) -> Finding:
    if at is entry.argument_node("plugins"):
        return Finding(entry.path, at, f"plugins: {shown(value)} is no list", "write `- cam`, one a line")
    next_step = "write a name such as `- image`, or `- hdf1: {...}` with the plugin's settings"
    return Finding(entry.path, at, f"plugins: {shown(value)} describes no plugin", next_step)


def _known_plugins(entry: DeviceEntry) -> tuple[str, ...]:
    defaults = entry.arguments.get("plugin_defaults")
    if entry.creator == AD_CREATOR and isinstance(defaults, dict):
        return tuple(map(str, cast("dict[Any, Any]", defaults)))  # apstools takes them for all of its own
    return CREATORS[entry.creator]


@rule(
    "E213",
    "an area detector has a camera",
    wrong=_CREATED + "    plugins: [image, roi1, stats1]\n",
    right=_CREATED + "    plugins: [cam, image, roi1, stats1]\n",
)
def cameras_are_there(devices: Devices) -> Iterator[Finding]:
    """The plugin `cam` is what arms and triggers the detector."""
    for entry in devices.entries:
        if "plugins" in entry.arguments and entry.creator in CREATORS:
            found = list(plugins_of(entry))
            if not any(isinstance(plugin, Plugin) and plugin.name == "cam" for plugin in found):
                at = entry.argument_node("plugins")
                yield Finding(entry.path, at, "plugins: there is no cam", "add `- cam` to the plugins")


@rule(
    "E214",
    "an Eiger2 with `writer: hdf5` has the plugin `hdf1`",
    wrong=_CREATED + "    writer: hdf5\n    plugins: [cam, image, stats1]\n",
    right=_CREATED + "    writer: hdf5\n    plugins: [cam, image, stats1, hdf1]\n",
)
def writers_have_their_plugin(devices: Devices) -> Iterator[Finding]:
    """That plugin of the IOC writes the files then."""
    for entry in devices.entries:
        plugins = _plugins_by_name(entry)
        if (
            entry.creator == EIGER2_CREATOR
            and entry.arguments.get("writer") == "hdf5"
            and "hdf1" not in plugins
        ):
            what = 'writer="hdf5" needs the plugin hdf1'
            next_step = 'add hdf1 to the plugins, or use writer="dcu"'
            yield Finding(entry.path, entry.argument_node("writer"), what, next_step)


@rule(
    "E215",
    "hinted signals are of plugins that an Eiger2 has",
    wrong=_CREATED + "    hinted: [stats2.total]\n",
    right=_CREATED + "    hinted: [stats1.total]\n",
)
def hinted_plugins_are_there(devices: Devices) -> Iterator[Finding]:
    """There would be nothing to read with each event, so the device refuses it."""
    for entry in _eiger2s(devices):
        plugins, hinted = _plugins_by_name(entry), entry.arguments.get("hinted")
        for index, signal in enumerate(cast("list[Any]", hinted) if isinstance(hinted, list) else []):
            if isinstance(signal, str) and "." in signal and signal.split(".")[0] not in plugins:
                what = f"hinted: there is no signal {signal!r}"
                next_step = 'name signals of the plugins that the device has, such as "stats1.max_value"'
                yield Finding(entry.path, entry.node_at("hinted", index), what, next_step)


@rule(
    "E216",
    "an Eiger2 has path templates",
    wrong='id3c_data.devices.eiger2_creator:\n  - {name: eiger2, prefix: "dp_eiger_sn:"}\n',
    right=_CREATED,
)
def templates_are_there(devices: Devices) -> Iterator[Finding]:
    """Without them neither the IOC nor any reader knows where the frames are."""
    for entry in devices.entries:
        if entry.creator == EIGER2_CREATOR:
            hdf1 = _plugins_by_name(entry).get("hdf1")
            if not {WRITE, READ} & {*entry.arguments, *(hdf1.settings if hdf1 else ())}:
                what = f"{entry.creator} needs {WRITE} and {READ}"
                yield Finding(
                    entry.path, entry.node, what, "add both to this device: the same folder from two sides"
                )


@rule(
    "E217",
    "the HDF5 plugin of this package stands beside its camera",
    wrong=_AD.format("cam"),
    right=_AD.format("cam: {class: id3c_data.devices.Eiger2Cam}"),
)
def cameras_fit_our_plugin(devices: Devices) -> Iterator[Finding]:
    """`Eiger2HDF5Plugin` asks the camera for signals that the classes of ophyd and apstools lack."""
    for entry in devices.entries:
        plugins = _plugins_by_name(entry)
        cam = plugins.get("cam")
        if entry.creator == AD_CREATOR and cam is not None and _lacks_signals(cam):
            for plugin in plugins.values():
                if plugin.made_by == HDF5_PLUGIN:
                    what = f"plugins: {plugin.name} does not work with a {cam.made_by or 'simulated camera'}"
                    next_step = "give cam the class id3c_data.devices.Eiger2Cam, or one that derives from it"
                    yield Finding(entry.path, cam.at, what, next_step)


def _lacks_signals(cam: Plugin) -> bool:
    return not cam.made_by or cam.made_by.startswith(("ophyd.", "apstools."))


@rule(
    "W201",
    "an `hdf1` that an Eiger2 names is written to",
    wrong=_CREATED + "    plugins: [cam, hdf1]\n    hinted: []\n",
    right=_CREATED + "    plugins: [cam, hdf1]\n    hinted: []\n    writer: hdf5\n",
)
def plugins_are_written_to(devices: Devices) -> Iterator[Finding]:
    """Either the control unit writes and `hdf1` is left over, or its templates or `writer` are missing."""
    for entry in devices.entries:
        for plugin in plugins_of(entry):
            if isinstance(plugin, Plugin) and plugin.name == "hdf1" and _is_idle(entry, plugin):
                next_step = "take hdf1 away, or give its templates" + (
                    ", or set `writer: hdf5`" if entry.creator == EIGER2_CREATOR else ""
                )
                yield Finding(entry.path, plugin.at, "plugins: nothing writes with hdf1", next_step)


def _is_idle(entry: DeviceEntry, plugin: Plugin) -> bool:
    if {WRITE, READ} & {*plugin.values}:
        return False
    if entry.creator == EIGER2_CREATOR:
        return entry.arguments.get("writer", "dcu") == "dcu"
    return _is_eiger(entry) and plugin.made_by != HDF5_PLUGIN


@rule(
    "W202",
    "an Eiger2 that `ad_creator` makes has a plugin that writes its frames",
    wrong="""\
apstools.devices.ad_creator:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    plugins:
      - cam: {class: id3c_data.devices.Eiger2Cam}
      - image
      - stats1
""",
    right=_AD.format("cam: {class: id3c_data.devices.Eiger2Cam}"),
)
def eiger2_frames_are_kept(devices: Devices) -> Iterator[Finding]:
    """Scans run and show statistics, but no image is kept anywhere."""
    for entry in devices.entries:
        if entry.creator == AD_CREATOR and _is_eiger(entry) and not _WRITING & {*_plugins_by_name(entry)}:
            what = "plugins: none of them writes files, so no image is kept"
            next_step = f"add `- hdf1` of class {HDF5_PLUGIN} with its templates"
            yield Finding(entry.path, _plugins_by_name(entry)["cam"].at, what, next_step)


def _eiger2s(devices: Devices) -> Iterator[DeviceEntry]:
    for entry in devices.entries:
        if entry.creator in (DETECTOR, EIGER2_CREATOR):
            yield entry


def _is_eiger(entry: DeviceEntry) -> bool:
    """Say whether the camera's class is one for an Eiger."""
    cam = _plugins_by_name(entry).get("cam")
    return cam is not None and "eiger" in cam.made_by.rpartition(".")[2].lower()


def _plugins_by_name(entry: DeviceEntry) -> dict[str, Plugin]:
    """Return the plugins that a device has: those it names, or those of its class."""
    if entry.creator == DETECTOR or (entry.creator == EIGER2_CREATOR and "plugins" not in entry.arguments):
        return {name: Plugin(name, entry.node, {}, {}) for name in DETECTOR_PLUGINS}
    return {plugin.name: plugin for plugin in plugins_of(entry) if isinstance(plugin, Plugin)}
