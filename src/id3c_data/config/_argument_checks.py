"""Checks of the arguments that each device, and each plugin of one, is made with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ._as_written import as_written
from ._calls import Call, calls
from ._checks import Check, Code, Devices
from ._document import is_null, node_below
from ._faults import Fault, faults, model_of, shown, unknown_argument
from ._names import did_you_mean
from ._plugin_rules import setting_faults, unknown_setting
from ._plugins import AD_CREATOR, Plugin, plugins_of
from ._problem import Finding
from ._signatures import Arguments, Kind
from ._template_sites import READ, ROOT, SEMANTICS, WRITE

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["arguments_are_right"]

_CHECKED_ELSEWHERE = frozenset(("name", "prefix", "labels", "read_path_template", "write_path_template"))
"""Arguments whose kinds have rules with codes of their own, for every class."""

_TEMPLATES = (WRITE, READ, ROOT)
"""Arguments that may be written and left empty: the rules for templates say what that means."""

_OF_WRITER = (*_TEMPLATES, SEMANTICS, "swmr", "file_prefix")
_OF_OPHYD = ("kind", "read_attrs", "configuration_attrs")
_NEAR = 0.8

_DETECTOR = """\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    write_path_template: "/detector/data/%Y/"
    read_path_template: "/data/eiger2/%Y/"
    {}
"""

_CODES = (
    Code(
        "E205",
        "each argument is one that the class or creator takes",
        "Python would say so in a TypeError without a line, and name neither the device nor what was meant.",
        wrong=_DETECTOR.format("num_image: 10"),
        right=_DETECTOR.format("num_images: 10"),
    ),
    Code(
        "E206",
        "each argument without a default is given",
        "Python would say so in a TypeError without a line.",
        wrong='ophyd.EpicsMotor:\n  - {prefix: "gp:m1"}\n',
        right='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n',
        needs_imports=True,
    ),
    Code(
        "E207",
        "each argument is of the kind, and in the range, that the class or creator takes",
        "Most classes look at their arguments when they use them: at night, in the middle of a scan. What "
        "classes outside this package take is known from their annotations.",
        wrong=_DETECTOR.format('num_images: "ten"'),
        right=_DETECTOR.format("num_images: 10"),
    ),
)


def _find(devices: Devices) -> Iterator[Finding]:
    for entry in devices.entries:
        for call in calls(entry):
            for fault in _faults_of(call, devices):
                yield _as_finding(call, fault)
        for plugin in plugins_of(entry):
            if isinstance(plugin, Plugin):
                for fault in setting_faults(plugin.name, plugin.values):
                    yield Finding(
                        entry.path,
                        plugin.settings[fault.argument][1],
                        fault.what,
                        fault.next_step,
                        fault.code,
                    )


arguments_are_right = Check(_CODES, _find)


def _as_finding(call: Call, fault: Fault) -> Finding:
    if fault.argument in call.nodes:
        key, node = call.nodes[fault.argument]
        at = key if fault.code == "E205" else node_below(node, *fault.place[1:])
    else:
        at = call.at
    what, next_step = fault.what, fault.next_step
    if fault.code == "E207":
        what, next_step = as_written(what, next_step, at)
    return Finding(call.entry.path, at, what, next_step, fault.code)


def _faults_of(call: Call, devices: Devices) -> Iterator[Fault]:
    takes = devices.arguments.get(call.made_by)
    if model := model_of(call.made_by, is_part=bool(call.plugin)):
        yield from _faults_by_model(call, model)
    elif isinstance(takes, Arguments):
        found = list(_faults_by_signature(call, takes))
        yield from found
        if base := model_of(takes.base, is_part=bool(call.plugin)):
            yield from _faults_by_base(call, base, {fault.argument for fault in found})
    elif call.plugin:
        yield from _misspelt_settings(call)


def _faults_by_model(call: Call, model: type[BaseModel]) -> Iterator[Fault]:
    templates = {name for name in (WRITE, READ) if _is_given(call, name)}
    for fault in faults(model, _values(call), call.title):
        if fault.code == "E205" and call.plugin:
            yield unknown_setting(fault.argument, model.model_fields, call.plugin)
        elif fault.code == "E205" and call.made_by == AD_CREATOR and fault.argument in _OF_WRITER:
            yield replace(fault, next_step="put it into the settings of the plugin that writes, such as hdf1")
        elif fault.code != "E206" or fault.argument not in (WRITE, READ):
            yield fault
        elif not templates:  # one template without the other is E301
            is_empty = fault.argument in call.nodes
            yield (
                replace(fault, next_step=f"write the folder after `{fault.argument}:`") if is_empty else fault
            )


def _faults_by_base(call: Call, base: type[BaseModel], found: set[str]) -> Iterator[Fault]:
    """Yield the values that a class of this package refuses, for one that derives from it elsewhere."""
    for fault in faults(base, _values(call), call.title):
        if fault.code == "E207" and fault.argument not in found:
            yield fault


def _misspelt_settings(call: Call) -> Iterator[Fault]:
    """Yield the settings of a plugin, of which nobody looked at the class, that are all but a known one."""
    known = ("class", "suffix", "kind", *_TEMPLATES, SEMANTICS)
    for name in call.values:
        if name not in known and (meant := did_you_mean(name, known, "", cutoff=_NEAR)):
            yield Fault("E205", name, (name,), f"{call.title} takes no {name!r}", meant)


def _values(call: Call) -> dict[str, Any]:
    return {name: value for name, value in call.values.items() if value is not None or name not in _TEMPLATES}


def _is_given(call: Call, name: str) -> bool:
    return name in call.nodes and not is_null(call.nodes[name][1])


def _faults_by_signature(call: Call, takes: Arguments) -> Iterator[Fault]:
    names = tuple(name for name in takes.names if name not in call.given_otherwise)
    for name, value in call.values.items():
        if name not in names and (not takes.any_name or name in takes.names):
            yield (
                unknown_setting(name, names, call.plugin)
                if call.plugin
                else unknown_argument(name, names, call.made_by)
            )
        elif name not in _CHECKED_ELSEWHERE and (fault := _wrong_kind(name, value, takes)):
            yield fault
    if takes.of_ophyd:
        yield from _faults_of_ophyd(call)
    missing = [
        name for name in takes.required if name not in call.values and name not in call.given_otherwise
    ]
    if missing:
        what = f"{call.title} needs {', '.join(missing)}"
        to = "this plugin" if call.plugin else "this device"
        add = " and ".join(f"`{name}:`" for name in missing)
        yield Fault("E206", missing[0], (), what, f"add {add} to {to}")


def _faults_of_ophyd(call: Call) -> Iterator[Fault]:
    """Yield what any class of ophyd refuses: it has no annotations, and its errors name no device."""
    given = {name: value for name, value in call.values.items() if name in _OF_OPHYD and value is not None}
    if not given:
        return
    from ._models import AnyOfOphyd

    kind = given.pop("kind", None)
    if isinstance(kind, str):  # of numbers any is taken
        given["kind"] = kind.lower()
    yield from faults(AnyOfOphyd, given, call.title)


def _wrong_kind(name: str, value: Any, takes: Arguments) -> Fault | None:
    allowed = [kind for kind in takes.kinds.get(name, ()) if kind != "nothing"]
    if not allowed or (value is None and "nothing" in takes.kinds[name]) or _kinds_of(value) & {*allowed}:
        return None
    asked = " or ".join(allowed)
    next_step = f'put it in quotes: "{value}"' if asked == "text" and _is_single(value) else f"write {asked}"
    return Fault("E207", name, (name,), f"{name}: {shown(value)} is not {asked}", next_step)


def _is_single(value: Any) -> bool:
    return value is not None and not isinstance(value, list | dict)


def _kinds_of(value: Any) -> set[Kind]:
    if isinstance(value, bool):
        return {"true or false"}
    if isinstance(value, int):
        return {"a whole number", "a number", *(["true or false"] if value in (0, 1) else [])}
    kinds: list[tuple[type, Kind]] = [
        (str, "text"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a mapping"),
    ]
    return {kind for cls, kind in kinds if isinstance(value, cls)}
