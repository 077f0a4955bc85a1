"""Run every check over files of devices, and collect what they find."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from ..errors import ConfigError
from . import _device_checks, _shape_checks, _template_checks
from ._arguments import Arguments, FindArguments, is_import_path
from ._checks import Check, Devices
from ._document import CODES_OF_READING, Document, read_document
from ._entries import DeviceEntry, device_entries
from ._problem import Problem

__all__ = ["CHECKS", "check", "codes", "error_of", "read_devices"]

CHECKS: tuple[Check, ...] = tuple(
    value
    for module in (_shape_checks, _device_checks, _template_checks)
    for value in vars(module).values()
    if isinstance(value, Check)
)
"""Every check that stands in one of these modules."""


def codes() -> dict[str, str]:
    """Return what is true of a right file, by the code of the check that sees to it."""
    return CODES_OF_READING | {check.code: check.rule for check in CHECKS}


def check(paths: Iterable[str | PathLike[str]], *, find: FindArguments | None = None) -> list[Problem]:
    """Return every fault of these files, in the order in which they stand there.

    Parameters
    ----------
    paths
        The files; their device names must differ from each other.
    find
        Gives the arguments of a class or creator by its import path, such as `find_by_import`. Without it
        nothing is imported, and what needs that is not checked.
    """
    return read_devices(paths, find=find)[1]


def read_devices(
    paths: Iterable[str | PathLike[str]], *, find: FindArguments | None = None
) -> tuple[tuple[DeviceEntry, ...], list[Problem]]:
    """Return the devices of these files, and every fault of the files."""
    files = [Path(path) for path in paths]
    read = [read_document(file) for file in files]
    documents = tuple(result for result in read if isinstance(result, Document))
    entries = tuple(entry for document in documents for entry in device_entries(document))
    devices = Devices(documents, entries, _arguments(entries, find))
    problems = [result for result in read if isinstance(result, Problem)]
    for rule in CHECKS:
        problems += [finding.as_problem(rule.code) for finding in rule.find(devices)]
    return entries, sorted(problems, key=lambda p: (files.index(p.file), p.line, p.column, p.code))


def _arguments(
    entries: tuple[DeviceEntry, ...], find: FindArguments | None
) -> dict[str, Arguments | ConfigError]:
    if find is None:
        return {}
    found: dict[str, Arguments | ConfigError] = {}
    for path in filter(is_import_path, dict.fromkeys(entry.creator for entry in entries)):
        try:
            found[path] = find(path)
        except ConfigError as error:
            found[path] = error
    return found


def error_of(problems: list[Problem]) -> ConfigError:
    """Return one error that says all problems."""
    if len(problems) == 1:
        (problem,) = problems
        return ConfigError(problem.what, where=problem.where, next_step=problem.next_step)
    listed = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(f"{len(problems)} problems:{listed}")
