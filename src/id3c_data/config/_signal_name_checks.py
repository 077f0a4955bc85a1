"""Check of the signals that a device, or a plugin of one, is to read: whether it has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from ._calls import Call, calls
from ._checks import Devices, rule
from ._document import node_below
from ._names import did_you_mean
from ._plugin_checks import CREATED
from ._plugins import AD_CREATOR, DETECTOR, EIGER2_CREATOR, plugins_by_name
from ._problem import Finding
from ._signatures import Arguments

__all__ = ["OWN_SIGNALS", "named_signals_are_there"]

OWN_SIGNALS = (
    *("configuration_names", "file_stem", "files_verified", "images_per_file", "num_images"),
    *("read_path", "series", "write_path", "writer"),
)
"""Those of an Eiger2 that are no plugin's."""

_ATTRIBUTES = ("read_attrs", "configuration_attrs")


@dataclass(slots=True)
class _Names:
    """The names of what a device has, as far as they are known.

    Parameters
    ----------
    signals
        Of its signals, such as ``stats1.total``.
    parts
        Of its parts, such as ``stats1``.
    unknown
        Of parts that have signals which nobody looked up; the empty one for the device itself.
    """

    signals: set[str] = field(default_factory=set[str])
    parts: set[str] = field(default_factory=set[str])
    unknown: set[str] = field(default_factory=set[str])

    def add(self, signals: Iterable[str], part: str = "") -> None:
        """Add a part, or the device itself, with its signals; without any, they are not known."""
        before = f"{part}." if part else ""
        found = {f"{before}{signal}" for signal in signals}
        self.signals |= found
        parents = {signal.rpartition(".")[0] for signal in found}
        while parents := parents - {""}:
            self.parts |= parents
            parents = {parent.rpartition(".")[0] for parent in parents}
        if part:
            self.parts.add(part)
        if not found:
            self.unknown.add(part)

    def may_have(self, name: str) -> bool:
        """Say whether there is something of that name, or may be."""
        first, _, below = name.partition(".")
        return (
            name in self.signals
            or name in self.parts
            or (first if below else "") in self.unknown
            or ("" in self.unknown and not (below and self.parts))  # a creator's own parts are its plugins
        )

    def meant(self, name: str) -> str:
        """Return the next step for a name that is none."""
        same_end = sorted(signal for signal in self.signals if signal.endswith(f".{name}"))
        if same_end:
            return f"did you mean {same_end[-1]!r}?"
        first, _, below = name.partition(".")
        if below and first not in self.parts:
            return f"it has {', '.join(sorted(self.parts))}: name a signal of one of these"
        otherwise = 'name a part and its signal with a dot between, such as "stats1.total"'
        return did_you_mean(name, sorted(self.signals | self.parts), otherwise)


@rule(
    "E215",
    "`hinted`, `read_attrs` and `configuration_attrs` name what the device has",
    wrong=CREATED + "    hinted: [stats2.total]\n",
    right=CREATED + "    hinted: [stats1.total]\n",
)
def named_signals_are_there(devices: Devices) -> Iterator[Finding]:
    """There would be nothing to read with each event, so the device cannot be made.

    Which signals a class has is known where it was imported; without that, an Eiger2's plugins are.
    """
    for entry in devices.entries:
        for call in calls(entry):
            arguments = [name for name in _ATTRIBUTES if name in call.values]
            arguments += (
                ["hinted"] if "hinted" in call.values and not call.plugin and devices.is_eiger2(entry) else []
            )
            if arguments:
                names = _names_of(call, devices)
                for argument in arguments:
                    yield from _unknown(call, argument, names)


def _unknown(call: Call, argument: str, names: _Names) -> Iterator[Finding]:
    given = call.values[argument]
    for index, name in enumerate(cast("list[Any]", given) if isinstance(given, list) else []):
        if not isinstance(name, str):
            continue
        at = node_below(call.nodes[argument][1], index)
        if not names.may_have(name):
            what = f"{argument}: there is no {'signal' if argument == 'hinted' else 'component'} {name!r}"
            yield Finding(call.entry.path, at, what, names.meant(name))
        elif argument == "hinted" and name in names.parts:
            what = f"hinted: {name!r} is no signal"
            below = sorted(signal for signal in names.signals if signal.startswith(f"{name}."))
            example = f"{name}.total" if not below or f"{name}.total" in below else below[0]
            yield Finding(call.entry.path, at, what, f'name one of its signals, such as "{example}"')


def _names_of(call: Call, devices: Devices) -> _Names:
    """Return what is known of a device, or of a plugin of one."""
    names = _Names()
    found = _signals(devices, call.made_by)
    if call.plugin or call.made_by not in (DETECTOR, EIGER2_CREATOR, AD_CREATOR) or found:
        names.add(found)
        return names
    names.add(OWN_SIGNALS if call.made_by != AD_CREATOR else ())
    made_by = {plugin.plugin: plugin.made_by for plugin in calls(call.entry) if plugin.plugin}
    for plugin in plugins_by_name(call.entry):
        names.add(_signals(devices, made_by.get(plugin, "")), plugin)
    return names


def _signals(devices: Devices, made_by: str) -> tuple[str, ...]:
    takes = devices.arguments.get(made_by)
    return takes.signals if isinstance(takes, Arguments) else ()
