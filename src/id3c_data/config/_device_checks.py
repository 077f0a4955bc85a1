"""Checks of each device: what makes it, its name, its labels, its prefix."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

import yaml

from ..errors import ConfigError
from ._arguments import no_import_path, no_maker
from ._checks import Devices, findings_of, rule
from ._device_rules import label_faults, name_faults, prefix_faults, pv_faults
from ._document import members
from ._entries import DeviceEntry
from ._known_names import misspelt
from ._named_classes import named_classes, parts_makers
from ._names import as_python_reads, is_identifier, is_import_path
from ._problem import Finding
from ._signatures import Arguments

__all__ = [
    "creators_are_import_paths",
    "creators_are_usable",
    "devices_differ",
    "labels_are_a_list_of_text",
    "names_are_free",
    "names_are_identifiers",
    "names_are_unique",
    "prefixes_fit_epics",
]

_OF_SESSION = frozenset(
    [
        "RE",
        "bec",
        "bp",
        "bps",
        "bpp",
        "cat",
        "cat_client",
        "bluesky",
        "ophyd",
        "np",
        "plt",
        "sd",
        "peaks",
        "oregistry",
        "iconfig",
    ]
)
"""Names that a BITS session, or IPython in it, gives to things of its own."""


@rule(
    "E201",
    "each section, and each class or creator of a part, is named by an import path",
    wrong='EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n',
)
def creators_are_import_paths(devices: Devices) -> Iterator[Finding]:
    """The loader imports what a section names, and needs its module for that; so do creators for parts."""
    for entry in _first_of_each_section(devices):
        yield from _no_import_path(entry, entry.creator, entry.creator_node)
    for entry in devices.entries:
        for name, node in parts_makers(entry):
            yield from _no_import_path(entry, name, node)


def _no_import_path(entry: DeviceEntry, name: object, at: yaml.Node) -> Iterator[Finding]:
    if not is_import_path(name):
        error = no_import_path(name)
        yield Finding(entry.path, at, error.what, error.next_step)


@rule(
    "E202",
    "each class or creator can be imported and called",
    wrong="ophyd.sim.SynAxs:\n  - {name: m1}\n",
    right="ophyd.sim.SynAxis:\n  - {name: m1}\n",
    needs_imports=True,
)
def creators_are_usable(devices: Devices) -> Iterator[Finding]:
    """The loader only warns of an unknown class, and its devices are missing in the session.

    That holds for the classes that a device names for its parts too. Each is imported in a process of its
    own, where ophyd connects to nothing; one that hangs or ends that process is such a fault. Where
    nothing is imported, names that are all but a well-known one are still found.
    """
    for entry in _first_of_each_section(devices):
        yield from _unusable(devices, entry, entry.creator, entry.creator_node)
    for entry in devices.entries:
        for key, path, node in named_classes(entry):
            yield from _unusable(devices, entry, path, node, may_be_a_device=key == "creator")


def _unusable(
    devices: Devices, entry: DeviceEntry, path: str, at: yaml.Node, *, may_be_a_device: bool = False
) -> Iterator[Finding]:
    if not is_import_path(path):
        return  # E201
    found = devices.arguments.get(path) or misspelt(path)
    if isinstance(found, Arguments) and found.instance_of and not may_be_a_device:
        found = no_maker(path, found.instance_of)
    if isinstance(found, ConfigError):
        yield Finding(entry.path, at, found.what, found.next_step)


@rule(
    "E203",
    "each device's name is a Python identifier",
    wrong='ophyd.EpicsMotor:\n  - {name: slit-top, prefix: "gp:m1"}\n',
    right='ophyd.EpicsMotor:\n  - {name: slit_top, prefix: "gp:m1"}\n',
)
def names_are_identifiers(devices: Devices) -> Iterator[Finding]:
    """The name becomes a variable of the session, and the beginning of every data key."""
    for entry in devices.entries:
        if "name" in entry.arguments:
            yield from findings_of(entry, name_faults(entry.name))


@rule(
    "E204",
    "no two devices have one name, in all files together",
    wrong='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n  - {name: m1, prefix: "gp:m2"}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n  - {name: m2, prefix: "gp:m2"}\n',
)
def names_are_unique(devices: Devices) -> Iterator[Finding]:
    """The later device would take the earlier one's place in the session."""
    first: dict[str, DeviceEntry] = {}
    for entry in devices.entries:
        if not isinstance(entry.name, str):
            continue
        name = as_python_reads(entry.name)
        if name in first:
            what = f"{name!r} is already the name of the device at {first[name].location}"
            yield Finding(entry.path, entry.argument_node("name"), what, "give one of the two another name")
        first.setdefault(name, entry)


@rule(
    "E208",
    "labels are a list of text",
    wrong='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1", labels: motors}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1", labels: [motors]}\n',
)
def labels_are_a_list_of_text(devices: Devices) -> Iterator[Finding]:
    """A single text would become one label for each of its letters, and no baseline would find the device."""
    for entry in devices.entries:
        yield from findings_of(entry, label_faults(entry.arguments.get("labels", [])))


@rule(
    "E209",
    "a prefix can begin the name of a PV, and `read_pv` and `write_pv` can be one",
    wrong='ophyd.EpicsMotor:\n  - {name: m1, prefix: "$(P)m1"}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n',
)
def prefixes_fit_epics(devices: Devices) -> Iterator[Finding]:
    """Nothing connects under a name that no record can have. Macros are expanded in an IOC only."""
    for entry in devices.entries:
        yield from findings_of(entry, prefix_faults(entry.arguments.get("prefix", "")))
        for name in ("read_pv", "write_pv"):
            if entry.arguments.get(name) is not None:
                yield from findings_of(entry, pv_faults(name, entry.arguments[name]))


@rule(
    "W203",
    "no device has the name of something that a session needs",
    wrong='ophyd.EpicsMotor:\n  - {name: cat, prefix: "gp:m1"}\n',
    right='ophyd.EpicsMotor:\n  - {name: catcher, prefix: "gp:m1"}\n',
)
def names_are_free(devices: Devices) -> Iterator[Finding]:
    """`cat`, `RE` or `print` would be the device from then on, in every session that loads the file."""
    for entry in devices.entries:
        name = entry.name
        if isinstance(name, str) and (name in _OF_SESSION or hasattr(builtins, name)) and is_identifier(name):
            what = f"{name!r} is the name of something else in a session, which the device would hide"
            yield Finding(entry.path, entry.argument_node("name"), what, "give the device another name")


@rule(
    "W204",
    "two devices differ in more than their names",
    wrong='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n  - {name: m2, prefix: "gp:m1"}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n  - {name: m2, prefix: "gp:m2"}\n',
)
def devices_differ(devices: Devices) -> Iterator[Finding]:
    """A line was copied, and its prefix forgotten: moving one device would move the other."""
    first: dict[tuple[str, int], DeviceEntry] = {}
    contents = _Contents()
    for entry in devices.entries:
        if not entry.arguments.get("prefix"):
            continue
        same = entry.creator, contents.of(entry.node, without=("name", "labels"))
        if same in first and first[same].name != entry.name:
            what = f"{entry.name!r} is made like {first[same].name!r} at {first[same].location}"
            yield Finding(entry.path, entry.argument_node("name"), what, "see whether its prefix is right")
        first.setdefault(same, entry)


class _Contents:
    """Numbers that are equal where nodes say the same; each node is looked at once, however many aliases."""

    def __init__(self) -> None:
        self._number: dict[object, int] = {}
        self._seen: dict[int, tuple[yaml.Node, int]] = {}

    def of(self, node: yaml.Node, without: tuple[str, ...] = ()) -> int:
        """Return the number of what a node says."""
        if id(node) in self._seen:
            return self._seen[id(node)][1]
        self._seen[id(node)] = node, -1  # a node that holds itself ends here
        content: object = node.value, node.tag
        if isinstance(node, yaml.MappingNode):
            below = members(node).items()
            content = frozenset((key, self.of(value)) for key, (_, value) in below if key not in without)
        elif isinstance(node, yaml.SequenceNode):
            content = tuple(self.of(item) for item in node.value)
        number = self._number.setdefault(content, len(self._number))
        self._seen[id(node)] = node, number
        return number


def _first_of_each_section(devices: Devices) -> Iterator[DeviceEntry]:
    seen: set[tuple[object, str]] = set()
    for entry in devices.entries:
        section = (entry.path, entry.creator)
        if section not in seen:
            seen.add(section)
            yield entry
