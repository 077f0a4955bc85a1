"""The hops in the files: those with the images, and the images."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..errors import Hdf5Error, Id3cDataError
from ._case import Case, DataFile, Master
from ._file_words import (
    as_time_allows,
    came_late,
    file_fault,
    first_faults,
    or_shorten,
    raw_notes,
    size_words,
    spread,
)
from ._frames_look import Decoded, FramesLook, decode_frames, faults_inside, look_at_frames
from ._hop import Fault, Seen, Skipped
from ._hop_files import bytes_of
from ._note import Note
from ._raw_look import RawLook

__all__ = ["chunks", "image_files"]

_HDF5_S = 30.0  # for a look at all frames of a master through HDF5, in a file system that answers


def image_files(case: Case) -> Seen:
    """See whether the files that hold images are whole, and hold all frames that are promised."""
    read = [master for master in case.masters if master.links is not None]
    if not read:
        yield Skipped("no master could be read")
        return
    raw: list[RawLook] = []
    faults: list[Fault] = []
    files = [data_file for master in read for data_file in master.data_files.values()]
    for data_file in as_time_allows(files):
        try:
            raw.append(bytes_of(case, data_file.path))
        except (Id3cDataError, TimeoutError) as error:
            data_file.whole = False
            faults.append(file_fault(error, data_file.path, "data file", needed=data_file.needed))
    yield from raw_notes(raw, len(files), "data file")
    silent = any(fault.what.startswith("the data file does not answer") for fault in faults)
    for master in read if not silent else ():
        faults += _frames_of(case, master)
    yield from _counts(read)
    yield from first_faults(faults, len(files), "data files")
    if not faults and "_data_" in (case.came_late or ""):
        yield came_late(case)


def _frames_of(case: Case, master: Master) -> Iterator[Fault]:
    """Look at a master's frames; yield what is wrong where the bytes of its files are right."""
    try:
        look = master.frames = case.looker.ask_within(
            _HDF5_S, look_at_frames, master.path, dict(case.settings.path_map)
        )
    except (Hdf5Error, TimeoutError) as error:
        yield file_fault(error, master.path, "master")
        return
    needed = look.shape[0] if master.needed is None and look.shape else master.needed or 0
    links = len({link.target for link in master.links or ()})
    if (look.shape and look.written >= needed) or len(master.data_files) < links:
        return  # well; or for want of a file, as the links say already
    if all(data_file.whole for data_file in master.data_files.values()):
        yield from _inside(case, master, look, needed)


def _inside(case: Case, master: Master, look: FramesLook, needed: int) -> Iterator[Fault]:
    """Yield why frames are missing in files that are whole as bytes."""
    inside: list[Fault] = []
    for data_file in master.data_files.values():
        inside += _faults_inside(case, data_file)
    if not inside and look.error is not None:
        inside = [Fault(look.error.what, look.error.next_step, str(master.path))]
    if not inside:
        what = f"{look.written} of {needed} frames are there"
        seen = "see on the IOC's machine whether more was written; if not, the others were never taken"
        next_step = f"{seen}{or_shorten(case)}"
        inside = [Fault(what, next_step, str(master.path))]
    yield from inside


def _faults_inside(case: Case, data_file: DataFile) -> Iterator[Fault]:
    try:
        for error in case.looker.ask_within(_HDF5_S, faults_inside, data_file.path):
            yield file_fault(error, data_file.path, "data file", needed=data_file.needed)
    except (Hdf5Error, TimeoutError) as error:
        yield file_fault(error, data_file.path, "data file", needed=data_file.needed)


def _counts(masters: Sequence[Master]) -> Iterator[Note]:
    looks = [master.frames for master in masters if master.frames is not None]
    written = sum(look.written for look in looks)
    promised = sum(look.shape[0] for look in looks if look.shape)
    kind = next((f" of {look.shape[1]} x {look.shape[2]} {look.dtype}" for look in looks if look.shape), "")
    yield Note("frames", f"{written} frames{kind}", {"frames": written, "frames_promised": promised})


def chunks(case: Case) -> Seen:
    """See whether the frames can be decoded."""
    written = [(m, m.frames.written) for m in case.masters if m.frames is not None and m.frames.written]
    if not written:
        yield Skipped("no frame could be read")
        return
    path_map, deadline = dict(case.settings.path_map), time.monotonic() + case.settings.decode_s
    done: list[Decoded] = []
    faults: list[Fault] = []
    for master, count in as_time_allows(written):
        left = max(deadline - time.monotonic(), 0.0)
        if not left and done:
            break
        try:
            done.append(
                case.looker.ask_within(
                    left + _HDF5_S, decode_frames, master.path, path_map, spread(count), left
                )
            )
            faults += map(Fault.of_error, done[-1].faults)
        except (Id3cDataError, TimeoutError) as error:
            faults.append(file_fault(error, master.path, "master"))
    yield from _decoding(case, done, sum(count for _, count in written))
    yield from first_faults(faults, sum(item.frames for item in done), "frames")


def _decoding(case: Case, done: Sequence[Decoded], written: int) -> Iterator[Note]:
    """Yield how many frames were decoded, how fast, and by what."""
    import h5py
    import imagecodecs

    frames, size = sum(item.frames for item in done), sum(item.size for item in done)
    seconds = max(sum(item.seconds for item in done), 1e-6)
    run = case.run.uid if case.run is not None else None
    rest = (
        "" if frames >= written else f" of {written}" + f"; `id3c-data verify {run}` decodes all" * bool(run)
    )
    values = {
        "decoded": frames,
        "decode_s": round(seconds, 4),
        "decoded_bytes": size,
        "hdf5": h5py.version.hdf5_version,
        "h5py": h5py.__version__,
        "imagecodecs": imagecodecs.__version__,
    }
    words = f"{frames} frames decoded, {size_words(size / seconds)}/s (HDF5 {values['hdf5']}){rest}"
    yield Note("frames", words, values)
