"""One detector and its pair of templates: the IOC, the two folders, the disk, the clock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from ..config import DeviceEntry, Finding, TemplateSite, port_of
from ..errors import DetectorFault, DetectorTimeout
from ..paths import PathTemplates
from ._bounded import within
from ._folder_question import FolderQuestion
from ._ioc import HOW_TO_REACH, Ioc
from ._note import Note
from ._same_place import prove_same_place

__all__ = ["detector_findings"]

_OLDEST_DRIVER = (3, 5)
_FEWEST_FRAMES = 10_000
_CLOCK_TOLERANCE_S = 2.0
_BUSY = ("cam1:Acquire", "cam1:AcquireBusy")
_FRAME = ("cam1:ArraySizeX_RBV", "cam1:ArraySizeY_RBV", "cam1:BitDepthImage_RBV")
_DRIVER, _SEQUENCE = "cam1:DriverVersion_RBV", "cam1:SequenceId"
_GOOD_TO_HAVE = (*_BUSY, *_FRAME, _DRIVER, _SEQUENCE)
"""PVs of the driver that tell more; not every areaDetector has all of them."""


def detector_findings(site: TemplateSite, patience_s: float) -> Iterator[Finding | Note]:
    """Yield what is wrong with a detector and its folders, and what was found right.

    Parameters
    ----------
    site
        A pair of templates that keeps the rules.
    patience_s
        Longest that one question may take.
    """
    templates = site.templates
    assert templates is not None  # noqa: S101 - its caller has seen to it
    readable = _read_side_fault(templates, patience_s)
    if readable is not None:
        what, next_step = readable
        yield _finding(site, _read_node(site), "E504", what, next_step)
    ioc = Ioc(str(site.entry.arguments.get("prefix", "")), patience_s)
    try:
        yield from _ioc_findings(site, templates, ioc, readable=readable is None)
    except DetectorTimeout as error:
        yield _finding(
            site, _prefix_node(site.entry), "E501", f"{error.where}: {error.what}", error.next_step
        )
    except DetectorFault as error:
        yield _finding(
            site, _prefix_node(site.entry), "E512", f"{error.where}: {error.what}", error.next_step
        )
    except OSError as error:  # of the file system, between two looks at it
        yield _finding(site, _read_node(site), "E504", str(error), "see whether its file server is up")
    finally:
        ioc.close()


def _ioc_findings(
    site: TemplateSite, templates: PathTemplates, ioc: Ioc, *, readable: bool
) -> Iterator[Finding | Note]:
    port = port_of(site)
    needed = FolderQuestion.names(port)
    ioc.missing([*needed, *_GOOD_TO_HAVE, f"{port}Capture"])  # all are waited for at once
    missing = [ioc.prefix + name for name in needed if not ioc.serves(name)]
    if missing:
        what = f"nothing answers for {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else "")
        yield _finding(site, _prefix_node(site.entry), "E501", what, HOW_TO_REACH)
        return
    yield from _driver_findings(site, ioc)
    if readable:
        yield from _room_findings(site, templates, ioc)
    if why := _why_not_asked(ioc, port):
        yield _unproven(site, templates, why)
    else:
        yield from _folder_findings(site, templates, ioc, port, readable=readable)


def _driver_findings(site: TemplateSite, ioc: Ioc) -> Iterator[Finding | Note]:
    if not ioc.serves(_DRIVER):
        return
    version = str(ioc.get(_DRIVER, as_string=True))
    yield Note(str(site.entry.name), f"driver {version}")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if site.entry.creator.startswith("id3c_data.") and numbers < _OLDEST_DRIVER:
        what = f"{ioc.prefix}{_DRIVER} says {version!r}, and this package was tried from 3.5 on"
        yield _finding(
            site, _prefix_node(site.entry), "W502", what, "try it with a short scan before the beam comes"
        )


def _why_not_asked(ioc: Ioc, port: str) -> str:
    """Return why the IOC must not be asked for folders; empty where it may be."""
    busy = [name for name in (*_BUSY, f"{port}Capture") if ioc.serves(name) and ioc.get(name)]
    if busy:
        return f"{ioc.prefix}{busy[0]} says that it acquires"
    closed = [name for name in (f"{port}FilePath", f"{port}CreateDirectory") if not ioc.may_write(name)]
    return f"{ioc.prefix}{closed[0]} may not be written to from here" if closed else ""


def _folder_findings(
    site: TemplateSite, templates: PathTemplates, ioc: Ioc, port: str, *, readable: bool
) -> Iterator[Finding | Note]:
    before = _sequence(ioc)
    with FolderQuestion(ioc, port) as question:
        if not question.has(templates.write_base, expected=True):
            what = f"the IOC has no folder {templates.write_base}"
            next_step = "write the folder as the IOC's machine has it, or mount it there"
            yield _finding(site, _write_node(site), "E503", what, next_step)
        elif readable:
            yield from _place_findings(site, templates, question, ioc.patience_s)
        ahead = question.clock_ahead_s
    if ahead is not None:
        yield from _clock_findings(site, ahead)
    if _sequence(ioc) != before or _why_not_asked(ioc, port):
        what = f"{ioc.prefix} began to acquire while it was asked for folders"
        next_step = f"see whether files of that acquisition are in {templates.read_base}"
        yield _finding(site, _prefix_node(site.entry), "E512", what, next_step)


def _place_findings(
    site: TemplateSite, templates: PathTemplates, question: FolderQuestion, patience_s: float
) -> Iterator[Finding | Note]:
    proof = prove_same_place(templates, question, patience_s)
    if proof.outcome == "unknown":
        yield _unproven(site, templates, proof.how)
    elif proof.outcome == "different":
        what = f"{templates.write_base} on the IOC is not {templates.read_base} here: {proof.how}"
        yield _finding(site, _read_node(site), "E505", what, "correct the side that is wrong")
    else:
        seen = f"{templates.write_base} on the IOC is {templates.read_base} here: {proof.how}"
        yield Note(str(site.entry.name), seen)


def _clock_findings(site: TemplateSite, ahead_s: float) -> Iterator[Finding | Note]:
    if abs(ahead_s) > _CLOCK_TOLERANCE_S:
        what = f"the IOC's clock is {abs(ahead_s):.1f} s {'ahead' if ahead_s > 0 else 'behind'}"
        yield _finding(
            site, _prefix_node(site.entry), "W508", what, "see whether both machines follow an NTP server"
        )


def _room_findings(site: TemplateSite, templates: PathTemplates, ioc: Ioc) -> Iterator[Finding | Note]:
    disk = within(ioc.patience_s, lambda: os.statvfs(templates.read_base))
    free = disk.f_bavail * disk.f_frsize
    yield Note(str(site.entry.name), f"{free / 1e9:.0f} GB are free in {templates.read_base}")
    if not all(map(ioc.serves, _FRAME)):
        return
    width, height, bits = (int(ioc.get(name)) for name in _FRAME)
    frame = width * height * bits // 8
    if free < _FEWEST_FRAMES * frame:
        what = f"{templates.read_base} has room for {free // frame} uncompressed frames"
        yield _finding(site, _read_node(site), "W507", what, "move old data away before a long series")


def _read_side_fault(templates: PathTemplates, patience_s: float) -> tuple[str, str] | None:
    """Return what is wrong with the read root here, and what to do."""
    root = Path(templates.read_base)
    try:
        within(patience_s, lambda: next(root.iterdir(), None))
    except FileNotFoundError:
        return (
            f"there is no {root} here",
            "mount it, correct the read template, or ask from a host that has it",
        )
    except TimeoutError:
        return f"{root} does not answer within {patience_s:g} s", "see whether its file server is up"
    except OSError as error:
        return f"{root} cannot be listed: {error.strerror}", "see to the permissions of this user"
    return None


def _sequence(ioc: Ioc) -> int | None:
    return ioc.get(_SEQUENCE) if ioc.serves(_SEQUENCE) else None


def _unproven(site: TemplateSite, templates: PathTemplates, why: str) -> Finding:
    what = f"that {templates.write_base} on the IOC is {templates.read_base} here is not proven: {why}"
    return _finding(
        site, _read_node(site), "W506", what, "ask again when that is over, or take a frame and look"
    )


def _finding(site: TemplateSite, at: yaml.Node, code: str, what: str, next_step: str) -> Finding:
    return Finding(site.entry.path, at, f"{site.entry.name}: {what}", next_step, code)


def _prefix_node(entry: DeviceEntry) -> yaml.Node:
    return entry.argument_node("prefix")


def _write_node(site: TemplateSite) -> yaml.Node:
    return site.nodes["write_path_template"][1]


def _read_node(site: TemplateSite) -> yaml.Node:
    return site.nodes["read_path_template"][1]
