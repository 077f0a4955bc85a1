"""One detector and its pair of templates: the IOC, the two folders, the disk, the clock."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from ..config import DeviceEntry, Finding, RightSite
from ..errors import DetectorFault, DetectorTimeout
from ..h5api import Looker
from ..paths import PathTemplates
from ._folder_look import FolderLook, existing_part, look_at_folder
from ._folder_question import FolderQuestion
from ._ioc import HOW_TO_REACH, Ioc
from ._note import Note
from ._same_place import prove_same_place

__all__ = ["DetectorChecks", "detector_findings"]

_OLDEST_DRIVER = (3, 5)
_FEWEST_FRAMES = 10_000
_CLOCK_TOLERANCE_S = 2.0
_BUSY = ("cam1:Acquire", "cam1:AcquireBusy")
_FRAME = ("cam1:ArraySizeX_RBV", "cam1:ArraySizeY_RBV", "cam1:BitDepthImage_RBV")
_DRIVER, _SEQUENCE, _FIRMWARE = "cam1:DriverVersion_RBV", "cam1:SequenceId", "cam1:FirmwareVersion_RBV"
_GOOD_TO_HAVE = (*_BUSY, *_FRAME, _DRIVER, _SEQUENCE, _FIRMWARE)
"""PVs of the driver that tell more; not every areaDetector has all of them."""

_NO_PORT = "which part of the IOC writes there is not known of this class"

Seen = Iterator[Finding | Note]


def detector_findings(site: RightSite, patience_s: float) -> Iterator[Finding | Note]:
    """Yield what is wrong with a detector and its folders, and what was found right.

    Parameters
    ----------
    site
        A pair of templates that keeps the rules.
    patience_s
        Longest that one question may take.
    """
    with Looker(patience_s) as looker, DetectorChecks(site, looker) as checks:
        yield from checks.read_folder()
        yield from checks.guarded(checks.answers)
        if checks.reached:
            yield from checks.guarded(checks.room)
            yield from checks.guarded(checks.asked_for_folders)


class DetectorChecks:
    """The questions that one detector and its folders are asked; each yields what it found.

    Parameters
    ----------
    site
        A pair of templates that keeps the rules.
    looker
        Looks at the file system.
    templates
        The pair as it is on this machine, where that is another one.

    Attributes
    ----------
    reached
        Whether the IOC has answered.
    folder
        What was seen of the read root; None where it cannot be listed.
    """

    def __init__(self, site: RightSite, looker: Looker, templates: PathTemplates | None = None) -> None:
        self.site, self.templates, self._looker = site, templates or site.templates, looker
        self._ioc = Ioc(str(site.entry.arguments.get("prefix", "")), looker.patience_s)
        self._port = site.port
        self.reached = self._has_write = False
        self.folder: FolderLook | None = None

    def __enter__(self) -> DetectorChecks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up all PVs: ophyd would take them for its own."""
        self._ioc.close()

    def guarded(self, check: Callable[[], Seen]) -> Seen:
        """Yield what a check yields; an IOC or a file system that fails in the middle of it is a finding."""
        try:
            yield from check()
        except DetectorTimeout as error:
            yield self._at_prefix("E501", f"{error.where}: {error.what}", error.next_step)
        except DetectorFault as error:
            yield self._at_prefix("E512", f"{error.where}: {error.what}", error.next_step)
        except OSError as error:  # of the file system, between two looks at it
            yield self._at_read("E504", str(error), "see whether its file server is up")

    def answers(self) -> Seen:
        """See whether the IOC answers, and which driver and detector it has."""
        began = time.perf_counter()
        needed = FolderQuestion.names(self._port) if self._port else ()
        self._ioc.missing([*needed, *_GOOD_TO_HAVE, f"{self._port}Capture"])  # all are waited for at once
        missing = [self._ioc.prefix + name for name in needed if not self._ioc.serves(name)]
        if missing:
            what = f"nothing answers for {missing[0]}" + (
                f" and {len(missing) - 1} more" if missing[1:] else ""
            )
            yield self._at_prefix("E501", what, HOW_TO_REACH)
            return
        self.reached = bool(self._port) or any(map(self._ioc.serves, _GOOD_TO_HAVE))
        if not self.reached:
            yield self._unproven(_NO_PORT)
            return
        if needed:
            self._ioc.get(needed[0])
        if self._ioc.serves(_DRIVER):
            yield from self._driver(time.perf_counter() - began)

    def _driver(self, seconds: float) -> Seen:
        version = str(self._ioc.get(_DRIVER, as_string=True))
        values = {"answer_s": round(seconds, 3), "driver": version}
        if self._ioc.serves(_FIRMWARE):
            values["firmware"] = str(self._ioc.get(_FIRMWARE, as_string=True))
        yield Note(str(self.site.entry.name), f"driver {version}", values)
        numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
        if self.site.entry.creator.startswith("id3c_data.") and numbers < _OLDEST_DRIVER:
            what = f"{self._ioc.prefix}{_DRIVER} says {version!r}, and this package was tried from 3.5 on"
            yield self._at_prefix("W502", what, "try it with a short scan before the beam comes")

    def asked_for_folders(self) -> Seen:
        """Ask the IOC for its folder, whether that is the one here, and for its clock."""

        def ask(question: FolderQuestion) -> Seen:
            yield from self.write_folder(question)
            yield from self.same_place(question)
            yield from self.clock(question)

        yield from self.asking(ask)

    def asking(self, ask: Callable[[FolderQuestion], Seen]) -> Seen:
        """Yield what is found by asking for folders; nothing is asked of an IOC that acquires."""
        if why := self.why_not_asked():
            yield self._unproven(why)
            return
        before = self._sequence()
        with FolderQuestion(self._ioc, self._port) as question:
            yield from ask(question)
        if self._sequence() != before or self.why_not_asked():
            what = f"{self._ioc.prefix} began to acquire while it was asked for folders"
            next_step = f"see whether files of that acquisition are in {self.templates.read_base}"
            yield self._at_prefix("E512", what, next_step)

    def write_folder(self, question: FolderQuestion) -> Seen:
        """See whether the IOC has the folder that it is to write to."""
        folder = self.templates.write_base
        self._has_write = question.has(folder, expected=True)
        if self._has_write:
            yield Note(str(self.site.entry.name), f"the IOC has {folder}")
        else:
            what = f"the IOC has no folder {folder}"
            next_step = f"make or mount {folder} on the IOC's machine, or write here the folder that it has"
            yield self._at_write("E503", what, next_step)

    def same_place(self, question: FolderQuestion) -> Seen:
        """See whether the IOC's folder is the one here; nothing is said where one of them is not there."""
        if self.folder is None or not self._has_write:
            return
        templates = self.templates
        proof = prove_same_place(templates, question, self._looker)
        sides = f"{templates.write_base} on the IOC is {{}} {templates.read_base} here: {proof.how}"
        if proof.outcome == "unknown":
            yield self._unproven(proof.how)
        elif proof.outcome == "different":
            next_step = "find out where the IOC's folder is mounted here, and correct the side that is wrong"
            yield self._at_read("E505", sides.format("not"), next_step)
        else:
            yield Note(str(self.site.entry.name), sides.replace("{} ", ""))

    def clock(self, question: FolderQuestion) -> Seen:
        """See whether the IOC's clock agrees with this machine's."""
        ahead = question.clock_ahead_s()
        if abs(ahead) <= _CLOCK_TOLERANCE_S:
            yield Note(str(self.site.entry.name), "its clock agrees", {"clock_ahead_s": round(ahead, 3)})
            return
        what = f"the IOC's clock is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
        next_step = "let both machines follow an NTP server; `chronyc tracking` on each says whether it does"
        yield self._at_prefix("W508", what, next_step)

    def read_folder(self) -> Seen:
        """See whether the folder that files are read from is there, and which disk it is on."""
        root, name = Path(self.templates.read_base), str(self.site.entry.name)
        try:
            self.folder = self._looker.ask(look_at_folder, root)
        except FileNotFoundError:
            there = self._looker.ask(existing_part, root)
            what = f"there is no {root} here" + (f", only {there}" if there != root.parent else "")
            said = self.site.templates.read_base
            next_step = (
                f"mount it, or correct this line; where this host has that disk in another place: "
                f"`id3c-data doctor --path-map {said}=FOLDER`"
            )
            yield self._at_read("E504", what, next_step)
        except TimeoutError:
            what = f"{root} does not answer within {self._looker.patience_s:g} s"
            yield self._at_read(
                "E504", what, f"see whether its file server is up: `findmnt -T {root}` names it"
            )
        except OSError as error:
            what = f"{root} cannot be listed: {error.strerror}"
            yield self._at_read(
                "E504", what, f"see to the permissions of this user: `ls -ld {root}` shows them"
            )
        else:
            look = self.folder
            values = {"list_s": round(look.seconds, 4), "entries": look.entries, "free_bytes": look.free}
            if look.mount is not None:
                values |= {"file_system": look.mount.kind, "mount": look.mount.point}
            on = f" on {look.mount}" if look.mount else ""
            yield Note(name, f"{root} is here{on}, {look.free / 1e9:.0f} GB are free in it", values)

    def room(self) -> Seen:
        """See whether there is room for frames where they are read from."""
        if self.folder is None or not all(map(self._ioc.serves, _FRAME)):
            return
        width, height, bits = (int(self._ioc.get(name)) for name in _FRAME)
        frame = width * height * bits // 8
        if self.folder.free < _FEWEST_FRAMES * frame:
            what = f"{self.templates.read_base} has room for {self.folder.free // frame} uncompressed frames"
            yield self._at_read("W507", what, "move old data away before a long series")

    def why_not_asked(self) -> str:
        """Return why the IOC must not be asked for folders; empty where it may be."""
        ioc, port = self._ioc, self._port
        if not port:
            return _NO_PORT
        busy = [name for name in (*_BUSY, f"{port}Capture") if ioc.serves(name) and ioc.get(name)]
        if busy:
            return f"{ioc.prefix}{busy[0]} says that it acquires"
        closed = [name for name in (f"{port}FilePath", f"{port}CreateDirectory") if not ioc.may_write(name)]
        return f"{ioc.prefix}{closed[0]} may not be written to from here" if closed else ""

    def _sequence(self) -> int | None:
        return self._ioc.get(_SEQUENCE) if self._ioc.serves(_SEQUENCE) else None

    def _unproven(self, why: str) -> Finding:
        templates = self.templates
        what = f"that {templates.write_base} on the IOC is {templates.read_base} here is not proven: {why}"
        next_step = "ask again when that is over, or let `id3c-data doctor --expose` take a frame and look"
        return self._at_read("W506", what, next_step)

    def _at_prefix(self, code: str, what: str, next_step: str) -> Finding:
        return self._finding(_prefix_node(self.site.entry), code, what, next_step)

    def _at_write(self, code: str, what: str, next_step: str) -> Finding:
        return self._finding(self.site.nodes["write_path_template"][1], code, what, next_step)

    def _at_read(self, code: str, what: str, next_step: str) -> Finding:
        return self._finding(self.site.nodes["read_path_template"][1], code, what, next_step)

    def _finding(self, at: yaml.Node, code: str, what: str, next_step: str) -> Finding:
        return Finding(self.site.entry.path, at, f"{self.site.entry.name}: {what}", next_step, code)


def _prefix_node(entry: DeviceEntry) -> yaml.Node:
    return entry.argument_node("prefix")
