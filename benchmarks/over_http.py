"""Frames through a Tiled server: an unmodified client's and ours, to stock Tiled and to local reading.

    python benchmarks/over_http.py [--frames 400] [--size 514x1030] [--rounds 15] [--folder DIR]
                                   [--stream 2000] [--only TEXT]

Four servers on this machine: Tiled as it comes, with its own HDF5 adapter; ours, with each of the decoders;
and ours with the array in memory. An unmodified client is Tiled's ``ArrayClient``. Local reading is h5py's
``d[i]`` through the master's link. The stream is a run with more events than the file has frames; its frames
are taken one by one, and neither side may need more memory than for a short one.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from _catalog_places import Place, our_server, peak_mb, registered, stock_server
from _contest import Contestant, Figure, compete, ours
from _frame_files import add_arguments, make_master
from _table import Row, hand_in
from local import h5py_one_by_one

Columns = dict[str, tuple[Place, dict[str, str]]]
"""Our servers: with the extra `fast` and without; and the environment of their clients."""

SLICE, SINGLE, TIMES = 100, 10, 3
HERE, OURS, UNMODIFIED = "local h5py d[i]", "Tiled HTTP, our client", "Tiled HTTP, unmodified client"
CLIENT_MB, SERVER_MB = 200, 300
"""What a client may need above Python and the array that it reads, and a server above its start."""


def images_at(place: Place) -> Any:
    """Return our client of the images."""
    from id3c_data import connect

    uid, stream, key = place.path
    return connect(place.uri, api_key=place.key)[uid][stream][key]


def unmodified(place: Place) -> Any:
    """Return Tiled's own client of the images."""
    from tiled.client import from_uri
    from tiled.client.array import ArrayClient

    node = from_uri(place.uri, api_key=place.key)
    for name in place.path:
        node = node[name]
    return ArrayClient(node.context, item=node.item, structure_clients=node.structure_clients)


def single_frames(place: Place) -> Callable[[], int]:
    """``images[i]`` of an unmodified client, for some frames."""
    images = unmodified(place)

    def work() -> int:
        for n in range(SINGLE):
            images[n]
        return SINGLE

    return work


def part(place: Place) -> Callable[[], int]:
    """``images[a:a+100]`` of an unmodified client, for all frames."""
    images = unmodified(place)

    def work() -> int:
        return sum(len(images[start : start + SLICE]) for start in range(0, len(images), SLICE))

    return work


def our_single_frames(place: Place) -> Callable[[], int]:
    """``images[i].read()`` of our client, for some frames."""
    images = images_at(place)

    def work() -> int:
        for n in range(SINGLE):
            images[n].read()
        return SINGLE

    return work


def our_part(place: Place) -> Callable[[], int]:
    """``images[a:a+100].read()`` of our client, for all frames, several times: a second core wakes late."""
    images = images_at(place)
    starts = TIMES * list(range(0, len(images), SLICE))

    def work() -> int:
        return sum(len(images[start : start + SLICE].read()) for start in starts)

    return work


def our_whole(place: Place) -> Callable[[], int]:
    """``images.read()`` of our client."""
    images = images_at(place)

    def work() -> int:
        return len(images.read())

    return work


def our_stream(place: Place) -> Callable[[], int]:
    """``for frame in images`` of our client."""
    images = images_at(place)

    def work() -> int:
        return sum(1 for _ in images)

    return work


@dataclass(frozen=True)
class Contest:
    """One row: what our servers' clients do, and to whom they are compared.

    Parameters
    ----------
    what
        What is done.
    prepare
        Does it, at a place of ours.
    peer, other
        Who else does it.
    places
        Our servers by column, each with its environment.
    goals
        By column.
    """

    what: str
    prepare: Callable[[Place], Callable[[], int]]
    peer: str
    other: Contestant
    places: Columns
    goals: Mapping[str, float]

    def everyone(self) -> dict[str, Contestant]:
        """Return who takes part."""
        mine = {
            column: Contestant(self.prepare, (place,), environment)
            for column, (place, environment) in self.places.items()
        }
        return {self.peer: self.other, **mine}


def long_run(master: Path, columns: Columns) -> Contest:
    """Return the contest that is held once, and first: a server tells the most memory that it ever had."""
    return Contest(f"{OURS}, a long run one by one", our_stream, HERE, local(master), columns, {})


def contests(master: Path, stock: Place, memory: Place, columns: Columns) -> Iterator[Contest]:
    """Yield the contests in which all take turns."""
    for what, prepare, goals in (
        ("one frame", our_single_frames, {}),
        (f"{SLICE} frames", our_part, {"fast": 1, "wheels": 0.7}),
        ("whole stack", our_whole, {"fast": 1, "wheels": 0.7}),
    ):
        yield Contest(f"{OURS}, {what}", prepare, HERE, local(master), columns, goals)
    other, goals = Contestant(single_frames, (stock,)), {"fast": 1.8, "wheels": 1.6}
    yield Contest(f"{UNMODIFIED}, one frame", single_frames, "stock Tiled", other, columns, goals)
    other, goals = Contestant(part, (memory,)), {"fast": 0.85, "wheels": 0.75}
    yield Contest(f"{UNMODIFIED}, {SLICE} frames", part, "array in memory", other, columns, goals)


def local(master: Path) -> Contestant:
    """Return who reads without a server."""
    return Contestant(h5py_one_by_one, (str(master),))


def rows_of(contest: Contest, figures: Mapping[str, Figure], array_mb: float) -> Iterator[Row]:
    """Yield the row of a contest; where it is about memory too, another one for each side."""
    yield Row.of(contest.what, figures, contest.peer, contest.goals)
    kept = {our_whole: array_mb, our_stream: 0.0}.get(contest.prepare)
    if kept is not None:
        above = {column: figures[column].peak_mb - kept for column in contest.places}
        what = "without the array" if kept else "in all"
        yield memory_row(f"{contest.what}: client's memory above Python, {what}", above, CLIENT_MB)
    if contest.prepare is our_stream:
        yield memory_row(f"{contest.what}: server's memory above its start", above_start(contest), SERVER_MB)


def above_start(contest: Contest) -> dict[str, float]:
    """Return what the servers of a contest had more than at their start, in MB, at most."""
    return {column: peak_mb(place.pid) - place.start_mb for column, (place, _) in contest.places.items()}


def memory_row(what: str, above: Mapping[str, float], limit: float) -> Row:
    """Return a row with the most memory that processes had, beside what they may have."""
    return Row(
        what, "limit", (limit, limit), {column: (mb, mb, mb) for column, mb in above.items()}, {}, "MB"
    )


def main() -> None:
    """Print the rows, and hand them in."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, rounds=15)
    parser.add_argument("--stream", type=int, default=2000, help="frames of a long run; 0 leaves it out")
    parser.add_argument("--only", default="", help="measure only the contests that have this in their name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary, ExitStack() as servers:
        folder = Path(temporary)
        master = make_master(folder, options.frames, options.size)
        columns: Columns = {}
        for column, contestant in ours(our_part).items():
            environment = dict(contestant.environment)
            place = servers.enter_context(our_server(folder, environment=environment))
            columns[column] = registered(place, master, "masters"), environment
        times = -(-options.stream // options.frames)
        long = {
            column: (registered(place, master, "masters", times=times), environment)
            for column, (place, environment) in columns.items()
            if times
        }
        stock = registered(servers.enter_context(stock_server(folder)), master, "files")
        memory = servers.enter_context(our_server(folder, master, environment={}))
        memory = replace(memory, path=("images",))
        array_mb = options.frames * math.prod(map(int, options.size.split("x"))) * 4 / 1e6
        once = [long_run(master, long)] if long else []
        often = list(contests(master, stock, memory, columns))
        for group, rounds in ((once, 1), (often, options.rounds)):
            chosen = [contest for contest in group if options.only in contest.what]
            if not chosen:
                continue
            figures = compete({contest.what: contest.everyone() for contest in chosen}, rounds)
            for contest in chosen:
                hand_in(*rows_of(contest, figures[contest.what], array_mb))
            if group is often:
                hand_in(memory_row("Tiled server: memory above its start", above_start(often[0]), SERVER_MB))


if __name__ == "__main__":
    main()
