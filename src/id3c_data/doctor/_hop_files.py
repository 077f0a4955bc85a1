"""The hops to the files: the masters, and the links in them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import FileIncomplete, FileMissing, Id3cDataError
from ._case import Case, DataFile, Master
from ._file_words import as_time_allows, came_late, file_fault, first_faults, or_shorten, raw_notes
from ._hop import Fault, Seen, Skipped
from ._link_look import Link, Target, find_target, links_of
from ._note import Note
from ._raw_look import RawLook, look_at_bytes

__all__ = ["bytes_of", "external_links", "master_file"]

_LOOK_AGAIN_S = 0.1


def master_file(case: Case) -> Seen:
    """See whether the masters are here, whole, and HDF5."""
    if not case.masters:
        yield Skipped(case.not_exposed or "there is no run, and no file was named")
        return
    raw: list[RawLook] = []
    faults: list[Fault] = []
    for master in as_time_allows(case.masters):
        try:
            raw.append(bytes_of(case, master.path))
            master.modified = raw[-1].modified
            master.links = case.looker.ask(links_of, master.path).links
        except (Id3cDataError, TimeoutError) as error:
            faults.append(file_fault(error, master.path, "master"))
    yield from raw_notes(raw, len(case.masters), "master")
    yield from first_faults(faults, len(case.masters), "masters")
    if not faults and "_master" in (case.came_late or ""):
        yield came_late(case)


def bytes_of(case: Case, path: Path) -> RawLook:
    """Return a look at a file's bytes; after an exposure, one that may still be on its way is waited for."""
    deadline = time.monotonic() + (case.settings.appear_s if case.settings.expose else 0.0)
    while True:
        try:
            return case.looker.ask(look_at_bytes, path)
        except (FileMissing, FileIncomplete):
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)


def external_links(case: Case) -> Seen:
    """See where the links of the masters lead."""
    read = [master for master in case.masters if master.links is not None]
    if not read:
        yield Skipped("no master could be read")
        return
    links = [(master, link) for master in read for link in master.links or ()]
    if not links:
        yield Note("links", "there are none: the images are in the file itself", {"links": 0})
        return
    faults: list[Fault] = []
    ways: dict[str, None] = {}
    for master, link in as_time_allows(links):
        try:
            target = _found(case, master, link)
        except (OSError, TimeoutError) as error:
            faults.append(_silent(master, link, error))
            continue
        if target.path is None:
            faults.append(_lost(case, master, link, target))
        else:
            ways[target.way] = None
            master.data_files.setdefault(target.path, DataFile(target.path, master.is_needed(link)))
    lead = len(links) - len(faults)
    words = f"{lead} of {len(links)} lead to a file" + (f" ({', '.join(ways)})" if ways else "")
    yield Note("links", words, {"links": len(links), "leading_nowhere": len(faults)})
    yield from first_faults(faults, len(links), "links")


def _found(case: Case, master: Master, link: Link) -> Target:
    """Return where a link leads; after an exposure, a file that may still be on its way is waited for."""
    path_map = dict(case.settings.path_map)
    deadline = time.monotonic() + (case.settings.appear_s if case.settings.expose else 0.0)
    while True:
        target = case.looker.ask(find_target, master.path, link.target, path_map)
        hopeless = target.beside is not None or not master.is_needed(link)
        if target.path is not None or hopeless or time.monotonic() > deadline:
            return target
        time.sleep(_LOOK_AGAIN_S)


def _where(master: Master, link: Link) -> str:
    return f"{master.path}: {link.name} -> {link.target}"


def _silent(master: Master, link: Link, error: Exception) -> Fault:
    what = f"what it leads to does not answer: {error}"
    next_step = f"`findmnt -T {link.target}` names its server: see whether it is up"
    return Fault(what, next_step, _where(master, link))


def _lost(case: Case, master: Master, link: Link, target: Target) -> Fault:
    """Return what is wrong with a link that leads to no file."""
    what = f"there is no such file (looked for {_listed(target.tried)})"
    if not master.is_needed(link):
        next_step = "nothing is to be done: no event of the run has frames of it"
        return Fault(f"{what}; the series ended before it", next_step, _where(master, link), "warning")
    return Fault(what, _where_it_may_be(case, link, target), _where(master, link))


def _listed(paths: Sequence[Path]) -> str:
    return " and ".join(map(str, paths))


def _where_it_may_be(case: Case, link: Link, target: Target) -> str:
    """Return what to do about a link whose target is not there."""
    pair, folder = case.templates, _folder_of(link.target)
    if target.beside is not None:
        here = target.beside.parent
        return f"it lies beside the master: {_mapped(folder, str(here))}"
    if pair is not None and folder.startswith(pair.write_base):
        return f"that is the folder as the IOC has it: {_mapped(pair.write_base, pair.read_base)}"
    if folder:
        return f"where this host has that folder in another place: add --path-map {folder}=FOLDER"
    copied = "copy it here, beside the master, from the IOC's machine; what is not there was never written"
    return copied + or_shorten(case)


def _mapped(there: str, here: str) -> str:
    """Return how to tell this command, readers and servers where a folder is."""
    return (
        f"add --path-map {there}={here} here, and path_map={{'{there}': '{here}'}} in `connect` and "
        f"`open_stack`; a server needs the folder itself: ln -s {here} {there}"
    )


def _folder_of(target: str) -> str:
    """Return the absolute folder that a link names; empty for a name relative to the master."""
    folder = target[: -len(target.replace("\\", "/").rpartition("/")[2])].rstrip("/\\")
    return folder if folder.startswith(("/", "\\")) or folder[1:2] == ":" else ""
