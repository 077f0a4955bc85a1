"""Checks of the Eiger2, whichever creator makes it: whether its plugins are complete and go together."""

from __future__ import annotations

from collections.abc import Iterator

from ._checks import Devices, findings_of, rule
from ._device_rules import file_prefix_faults
from ._entries import DeviceEntry
from ._plugin_checks import CREATED
from ._plugin_rules import agreement_faults
from ._plugins import AD_CREATOR, EIGER2_CREATOR, HDF5_PLUGIN, Plugin, plugins_by_name, plugins_of
from ._problem import Finding
from ._template_sites import READ, WRITE

__all__ = [
    "cameras_fit_our_plugin",
    "eiger2_frames_are_kept",
    "file_names_can_start_so",
    "files_have_one_place",
    "plugins_are_written_to",
    "templates_are_there",
    "writers_have_their_plugin",
]

_WRITING = frozenset(("hdf1", "jpeg1", "magick1", "netcdf1", "tiff1"))

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
_HDF1 = (
    CREATED
    + """\
    hinted: []
    plugins:
      - cam
      - hdf1:
          write_path_template: "/detector/data/%Y/"
          read_path_template: "{}"
"""
)


@rule(
    "E210",
    "file names of an Eiger2 can start with `file_prefix`, or else with the device's name",
    wrong=CREATED + '    file_prefix: "XRD/sample"\n',
    right=CREATED + '    file_prefix: "XRD-sample"\n',
)
def file_names_can_start_so(devices: Devices) -> Iterator[Finding]:
    """The IOC keeps 242 characters of a name pattern, and path and name together share 256."""
    for entry in filter(devices.is_eiger2, devices.entries):
        yield from findings_of(entry, file_prefix_faults(entry.arguments.get("file_prefix"), entry.name))


@rule(
    "E214",
    "an Eiger2 with `writer: hdf5` has the plugin `hdf1`",
    wrong=CREATED + "    writer: hdf5\n    plugins: [cam, image, stats1]\n",
    right=CREATED + "    writer: hdf5\n    plugins: [cam, image, stats1, hdf1]\n",
)
def writers_have_their_plugin(devices: Devices) -> Iterator[Finding]:
    """That plugin of the IOC writes the files then."""
    for entry in devices.entries:
        plugins = plugins_by_name(entry)
        if (
            entry.creator == EIGER2_CREATOR
            and entry.arguments.get("writer") == "hdf5"
            and "hdf1" not in plugins
        ):
            what = 'writer="hdf5" needs the plugin hdf1'
            next_step = 'add hdf1 to the plugins, or use writer="dcu"'
            yield Finding(entry.path, entry.argument_node("writer"), what, next_step)


@rule(
    "E216",
    "an Eiger2 has path templates",
    wrong='id3c_data.devices.eiger2_creator:\n  - {name: eiger2, prefix: "dp_eiger_sn:"}\n',
    right=CREATED,
)
def templates_are_there(devices: Devices) -> Iterator[Finding]:
    """Without them neither the IOC nor any reader knows where the frames are."""
    for entry in devices.entries:
        if entry.creator == EIGER2_CREATOR:
            hdf1 = plugins_by_name(entry).get("hdf1")
            values = [entry.arguments, *([hdf1.values] if hdf1 else [])]
            if all(given.get(name) is None for given in values for name in (WRITE, READ)):
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
        plugins = plugins_by_name(entry)
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
    "E218",
    "what is given for an Eiger2 and again for its `hdf1` is the same",
    wrong=_HDF1.format("/data/hdf1/%Y/"),
    right=_HDF1.format("/data/eiger2/%Y/"),
)
def files_have_one_place(devices: Devices) -> Iterator[Finding]:
    """A run's files are in one folder, whoever writes them: of two, nobody can say which was meant."""
    for entry in devices.entries:
        hdf1 = plugins_by_name(entry).get("hdf1")
        if entry.creator == EIGER2_CREATOR and hdf1 is not None:
            for fault in agreement_faults(entry.arguments, hdf1.values):
                _, at = hdf1.settings[str(fault.place[0])]
                yield Finding(entry.path, at, fault.what, fault.next_step)


@rule(
    "W201",
    "an `hdf1` that an Eiger2 names is written to",
    wrong=CREATED + "    plugins: [cam, hdf1]\n    hinted: []\n",
    right=CREATED + "    plugins: [cam, hdf1]\n    hinted: []\n    writer: hdf5\n",
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
        if entry.creator == AD_CREATOR and _is_eiger(entry) and not _WRITING & {*plugins_by_name(entry)}:
            what = "plugins: none of them writes files, so no image is kept"
            next_step = f"add `- hdf1` of class {HDF5_PLUGIN} with its templates"
            yield Finding(entry.path, plugins_by_name(entry)["cam"].at, what, next_step)


def _is_eiger(entry: DeviceEntry) -> bool:
    """Say whether the camera's class is one for an Eiger."""
    cam = plugins_by_name(entry).get("cam")
    return cam is not None and "eiger" in cam.made_by.rpartition(".")[2].lower()
