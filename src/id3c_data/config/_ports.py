"""Which part of an IOC writes the files of a pair of templates."""

from __future__ import annotations

from ._entries import DeviceEntry
from ._plugins import Plugin, plugins_by_name

__all__ = ["port_of_eiger2", "port_of_plugin"]

_SUFFIXES = {
    "cam": "cam1:",
    "hdf1": "HDF1:",
    "jpeg1": "JPEG1:",
    "magick1": "Magick1:",
    "netcdf1": "netCDF1:",
    "tiff1": "TIFF1:",
}
"""Of those plugins of ``apstools.devices.ad_creator`` that write files (its ``PLUGIN_DEFAULTS``)."""


def port_of_plugin(entry: DeviceEntry, plugin: Plugin) -> str:
    """Return what follows the prefix in the names of a plugin's PVs; empty where that is not known.

    A device that names ``plugin_defaults`` of its own has none of apstools'.
    """
    given = plugin.values.get("suffix")
    if isinstance(given, str):
        return given
    return "" if "plugin_defaults" in entry.arguments else _SUFFIXES.get(plugin.name, "")


def port_of_eiger2(entry: DeviceEntry) -> str:
    """Return the same for what writes an Eiger2's files: the driver, or the HDF5 plugin.

    That is said by ``writer``, or else by templates that stand in ``hdf1``.
    """
    plugins = plugins_by_name(entry)
    hdf1 = plugins.get("hdf1")
    otherwise = "hdf5" if hdf1 is not None and "write_path_template" in hdf1.values else "dcu"
    name = "hdf1" if entry.arguments.get("writer", otherwise) == "hdf5" else "cam"
    given = plugins[name].values.get("suffix") if name in plugins else None
    return given if isinstance(given, str) else _SUFFIXES[name]
