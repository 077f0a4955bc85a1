"""Run every check over files of devices, and collect what they find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike

from ..errors import ConfigError
from ._arguments import FindArguments
from ._checks import Check, Devices
from ._document import Document, read_document
from ._entries import DeviceEntry, device_entries
from ._files import devices_files
from ._ignores import without_ignored
from ._in_child import find_in_child
from ._named_classes import named_classes
from ._names import is_import_path
from ._problem import Problem
from ._registry import CHECKS

__all__ = ["Loaded", "check", "error_of", "load", "run_checks"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Files of devices as they were read.

    Parameters
    ----------
    devices
        What could be read, with its positions.
    problems
        Every fault, in the order in which they stand in the files.
    """

    devices: Devices
    problems: tuple[Problem, ...]


def check(
    paths: Iterable[str | PathLike[str]], *, imports: bool = True, import_timeout: float = 30.0
) -> list[Problem]:
    """Return every fault of these files, in the order in which they stand there.

    Parameters
    ----------
    paths
        Files, or folders: of those each file of devices. Names of devices must differ in all of them together.
    imports
        Whether what the files name is imported, to see what it takes: in a process of its own, where ophyd
        connects to nothing. Without that, what needs it is not checked.
    import_timeout
        Seconds that one import may take.
    """
    return list(load(paths, imports=imports, import_timeout=import_timeout).problems)


def load(
    paths: Iterable[str | PathLike[str]],
    *,
    imports: bool = True,
    import_timeout: float = 30.0,
    find: FindArguments | None = None,
) -> Loaded:
    """Return the devices of these files, and every fault of the files.

    Parameters
    ----------
    paths, imports, import_timeout
        See `check`.
    find
        Imports in another way than in a process of its own, such as `find_here`.
    """
    read = [read_document(path) for path in devices_files(paths)]
    documents = tuple(result for result in read if isinstance(result, Document))
    entries = tuple(entry for document in documents for entry in device_entries(document))
    find = find or (lambda names: find_in_child(names, import_timeout))
    devices = Devices(documents, entries, find(_import_paths(entries)) if imports else {})
    problems = [result for result in read if isinstance(result, Problem)] + run_checks(CHECKS, devices)
    order = [result.path for result in read]
    return Loaded(devices, tuple(sorted(problems, key=lambda problem: order.index(problem.path))))


def run_checks(checks: Iterable[Check], devices: Devices) -> list[Problem]:
    """Return what these checks find, without what comments silence; of each file in the order of its lines."""
    problems = {
        finding.as_problem(check.codes[0].code) for check in checks for finding in check.find(devices)
    }  # an anchor's fault once, however many devices share it
    order = sorted(
        problems, key=lambda problem: (str(problem.path), problem.line, problem.column, problem.code)
    )
    return list(without_ignored(order))


def _import_paths(entries: Iterable[DeviceEntry]) -> list[str]:
    named = [
        path for entry in entries for path in (entry.creator, *(path for path, _ in named_classes(entry)))
    ]
    return [path for path in dict.fromkeys(named) if is_import_path(path)]


def error_of(problems: Iterable[Problem]) -> ConfigError:
    """Return one error that says all problems."""
    problems = list(problems)
    if len(problems) == 1:
        (problem,) = problems
        return ConfigError(problem.what, where=problem.location, next_step=problem.next_step)
    listed = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(f"{len(problems)} problems:{listed}")
