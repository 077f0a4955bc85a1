"""All checks of the beamline over the devices of files, collected into one report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..config import DeviceEntry, Finding, Loaded, Problem, Report, right_sites, without_ignored
from ._catalog_checks import catalog_findings
from ._detector_checks import detector_findings
from ._note import Note
from ._signal_checks import signal_findings

__all__ = ["Patience", "check_live"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each kind of question may take, in seconds."""

    answer_s: float = 5.0
    """One PV, one look at a file system, one request of the catalog."""
    devices_s: float = 60.0
    """Making all devices, their imports included."""


def check_live(loaded: Loaded, *, imports: bool = True, patience: Patience | None = None) -> Report:
    """Return the report on files, with what the beamline says about them.

    Nothing of the beamline is changed but what is put back at once: ``FilePath`` and ``CreateDirectory`` of
    the ports that write, never while they acquire; a folder and a small file on the read side; a node of the
    catalog.

    Parameters
    ----------
    loaded
        The files as `id3c_data.config.load` returns them. Devices with errors are not asked for.
    imports
        Whether devices may be made, to see whether all their PVs answer.
    patience
        How long to wait.

    Raises
    ------
    MissingExtra
        Where the extra ``devices`` is not installed.
    """
    patience = patience or Patience()
    found: dict[tuple[object, ...], Problem] = {}
    notes: dict[str, None] = {}
    for seen in _findings(loaded, imports, patience):
        if isinstance(seen, Note):
            notes[str(seen)] = None
        else:
            problem = seen.as_problem(seen.code)
            found.setdefault((problem.location, problem.code), problem)  # a silent IOC is met more than once
    order = {file: number for number, file in enumerate(loaded.files)}
    problems = sorted(
        (*loaded.problems, *without_ignored(found.values())),
        key=lambda problem: (order[problem.path], problem.line, problem.column, problem.code),
    )
    return Report(loaded.files, tuple(problems), tuple(notes))


def _findings(loaded: Loaded, imports: bool, patience: Patience) -> Iterator[Finding | Note]:
    right = [entry for entry in loaded.devices.entries if not _has_error(entry, loaded.problems)]
    for entry in loaded.devices.entries:
        if entry not in right:
            yield Note(str(entry.name), "not asked, because its description has errors")
    sites = [site for site in right_sites(loaded.devices.sites) if site.entry in right]
    if imports:
        yield from signal_findings(right, patience.answer_s, patience.devices_s)
    for site in sites:
        yield from detector_findings(site, patience.answer_s)
    yield from catalog_findings(loaded.devices, sites, patience.answer_s)


def _has_error(entry: DeviceEntry, problems: tuple[Problem, ...]) -> bool:
    """Say whether a device, or what makes it, has an error: then it cannot be asked for."""
    start, end = entry.node.start_mark, entry.node.end_mark
    first, last = start.line + 1, end.line + (end.column > start.column)  # less: what comes next starts there
    section = entry.creator_node.start_mark.line + 1
    return any(
        problem.severity == "error"
        and problem.path == entry.path
        and (first <= problem.line <= last or problem.line == section)
        for problem in problems
    )
