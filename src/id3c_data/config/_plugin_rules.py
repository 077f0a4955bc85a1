"""The rules for a plugin's name and settings: for the check of a file, and for the creator itself."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ._faults import Fault, faults, shown, unknown_argument
from ._names import did_you_mean, is_identifier
from ._signatures import arguments_of

__all__ = [
    "OF_COMPONENT",
    "OF_DEVICE",
    "OF_EIGER2",
    "agreement_faults",
    "check_settings",
    "no_list_of_plugins",
    "plugin_faults",
    "setting_faults",
    "unknown_setting",
]

OF_COMPONENT = ("class", "suffix", "kind", "lazy", "trigger_value", "add_prefix", "doc")
"""What a creator takes from a plugin's settings for ophyd's `Component`, before its class sees them."""

OF_DEVICE = frozenset(("prefix", "name", "parent", "attr_name"))
"""What a component gives to the class of a plugin itself."""

OF_EIGER2 = ("write_path_template", "read_path_template", "write_root", "path_semantics", "swmr")
"""What `eiger2_creator` takes for the detector, given there or among the settings of its ``hdf1``."""


def plugin_faults(name: str, known: Collection[str], settings: Container[str]) -> Iterator[Fault]:
    """Yield what is wrong with a plugin's name (E212): its creator does not know it, or none can be so."""
    missing = [f"its {key}" for key in ("class", "suffix") if key not in settings]
    if name not in known and missing:
        otherwise = f"give {' and '.join(missing)}, or use one of {', '.join(sorted(known))}"
        yield _wrong_plugin(f"{name} is not known", did_you_mean(name, known, otherwise))
    elif not is_identifier(name):
        next_step = "use letters, digits and underscores, no digit first, no word of Python"
        yield _wrong_plugin(f"{shown(name)} cannot be a plugin's name", next_step)


def no_list_of_plugins(plugins: object) -> Fault:
    """Return the fault of plugins that are no list (E212)."""
    next_step = "begin each plugin with `- `" if isinstance(plugins, Mapping) else "write `- cam`, one a line"
    return _wrong_plugin(f"{shown(plugins)} is no list", next_step)


def agreement_faults(own: Mapping[str, Any], hdf1: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is given for an Eiger2 and otherwise for its ``hdf1`` (E218), at its place there."""
    for key in OF_EIGER2:
        if key in own and key in hdf1 and own[key] != hdf1[key]:
            what = f"plugins: hdf1 has the {key} {shown(hdf1[key])}, the device itself {shown(own[key])}"
            yield Fault(
                "E218", "plugins", (key,), what, "both are for the same files: keep the one that is right"
            )


def setting_faults(name: str, values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the settings that a creator takes itself (E207)."""
    given = {key: value for key, value in values.items() if key in OF_COMPONENT}
    if not given:
        return
    from ._models import ComponentSettings

    for fault in faults(ComponentSettings, given, name):
        yield replace(fault, what=f"plugin {name}: {fault.what}")
    suffix = given.get("suffix", ":")
    if isinstance(suffix, str) and suffix[-1:] not in (":", "}"):
        what = f"plugin {name}: suffix: {shown(suffix)} does not end in a colon"
        next_step = f'write "{suffix}:"' if suffix else 'write it as the IOC has it, such as "HDF1:"'
        yield Fault("E207", "suffix", ("suffix",), what, next_step)


def check_settings(plugin: str, settings: Mapping[str, Any], made_by: type, where: str) -> None:
    """Refuse settings of a plugin by the rules, codes and words of the check of devices.yml.

    Parameters
    ----------
    plugin
        Its name.
    settings
        All that is given for it.
    made_by
        Its class.
    where
        The device, for the error.

    Raises
    ------
    ConfigError
        Something in them cannot be.
    """
    from ._models import PluginOfOphyd

    takes = arguments_of(made_by)
    rest = {name: value for name, value in settings.items() if name not in OF_COMPONENT}
    for name in rest:
        if name in OF_DEVICE or (name not in takes.names and not takes.any_name):
            names = [one for one in takes.names if one not in OF_DEVICE]
            raise unknown_setting(name, names, plugin).as_error(where)
    wrong = (fault for fault in faults(PluginOfOphyd, rest, f"plugin {plugin}") if fault.code == "E207")
    for fault in (*setting_faults(plugin, settings), *wrong):
        raise fault.as_error(where)


def unknown_setting(setting: str, known: Collection[str], plugin: str) -> Fault:
    """Return the fault of a setting that a plugin does not take (E205)."""
    return unknown_argument(setting, tuple(dict.fromkeys((*OF_COMPONENT, *known))), f"plugin {plugin}")


def _wrong_plugin(what: str, next_step: str) -> Fault:
    return Fault("E212", "plugins", ("plugins",), f"plugins: {what}", next_step)
