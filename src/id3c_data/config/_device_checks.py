"""Checks of each device: what makes it, its name, its arguments."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ConfigError
from ._arguments import Arguments, did_you_mean, is_identifier, is_import_path
from ._checks import Devices, check_of
from ._document import members
from ._entries import DeviceEntry
from ._problem import Finding

__all__ = [
    "creators_are_import_paths",
    "creators_are_usable",
    "names_are_identifiers",
    "names_are_unique",
    "no_argument_is_missing",
    "no_argument_is_unknown",
]


@check_of("E201", "each section is named by the import path of a class or creator")
def creators_are_import_paths(devices: Devices) -> Iterator[Finding]:
    """The loader imports what a section names, and needs its module for that."""
    for entry in _first_of_each_section(devices):
        if not is_import_path(entry.creator):
            what = f"{entry.creator!r} is no import path"
            next_step = "write package, module and class, such as id3c_data.devices.Eiger2Detector"
            yield Finding(entry.file, entry.creator_node, what, next_step)


@check_of("E202", "each class or creator can be imported and called")
def creators_are_usable(devices: Devices) -> Iterator[Finding]:
    """The loader only warns of an unknown class, and its devices are missing in the session."""
    for entry in _first_of_each_section(devices):
        found = devices.arguments.get(entry.creator)
        if isinstance(found, ConfigError):
            yield Finding(entry.file, entry.creator_node, found.what, found.next_step)


@check_of("E203", "each device's name is a Python identifier")
def names_are_identifiers(devices: Devices) -> Iterator[Finding]:
    """The name becomes a variable of the session, and the beginning of every data key."""
    for entry in devices.entries:
        name = entry.name
        if "name" in entry.arguments and not is_identifier(name):
            next_step = "use letters, digits and underscores, no digit first, no word of Python"
            yield Finding(
                entry.file, entry.argument_node("name"), f"{name!r} cannot be a device's name", next_step
            )


@check_of("E204", "no two devices have one name, in all files together")
def names_are_unique(devices: Devices) -> Iterator[Finding]:
    """The later device would take the earlier one's place in the session."""
    first: dict[str, DeviceEntry] = {}
    for entry in devices.entries:
        name = entry.name
        if not isinstance(name, str):
            continue
        if name in first:
            what = f"{name!r} is already the name of the device at {first[name].where}"
            yield Finding(entry.file, entry.argument_node("name"), what, "give one of the two another name")
        first.setdefault(name, entry)


@check_of("E205", "each argument is one that the class or creator takes")
def no_argument_is_unknown(devices: Devices) -> Iterator[Finding]:
    """Python would say so in a TypeError without a line."""
    for entry, takes in _with_known_arguments(devices):
        for name in () if takes.any_name else entry.arguments:
            if name not in takes.names:
                what = f"{entry.creator} takes no {name!r}"
                next_step = did_you_mean(name, takes.names, f"it takes {', '.join(takes.names)}")
                yield Finding(entry.file, members(entry.node)[name][0], what, next_step)


@check_of("E206", "each argument without a default is given")
def no_argument_is_missing(devices: Devices) -> Iterator[Finding]:
    """Python would say so in a TypeError without a line."""
    for entry, takes in _with_known_arguments(devices):
        missing = [name for name in takes.required if name not in entry.arguments]
        if missing:
            what = f"{entry.creator} needs {', '.join(missing)}"
            yield Finding(entry.file, entry.node, what, f"add `{missing[0]}:` to this device")


def _first_of_each_section(devices: Devices) -> Iterator[DeviceEntry]:
    seen: set[tuple[object, str]] = set()
    for entry in devices.entries:
        section = (entry.file, entry.creator)
        if section not in seen:
            seen.add(section)
            yield entry


def _with_known_arguments(devices: Devices) -> Iterator[tuple[DeviceEntry, Arguments]]:
    for entry in devices.entries:
        takes = devices.arguments.get(entry.creator)
        if isinstance(takes, Arguments):
            yield entry, takes
