"""Checks of the arguments that each device is made with."""

from __future__ import annotations

from collections.abc import Iterator

from ._arguments import Arguments
from ._checks import Devices, rule
from ._document import members
from ._entries import DeviceEntry
from ._names import did_you_mean
from ._problem import Finding

__all__ = ["no_argument_is_missing", "no_argument_is_unknown"]


@rule(
    "E205",
    "each argument is one that the class or creator takes",
    wrong='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1", lables: [motors]}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1", labels: [motors]}\n',
    needs_imports=True,
)
def no_argument_is_unknown(devices: Devices) -> Iterator[Finding]:
    """Python would say so in a TypeError without a line."""
    for entry, takes in _with_known_arguments(devices):
        for name in () if takes.any_name else entry.arguments:
            if name not in takes.names:
                what = f"{entry.creator} takes no {name!r}"
                next_step = did_you_mean(name, takes.names, f"it takes {', '.join(takes.names)}")
                yield Finding(entry.path, members(entry.node)[name][0], what, next_step)


@rule(
    "E206",
    "each argument without a default is given",
    wrong='ophyd.EpicsMotor:\n  - {prefix: "gp:m1"}\n',
    right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n',
    needs_imports=True,
)
def no_argument_is_missing(devices: Devices) -> Iterator[Finding]:
    """Python would say so in a TypeError without a line."""
    for entry, takes in _with_known_arguments(devices):
        missing = [name for name in takes.required if name not in entry.arguments]
        if missing:
            what = f"{entry.creator} needs {', '.join(missing)}"
            yield Finding(entry.path, entry.node, what, f"add `{missing[0]}:` to this device")


def _with_known_arguments(devices: Devices) -> Iterator[tuple[DeviceEntry, Arguments]]:
    for entry in devices.entries:
        takes = devices.arguments.get(entry.creator)
        if isinstance(takes, Arguments):
            yield entry, takes
