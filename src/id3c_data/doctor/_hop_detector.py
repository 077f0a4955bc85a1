"""The hops on the way to a file: configuration, IOC, the folder it writes to, the same folder here."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from ..config import RightSite, load, right_sites
from ._case import Case
from ._detector_checks import DetectorChecks
from ._folder_look import existing_part, look_at_folder
from ._hop import Fault, Seen, Skipped
from ._note import Note

__all__ = ["configuration", "ioc", "read_path", "write_path"]

_SHOWN = 3  # problems of the configuration
_NO_DETECTOR = "no detector is configured"


def configuration(case: Case) -> Seen:
    """See whether the files of devices are right, and which detector they name."""
    yield Note(
        "here",
        f"id3c-data {version('id3c-data')}",
        {"id3c_data": version("id3c-data"), "python": platform.python_version()},
    )
    given = case.settings.devices
    if not given and not all(file.exists() for file in case.files):
        yield Skipped(f"there is no {case.files[0]} here, and what was taken can be followed without")
        return
    loaded = case.loaded = load(case.files, imports=_imports(case), beside=True)
    yield from _problems(case)
    sites = [
        site for site in right_sites(loaded.devices.sites) if case.settings.device in (None, site.entry.name)
    ]
    ours = [site for site in sites if site.entry.creator.startswith("id3c_data.")]
    case.site = next(iter((*ours, *sites)), None)
    named = ", ".join(str(file) for file in loaded.files)
    if case.site is None:
        names = ", ".join(str(entry.name) for entry in loaded.devices.entries) or "no device"
        yield Fault(_no_detector(case), f"write one there, or name it with --device; there is {names}", named)
    else:
        yield from _introduction(case.site)


def _imports(case: Case) -> bool:
    """Say whether to import what the files name; a run or file that is there needs no device."""
    return case.settings.imports and not (case.from_file or case.from_run)


def _problems(case: Case) -> Iterator[Fault]:
    assert case.loaded is not None  # noqa: S101 - its caller has loaded it
    problems = sorted(case.loaded.problems, key=lambda problem: problem.severity)
    for problem in problems[:_SHOWN]:
        yield Fault(f"{problem.code}: {problem.what}", problem.next_step, problem.location, problem.severity)
    if more := problems[_SHOWN:]:
        files = " ".join(str(file) for file in case.files)
        what = f"{len(more)} problems more are in the files"
        yield Fault(what, f"`id3c-data validate {files}` shows all of them", severity=more[0].severity)


def _no_detector(case: Case) -> str:
    if case.settings.device is not None:
        return f"there is no device {case.settings.device!r} with a pair of path templates"
    return "no device has a pair of path templates"


def _introduction(site: RightSite) -> Iterator[Note]:
    entry, templates = site.entry, site.templates
    words = f"{entry.name} ({entry.creator}) at {entry.location}, prefix {entry.arguments.get('prefix')}"
    yield Note(str(entry.name), words, {"device": str(entry.name), "prefix": entry.arguments.get("prefix")})
    yield Note(str(entry.name), f"it writes to {templates.write_base} and is read from {templates.read_base}")


def ioc(case: Case) -> Seen:
    """See whether the IOC answers, in which version, and whether its clock is right."""
    if reason := _not_asked(case):
        yield Skipped(reason)
        return
    assert case.site is not None  # noqa: S101 - or there would be a reason
    checks = DetectorChecks(case.site, case.looker, case.templates)
    case.checks = case.open.enter_context(checks)
    yield from checks.guarded(checks.answers)
    if not checks.reached:
        return
    if why := checks.why_not_asked():
        yield Note("IOC", f"its clock is not looked at, because {why}")
    else:
        yield from checks.guarded(lambda: checks.asking(checks.clock))


def _not_asked(case: Case) -> str:
    """Return why the IOC is not asked; empty where it is."""
    if case.from_file or case.from_run:
        return "what was taken already needs no IOC"
    return _NO_DETECTOR if case.site is None else ""


def write_path(case: Case) -> Seen:
    """See whether the IOC has the folder that it is to write to."""
    if reason := _not_asked(case):
        yield Skipped(reason)
    elif case.checks is None or not case.checks.reached:
        yield Skipped("the IOC does not answer")
    elif why := case.checks.why_not_asked():
        yield Skipped(why)
    else:
        checks = case.checks
        yield from checks.guarded(lambda: checks.asking(checks.write_folder))


def read_path(case: Case) -> Seen:
    """See whether the folder is here, on which disk, and whether it is the one that the IOC writes to."""
    if case.from_file or case.from_run:
        yield from _folders_of_masters(case)
    elif case.site is None:
        yield Skipped(_NO_DETECTOR)
    else:
        checks = case.checks
        assert checks is not None  # noqa: S101 - the IOC was looked for
        yield from checks.read_folder()
        if checks.folder is not None and checks.reached:
            yield from checks.guarded(checks.room)
            yield from checks.guarded(lambda: checks.asking(checks.same_place))


def _folders_of_masters(case: Case) -> Seen:
    """See whether the folders are here that the masters are in."""
    if not case.masters:
        yield Skipped(_why_no_masters(case))
        return
    for folder in dict.fromkeys(master.path.parent for master in case.masters):
        began = time.perf_counter()
        try:
            look = case.looker.ask(look_at_folder, folder)
        except FileNotFoundError:
            there = case.looker.ask(existing_part, folder)
            yield Fault(
                f"there is no {folder} here, only {there}", _mount_it(case, folder, there), str(folder)
            )
        except TimeoutError as error:
            what = f"{folder}: {error}; its file server is gone, or very slow"
            yield Fault(what, f"`findmnt -T {folder}` names the server: see whether it is up", str(folder))
        except OSError as error:
            what = f"{folder} cannot be listed: {error.strerror}"
            yield Fault(what, f"`ls -ld {folder}` shows who may; ask for access", str(folder))
        else:
            values = {"list_s": round(look.seconds, 4), "looked_s": round(time.perf_counter() - began, 3)}
            if look.mount is not None:
                values |= {"file_system": look.mount.kind, "mount": look.mount.point}
            on = f" on {look.mount}" if look.mount else ""
            yield Note("here", f"{folder} is here{on}", values)


def _why_no_masters(case: Case) -> str:
    if case.run is None:
        return "which files the run has stands in the catalog, and that does not tell"
    return f"the run names no files of an Eiger2 ({case.data_key or 'no data key of images'})"


def _mount_it(case: Case, folder: Path, there: Path) -> str:
    root = _root_of(case, folder, there)
    return (
        f"mount it on this host; where this host has that disk in another place, say so: "
        f"--path-map {root}=FOLDER"
    )


def _root_of(case: Case, folder: Path, there: Path) -> str:
    """Return the root of the folder as documents name it; else what of it is missing first."""
    roots = {str(promise.resource["root"]) for promise in case.promises} - {"/"}
    return min(roots) if roots else str(there / folder.relative_to(there).parts[0])
