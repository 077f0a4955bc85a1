"""Run every check over files of devices, and collect what they find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ._arguments import FindArguments
from ._beside import files_beside, is_beside
from ._calls import calls
from ._checks import Check, Devices
from ._document import Document, read_document
from ._entries import DeviceEntry, device_entries
from ._files import Paths, as_paths, devices_files
from ._ignores import without_ignored
from ._in_child import find_in_child
from ._named_classes import named_classes
from ._names import is_import_path
from ._problem import Problem
from ._registry import BESIDE_CHECKS, CHECKS

__all__ = ["Loaded", "check", "error_of", "load", "run_checks"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Files of devices as they were read.

    Parameters
    ----------
    files
        Every file that was looked at.
    devices
        What could be read, with its positions.
    problems
        Every fault, in the order in which they stand in the files.
    """

    files: tuple[Path, ...]
    devices: Devices
    problems: tuple[Problem, ...]


def check(paths: Paths, *, imports: bool = True, import_timeout: float = 30.0) -> list[Problem]:
    """Return every fault of these files, in the order in which they stand there.

    Parameters
    ----------
    paths
        Files, or folders: of those each file of devices. Names of devices must differ in all of them
        together. ``iconfig.yml`` and ``tiled.yml`` in the same folders are checked too.
    imports
        Whether what the files name is imported, to see what it takes: in a process of its own, where ophyd
        connects to nothing. Without that, what needs it is not checked.
    import_timeout
        Seconds that one import may take.
    """
    return list(load(paths, imports=imports, import_timeout=import_timeout, beside=True).problems)


def load(
    paths: Paths,
    *,
    imports: bool = True,
    import_timeout: float = 30.0,
    find: FindArguments | None = None,
    beside: bool = False,
) -> Loaded:
    """Return the devices of these files, and every fault of the files.

    Parameters
    ----------
    paths, imports, import_timeout
        See `check`.
    find
        Imports in another way than in a process of its own, such as `find_here`.
    beside
        Whether to check what stands beside the files of devices too.
    """
    given = as_paths(paths)
    wrong = [] if beside else [_no_file_of_devices(path) for path in given if is_beside(path)]
    named = devices_files(given if beside else [path for path in given if not is_beside(path)])
    alone = tuple(file for file in named if is_beside(file)) if beside else ()
    files = tuple(file for file in named if file not in alone)
    others = tuple(dict.fromkeys((*files_beside(files), *alone))) if beside else ()
    read = [read_document(path) for path in (*files, *others)]
    documents = tuple(result for result in read if isinstance(result, Document) and result.path in files)
    neighbours = tuple(result for result in read if isinstance(result, Document) and result.path in others)
    entries = tuple(entry for document in documents for entry in device_entries(document))
    find = find or (lambda names: find_in_child(names, import_timeout))
    devices = Devices(documents, entries, find(_import_paths(entries)) if imports else {}, neighbours)
    problems = wrong + [result for result in read if isinstance(result, Problem)]
    problems += run_checks((*CHECKS, *BESIDE_CHECKS), devices)
    order = [*(problem.path for problem in wrong), *files, *others]
    return Loaded(
        tuple(order), devices, tuple(sorted(problems, key=lambda problem: order.index(problem.path)))
    )


def _no_file_of_devices(path: Path) -> Problem:
    what = "describes no devices, but what stands beside them"
    return Problem(path, 1, 1, 2, "E101", what, "name the file of devices")


def run_checks(checks: Iterable[Check], devices: Devices) -> list[Problem]:
    """Return what these checks find, without what comments silence; each file's in the order of its lines."""
    problems = {
        finding.as_problem(check.codes[0].code) for check in checks for finding in check.find(devices)
    }  # an anchor's fault once, however many devices share it
    order = sorted(
        problems, key=lambda problem: (str(problem.path), problem.line, problem.column, problem.code)
    )
    return list(without_ignored(order))


def _import_paths(entries: Iterable[DeviceEntry]) -> list[str]:
    named: list[str] = []
    for entry in entries:
        named += (path for _, path, _ in named_classes(entry))
        named += (call.made_by for call in calls(entry))
    return [path for path in dict.fromkeys(named) if is_import_path(path)]


def error_of(problems: Iterable[Problem]) -> ConfigError:
    """Return one error that says all problems."""
    problems = list(problems)
    if len(problems) == 1:
        (problem,) = problems
        return ConfigError(problem.what, problem.location, problem.next_step, problem.code)
    listed = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(f"{len(problems)} problems:{listed}")
