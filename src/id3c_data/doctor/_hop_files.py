"""The hops through the files: masters, the links in them, the files with the images, the images."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ..errors import FileIncomplete, FileMissing, FileUnreadable, Hdf5Error, Id3cDataError
from ._case import Case, Master
from ._hop import Fault, Seen, Skipped
from ._master_look import Decoded, LinkLook, decode_frames, look_into_master
from ._note import Note
from ._raw_look import RawLook, look_at_bytes

T = TypeVar("T")

__all__ = ["chunks", "external_links", "image_files", "master_file"]

_NAMED = 3  # of the files or links that fail
_HDF5_S = 30.0  # for a look into a master by HDF5: it follows all links
_LOOKING_S = 60.0  # at many files; more are for `id3c-data verify`


def master_file(case: Case) -> Seen:
    """See whether the masters are here, whole, and HDF5."""
    if not case.masters:
        yield Skipped(case.not_exposed or "there is no run, and no file was named")
        return
    raw: list[RawLook] = []
    faults: list[Fault] = []
    for master in _as_time_allows(case.masters):
        try:
            raw.append(_bytes_of(case, master.path))
            master.modified = raw[-1].modified
            master.look = case.looker.ask_within(
                _HDF5_S, look_into_master, master.path, dict(case.settings.path_map)
            )
        except (Id3cDataError, TimeoutError) as error:
            faults.append(_file_fault(error, master.path, "master"))
    yield from _raw_notes(raw, len(case.masters), "master")
    yield from _first(faults, len(case.masters), "masters")
    if case.frames_missing is not None and not faults and "_master" in case.frames_missing.where:
        yield _came_late(case)


def _bytes_of(case: Case, path: Path) -> RawLook:
    """Return a look at a file's bytes; one that may still be on its way is waited for."""
    deadline = time.monotonic() + (case.settings.appear_s if case.settings.expose else 0.0)
    while True:
        try:
            return case.looker.ask(look_at_bytes, path)
        except (FileMissing, FileIncomplete):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def external_links(case: Case) -> Seen:
    """See where the links of the masters lead."""
    looks = [(master, master.look) for master in case.masters if master.look is not None]
    if not looks:
        yield Skipped("no master could be read")
        return
    links = [(master, link) for master, look in looks for link in look.links]
    lost = [(master, link) for master, link in links if link.path is None]
    if not links:
        yield Note("links", "there are none: the images are in the file itself", {"links": 0})
        return
    ways = ", ".join(dict.fromkeys(link.way or "" for _, link in links if link.way))
    values = {"links": len(links), "leading_nowhere": len(lost)}
    yield Note(
        "links",
        f"{len(links) - len(lost)} of {len(links)} lead to a file" + f" ({ways})" * bool(ways),
        values,
    )
    yield from _first([_link_fault(case, master, link) for master, link in lost], len(links), "links")


def _link_fault(case: Case, master: Master, link: LinkLook) -> Fault:
    """Return what is wrong with a link that leads to no file."""
    error = link.error
    assert error is not None  # noqa: S101 - such links have one
    what = error.what.partition(": ")[2] or error.what
    where = f"{master.path}: {link.name} -> {link.target}"
    if not _is_needed(master):
        next_step = "nothing is to be done: no event of the run has frames of it"
        return Fault(f"{what}; the series ended before it was written", next_step, where, "warning")
    return Fault(what, _where_it_may_be(case, link, error), where)


def _is_needed(master: Master) -> bool:
    """Say whether frames are missing that events have, or nobody knows."""
    return master.needed is None or master.look is None or master.look.written < master.needed


def _where_it_may_be(case: Case, link: LinkLook, error: Hdf5Error) -> str:
    """Return what to do about a link whose target is not there."""
    pair = None if case.site is None else case.site.templates
    if error.next_step.startswith("a file of that name lies beside the link"):
        there, _, here = error.next_step.partition("path_map=")[2].strip("{}").partition(": ")
        return f"the file lies beside the master: {_map_option(there.strip(chr(39)), here.strip(chr(39)))}"
    if pair is not None and link.target.startswith(pair.write_base):
        return f"that is the path that the IOC has: {_map_option(pair.write_base, pair.read_base)}"
    if link.target.startswith(("/", "\\")) or link.target[1:2] == ":":
        return f"if this host has that folder in another place: --path-map {_folder_of(link.target)}=FOLDER"
    return "see on the IOC's machine whether it was written, and copy it here beside the master"


def _map_option(there: str, here: str) -> str:
    return (
        f"look with `--path-map {there}={here}`, and give readers path_map={{{there!r}: {here!r}}}; "
        f"on a host without it: `ln -s {here} {there}`"
    )


def _folder_of(target: str) -> str:
    return target.replace("\\", "/").rpartition("/")[0]


def image_files(case: Case) -> Seen:
    """See whether the files that hold images are whole, and hold all frames that are promised."""
    looks = [(master, master.look) for master in case.masters if master.look is not None]
    if not looks:
        yield Skipped("no master could be read")
        return
    raw: list[RawLook] = []
    faults: list[Fault] = []
    files = [(master, link) for master, look in looks for link in _links_once(look.links)]
    for master, link in _as_time_allows(files):
        assert link.path is not None  # noqa: S101 - others are left out
        try:
            raw.append(_bytes_of(case, link.path))
        except (Id3cDataError, TimeoutError) as error:
            faults.append(_file_fault(error, link.path, "data file", needed=_is_needed(master)))
            continue
        if link.error is not None:  # whole as bytes, and yet HDF5 cannot read it
            what = link.error.what.partition(": ")[2] or link.error.what
            faults.append(Fault(what, link.error.next_step, str(link.path)))
    yield from _raw_notes(raw, len(files), "data file")
    yield from _first(faults, len(files), "data files")
    yield from _frame_counts(case, faults)


def _links_once(links: Iterable[LinkLook]) -> Iterator[LinkLook]:
    seen: set[Path] = set()
    for link in links:
        if link.path is not None and link.path not in seen:
            seen.add(link.path)
            yield link


def _frame_counts(case: Case, faults: Sequence[Fault]) -> Seen:
    """Yield how many frames there are, and where some are missing that no fault so far explains."""
    written = promised = 0
    short: list[Fault] = []
    for master in case.masters:
        look = master.look
        if look is None:
            continue
        needed = master.needed if master.needed is not None else (look.shape[0] if look.shape else 0)
        written, promised = written + look.written, promised + needed
        if look.error is not None and not faults:
            short.append(Fault.of_error(look.error))
        elif look.written < needed and not faults:
            what = f"{look.written} of {needed} frames are there"
            next_step = (
                "see on the IOC's machine whether more was written; if not, those frames were never taken"
            )
            short.append(Fault(what, next_step, str(master.path)))
    kind = next(
        (f"{look.shape[1:]} {look.dtype}" for m in case.masters if (look := m.look) and look.shape), ""
    )
    yield Note("frames", f"{written} frames {kind}".strip(), {"frames": written, "frames_promised": promised})
    yield from _first(short, len(case.masters), "masters")
    if case.frames_missing is not None and not short and not faults:
        yield _came_late(case)


def chunks(case: Case) -> Seen:
    """See whether the frames can be decoded."""
    readable = [(m, m.look.written) for m in case.masters if m.look is not None and m.look.written]
    if not readable:
        yield Skipped("no frame could be read")
        return
    path_map, seconds = dict(case.settings.path_map), case.settings.decode_s
    done: list[Decoded] = []
    faults: list[Fault] = []
    began = time.perf_counter()
    for master, written in readable:
        left = seconds - (time.perf_counter() - began)
        if left <= 0 and done:
            break
        limit = max(left, 0) + _HDF5_S
        try:
            decoded = case.looker.ask_within(
                limit, decode_frames, master.path, path_map, _spread(written), max(left, 0)
            )
        except (Id3cDataError, TimeoutError) as error:
            faults.append(_file_fault(error, master.path, "master"))
            continue
        done.append(decoded)
        faults += [Fault(e.what, e.next_step, e.where) for _, e in decoded.faults]
    yield from _decoding_notes(case, done, sum(written for _, written in readable))
    yield from _first(faults, sum(item.frames for item in done), "frames")


def _decoding_notes(case: Case, done: Sequence[Decoded], written: int) -> Iterator[Note]:
    import h5py
    import imagecodecs

    frames, size = sum(item.frames for item in done), sum(item.bytes for item in done)
    seconds = max(sum(item.seconds for item in done), 1e-6)
    rest = "" if frames >= written else f" of {written}; `id3c-data verify {_target(case)}` decodes all"
    versions = {
        "hdf5": h5py.version.hdf5_version,
        "h5py": h5py.__version__,
        "imagecodecs": imagecodecs.__version__,
    }
    words = f"{frames} frames decoded, {size / seconds / 1e6:.0f} MB/s (HDF5 {versions['hdf5']}){rest}"
    yield Note("frames", words, {"decoded": frames, "decode_s": round(seconds, 4), "bytes": size, **versions})


def _target(case: Case) -> str:
    return (case.run.uid or "") if case.run is not None else "RUN"


def _spread(count: int) -> Sequence[int]:
    """Return all numbers below a count, so ordered that any beginning is spread over the whole."""
    first = [0, count - 1] if count > 1 else [0]
    rest = [number for step in _halves(count) for number in range(step, count - 1, 2 * step)]
    return list(dict.fromkeys([*first, *rest, *range(count)]))


def _halves(count: int) -> Iterator[int]:
    step = count // 2
    while step:
        yield step
        step //= 2


def _as_time_allows(items: Sequence[T]) -> Iterator[T]:
    """Yield items, the first and last of them first, until there is no time left."""
    deadline = time.monotonic() + _LOOKING_S
    for number in _spread(len(items)) if items else ():
        yield items[number]
        if time.monotonic() > deadline:
            return


def _raw_notes(raw: Sequence[RawLook], count: int, what: str) -> Iterator[Note]:
    if not raw:
        return
    size, read = sum(look.size for look in raw), sum(look.read for look in raw)
    rate = read / sum(look.seconds for look in raw)
    name = what.replace(" ", "_")
    values = {f"{name}s": count, f"{name}_bytes": size, f"{name}_read_bytes_per_s": round(rate)}
    words = f"{raw[0].path.name}" if count == 1 else f"{len(raw)} of {count} {what}s are whole"
    yield Note(what, f"{words}, {_size(size)}, read at {rate / 1e6:.0f} MB/s", values)


def _size(count: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def _first(faults: Sequence[Fault], count: int, what: str) -> Iterator[Fault]:
    """Yield the first faults, and how many there are more."""
    ordered = sorted(faults, key=lambda fault: fault.severity)
    yield from ordered[:_NAMED]
    if more := ordered[_NAMED:]:
        words = f"and {len(more)} more of {count} {what}"
        yield Fault(
            words, "they are in the list that `id3c-data tree MASTER` gives", severity=more[0].severity
        )


def _came_late(case: Case) -> Fault:
    """Return that files came, but later than the device waits for them."""
    assert case.frames_missing is not None  # noqa: S101 - its callers have looked
    site = case.site
    where = site.entry.location if site is not None else ""
    what = "the files came to this host later than the device waits for them"
    next_step = f"give the device a longer file_timeout, as `file_timeout: 60`, at {where}"
    return Fault(what, next_step, case.frames_missing.where)


def _file_fault(error: BaseException, path: Path, kind: str, *, needed: bool = True) -> Fault:
    """Return what is wrong with a file, and what to do about it."""
    where = str(path)
    if isinstance(error, TimeoutError):
        what = f"the {kind} does not answer: {error}; its file server is gone, or another process holds it"
        return Fault(what, f"`findmnt -T {path.parent}` names the server: see whether it is up", where)
    assert isinstance(error, Id3cDataError)  # noqa: S101 - nothing else is caught
    severity = "error" if needed else "warning"
    if isinstance(error, FileMissing):
        next_step = (
            f"`ls -l {path.parent}` lists what came; see on the IOC's machine whether it was written there"
        )
    elif isinstance(error, FileUnreadable):
        next_step = f"`ls -l {path}` shows who may; ask its owner for `chmod o+r {path}`"
    elif isinstance(error, FileIncomplete):
        next_step = (
            "wait if it is still being written; otherwise copy it again from the IOC's machine, and see "
            f"whether the disk is full: `df -h {path.parent}`"
        )
    else:
        next_step = error.next_step or "copy it again from where it was written"
    return Fault(error.what, next_step, error.where or where, severity)
