"""Files that end too early, or have flipped bytes: an error of ours or the truth, never a crash or a hang."""

# ruff: noqa: S311 (chance that is the same each time is what is wanted here)

import json
import random
import re
import select
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from id3c_data.sim import FrameModel, LegacyWriter, Series

HANGS_AFTER_S = 60.0
FRAMES, PER_FILE, SHAPE = 6, 3, (32, 47)
IMAGES = re.compile(r"/entry/data/data(_\d+)?$")
HDF5_SIGNATURES = (b"TREE", b"SNOD", b"HEAP", b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF")
FLIPS = 340  # six times, so 2040
APIS = ("static", "dynamic", "tree")


class Worker:
    """The process that reads, started again where it dies."""

    def __init__(self):
        self._process = None

    def read(self, path, api="static"):
        if self._process is None:
            script = Path(__file__).with_name("read_everything.py")
            self._process = subprocess.Popen(
                [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        print(api, path, file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], HANGS_AFTER_S)[0]:
            self.stop()
            return {"hang": "no answer"}
        answer = self._process.stdout.readline()
        if not answer:
            return {"crash": self.stop()}
        return json.loads(answer)

    def stop(self):
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
            return process.returncode
        return None


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.stop()


@pytest.fixture(params=["legacy", "latest"])
def files(request, tmp_path):
    """A master and a data file, with marks of old and of new HDF5 versions."""
    series = LegacyWriter(tmp_path, Series("x_1", 1, FRAMES, PER_FILE), FrameModel(*SHAPE)).write_series()
    if request.param == "latest":
        for path in (series.master, *series.data):
            _with_checksums(path)
    return {"master": series.master, "data": series.data[0]}


def _with_checksums(path):
    """Write a file anew, as newer HDF5 versions do, with checksums on the metadata."""
    new = path.with_suffix(".new")
    with h5py.File(path) as old, h5py.File(new, "w", libver="latest") as file:
        for name in old:
            old.copy(name, file, expand_external=False)
    new.replace(path)


def _problem(answer, whole):
    """Return what is wrong with what was read of a damaged file, if anything."""
    for wrong in ("crash", "hang", "foreign"):
        if wrong in answer:
            return f"{wrong}: {answer[wrong]}"
    for place, shape in answer.items():
        if IMAGES.search(place) and isinstance(shape, list) and shape != whole.get(place):
            return f"{place} has shape {shape}, not {whole.get(place)}"
    return None


def _boundaries(path):
    """Return where the structures of a file begin and end."""
    content = path.read_bytes()
    places = {match.start() for sign in HDF5_SIGNATURES for match in re.finditer(sign, content)}
    with h5py.File(path) as file:
        dataset = file.get("/entry/data/data")
        for n in range(dataset.id.get_num_chunks() if dataset else 0):
            chunk = dataset.id.get_chunk_info(n)
            places |= {chunk.byte_offset, chunk.byte_offset + chunk.size}
    around = {place + shift for place in places for shift in (-1, 0, 1, 4, 8, 12)}
    return sorted(place for place in around | {0, 1, 8, 12, 48, 96} if 0 <= place < len(content))


@pytest.mark.parametrize("which", ["master", "data"])
def test_a_file_that_ends_anywhere_is_an_error_or_whole(worker, files, which):
    path = files[which]
    content, whole = path.read_bytes(), worker.read(files["master"])
    whole |= worker.read(path)
    seed = random.Random(3)
    places = _boundaries(path) + [seed.randrange(len(content)) for _ in range(500)]
    for n, place in enumerate(places):
        path.write_bytes(content[:place])
        problem = _problem(worker.read(path, APIS[n % 3]), whole)
        assert problem is None, f"cut at byte {place} of {len(content)}: {problem}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("which", "where"), [("master", "metadata"), ("data", "metadata"), ("data", "chunks")]
)
def test_a_flipped_byte_is_an_error_or_not_seen(worker, files, which, where):
    path = files[which]
    content, whole = path.read_bytes(), worker.read(path)
    chunks = _chunk_bytes(path)
    places = sorted(chunks) if where == "chunks" else sorted(set(range(len(content))) - chunks)
    seed = random.Random(5)
    for n in range(FLIPS):
        place, flip = seed.choice(places), seed.choice([1 << seed.randrange(8), seed.randrange(1, 256)])
        damaged = bytearray(content)
        damaged[place] ^= flip
        path.write_bytes(damaged)
        problem = _problem(worker.read(path, APIS[n % 3]), whole)
        assert problem is None, f"flip {n}, {flip:#x} in byte {place}: {problem}"


def _chunk_bytes(path):
    with h5py.File(path) as file:
        dataset = file.get("/entry/data/data")
        chunks = [dataset.id.get_chunk_info(n) for n in range(dataset.id.get_num_chunks())] if dataset else []
    return {byte for c in chunks for byte in range(c.byte_offset, c.byte_offset + c.size)}
