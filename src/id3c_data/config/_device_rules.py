"""The rules for names, labels and prefixes: for the check of a file, and for the devices themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from ._faults import Fault, faults, shown
from ._names import as_python_reads, is_identifier

__all__ = [
    "check_eiger2_options",
    "detector_prefix_faults",
    "file_prefix_faults",
    "label_faults",
    "name_faults",
    "prefix_faults",
    "pv_faults",
]

_LONGEST_PV = 60
_NOT_IN_A_PV = re.compile(r"[^!-~]|[\"'$]")
_NOT_IN_A_NAME = re.compile(r"[^!-~]|\$[({]")
_PLACEHOLDER = re.compile(r"FIXME|CHANGE_?ME|\bTODO\b|<[^<>]*>")
_AS_THE_IOC = "write the name as the IOC has it"
_PLUGIN_AT_END = re.compile(r"[:}]((?:cam|HDF|image|Pva|ROI|Stats|TIFF)\d+:)$")
_LONGEST_FILE_PREFIX = 28  # with unique id, series and file number a name fits the 64 characters left for it
_FILE_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def name_faults(name: object) -> Iterator[Fault]:
    """Yield what is wrong with a device's name (E203)."""
    if isinstance(name, bool) or name is None:  # how `on` and `null` are read; any other is no name in quotes
        yield Fault("E203", "name", ("name",), f"{shown(name)} is no text", "put it in quotes")
    elif not is_identifier(name):
        what = f"{shown(name)} cannot be a device's name"
        next_step = "use letters, digits and underscores, no digit first, no word of Python"
        yield Fault("E203", "name", ("name",), what, next_step)
    elif isinstance(name, str) and (read := as_python_reads(name)) != name:
        what = f"{name!a} would be no variable of the session: Python reads it as {read!a}"
        yield Fault("E203", "name", ("name",), what, "use plain letters, digits and underscores")


def label_faults(labels: object) -> Iterator[Fault]:
    """Yield what is wrong with a device's labels (E208)."""
    if not isinstance(labels, list):
        next_step = f"write [{labels}]" if isinstance(labels, str) else 'write a list such as ["motors"]'
        yield Fault("E208", "labels", ("labels",), f"labels: {shown(labels)} is no list", next_step)
        return
    for index, label in enumerate(cast("list[Any]", labels)):
        if not isinstance(label, str):
            what = f"labels: {shown(label)} is no text"
            yield Fault("E208", "labels", ("labels", index), what, "put it in quotes")


def pv_faults(argument: str, pv: object) -> Iterator[Fault]:
    """Yield what is wrong with a PV's name (E209); a field with ``$``, or a filter, may be at its end."""
    if not isinstance(pv, str):
        yield Fault("E209", argument, (argument,), f"{argument}: {shown(pv)} is no text", "put it in quotes")
    elif what := _no_name(pv.partition(".{")[0], _NOT_IN_A_NAME):
        yield Fault("E209", argument, (argument,), f"{argument}: {what}", _AS_THE_IOC)


def prefix_faults(prefix: object) -> Iterator[Fault]:
    """Yield what is wrong with the start of PV names (E209)."""
    if not isinstance(prefix, str):
        yield _wrong_prefix("E209", f"{shown(prefix)} is no text", "put it in quotes")
    elif what := _no_name(prefix, _NOT_IN_A_PV):
        yield _wrong_prefix("E209", what, _AS_THE_IOC)
    elif len(prefix) >= _LONGEST_PV:
        what = f"{len(prefix)} characters, where a PV's whole name has at most {_LONGEST_PV}"
        yield _wrong_prefix("E209", what, _AS_THE_IOC)


def _no_name(name: str, odd: re.Pattern[str]) -> str:
    """Return why a name is none, or is still to be written."""
    if found := odd.search(name):
        return f"{shown(name)} holds {found[0]!r}, which no PV's name can"
    found = _PLACEHOLDER.search(name)
    return f"{found[0]!r} in {shown(name)} is a placeholder" if found else ""


def detector_prefix_faults(prefix: object) -> Iterator[Fault]:
    """Yield what is wrong with the prefix of an area detector, beside what is wrong with any (E211)."""
    if isinstance(prefix, str) and prefix[-1:] not in (":", "}"):
        right = f'write "{prefix}:", so that the PVs are {prefix}:cam1:... and the like'
        next_step = right if prefix else "add the prefix of the IOC"
        yield _wrong_prefix("E211", f"{shown(prefix)} does not end in a colon", next_step)
    elif isinstance(prefix, str) and (found := _PLUGIN_AT_END.search(prefix)):
        what = f"{shown(prefix)} goes on to {found[1]}, which a plugin adds itself"
        yield _wrong_prefix("E211", what, f'write "{prefix[: found.start(1)]}"')
    elif isinstance(prefix, str) and prefix.endswith("::"):
        what = f"{shown(prefix)} ends in two colons"
        yield _wrong_prefix("E211", what, f'write "{prefix.rstrip(":")}:"')


def file_prefix_faults(file_prefix: object, name: object) -> Iterator[Fault]:
    """Yield why an Eiger2's file names cannot start so (E210): with ``file_prefix``, or else its name."""
    start, argument = (file_prefix, "file_prefix") if file_prefix else (name, "name")
    if not isinstance(start, str):
        return
    if not _FILE_PREFIX.fullmatch(start) or len(start) > _LONGEST_FILE_PREFIX:
        what = f"{argument}: {shown(start)} cannot start a file name"
        next_step = f"use at most {_LONGEST_FILE_PREFIX} letters, digits, '.', '_' and '-'"
        if argument == "name":
            next_step += ", or give a `file_prefix`"
        yield Fault("E210", argument, (argument,), what, next_step)


def _wrong_prefix(code: str, what: str, next_step: str) -> Fault:
    return Fault(code, "prefix", ("prefix",), f"prefix: {what}", next_step)


def check_eiger2_options(where: str = "", **values: Any) -> None:
    """Refuse values of an Eiger2's arguments by the rules, codes and words of the check of devices.yml.

    Parameters
    ----------
    where
        The device, for the error.
    **values
        Arguments of `id3c_data.devices.Eiger2Detector` or `id3c_data.devices.eiger2_creator`; only those that
        are given are looked at.

    Raises
    ------
    ConfigError
        One of them cannot be.
    """
    for fault in _faults_of(values):
        raise fault.as_error(where)


def _faults_of(values: dict[str, Any]) -> Iterator[Fault]:
    from ._models import Eiger2Creator

    if "name" in values:
        yield from name_faults(values["name"])
    if "prefix" in values:
        yield from prefix_faults(values["prefix"])
        yield from detector_prefix_faults(values["prefix"])
    if "labels" in values:
        yield from label_faults(values["labels"])
    yield from (fault for fault in faults(Eiger2Creator, values, "Eiger2Detector") if fault.code != "E206")
    yield from file_prefix_faults(values.get("file_prefix"), values.get("name"))
