"""Contestants that take turns, each in a process of its own.

A contestant is a function that gets ready, by importing and opening what it needs, and returns another one
that does the work once and returns how many frames that was. All do their work by turns, those of all
contests, so that whatever else the machine does falls on all alike. Compare within one run only.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Contestant", "Figure", "compete", "ours"]

Work = Callable[[], int]

_UNCOUNTED = 2
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Contestant:
    """Who takes part.

    Parameters
    ----------
    prepare
        Gets ready and returns the work; a function of a module, so that another process can import it.
    arguments
        What it is called with.
    environment
        Environment variables of its process.
    """

    prepare: Callable[..., Work]
    arguments: tuple[Any, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """How fast a contestant was.

    Parameters
    ----------
    rates
        Frames a second, of each round.
    peak_mb
        The most memory that its process had, above that of Python with NumPy.
    """

    rates: tuple[float, ...]
    peak_mb: float

    @property
    def median(self) -> float:
        """Frames a second in the middle round."""
        return statistics.median(self.rates)

    @property
    def best(self) -> float:
        """Frames a second in the best round."""
        return max(self.rates)


def ours(prepare: Callable[..., Work], *arguments: Any) -> dict[str, Contestant]:
    """Return our contestants: with the extra `fast`, where it is installed, and with wheels only."""
    from id3c_data.h5api import DECODER_VARIABLE, decoders_here

    columns = {"dectris-compression": "fast", "imagecodecs": "wheels"}
    return {
        columns[decoder.name]: Contestant(prepare, arguments, {DECODER_VARIABLE: decoder.name})
        for decoder in decoders_here()
    }


def compete(contests: Mapping[str, Mapping[str, Contestant]], rounds: int) -> dict[str, dict[str, Figure]]:
    """Return how fast each was in its contest.

    Parameters
    ----------
    contests
        The contestants of each, by name. In each round everybody has a turn: a slow minute of the machine
        falls on some rounds of all contests, and not on all rounds of one.
    rounds
        How often each does its work, after two times that do not count: in the first everything is opened, in
        the second memory comes that the host of a virtual machine has to find.
    """
    everyone = {(what, name): one for what, some in contests.items() for name, one in some.items()}
    with ExitStack() as stack:
        running = {name: stack.enter_context(_Process(one)) for name, one in everyone.items()}
        rates: dict[tuple[str, str], list[float]] = {name: [] for name in running}
        for _ in range(_UNCOUNTED + rounds):
            for name, process in running.items():
                rates[name].append(process.run())
        figures = {n: Figure(tuple(rates[n][_UNCOUNTED:]), process.peak()) for n, process in running.items()}
    return {what: {name: figures[what, name] for name in some} for what, some in contests.items()}


class _Process:
    """The process of a contestant."""

    def __init__(self, contestant: Contestant) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(contestant, other), daemon=False)
        before = dict(os.environ)
        os.environ.update(contestant.environment)
        try:
            self._process.start()
        finally:
            os.environ.clear()
            os.environ.update(before)
        other.close()

    def run(self) -> float:
        """Have the work done once, and return the frames a second."""
        return self._ask("run")

    def peak(self) -> float:
        """Return the most memory that it had so far, in MB above where it began."""
        return self._ask("peak")

    def _ask(self, what: str) -> float:
        self._connection.send(what)
        answer = self._connection.recv()
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.join(30)
        if self._process.is_alive():
            self._process.kill()


def _serve(contestant: Contestant, connection: Connection) -> None:
    """Do what the connection says, until it is closed."""
    began = _peak_mb()
    work: Work | None = None
    while True:
        try:
            what = connection.recv()
        except EOFError:
            return
        try:
            if what == "peak":
                connection.send(_peak_mb() - began)
                continue
            work = work or contestant.prepare(*contestant.arguments)
            gc.collect()
            _touch_memory()
            start = time.perf_counter()
            frames = work()
            connection.send(frames / (time.perf_counter() - start))
        except Exception as error:
            connection.send(f"{contestant.prepare.__name__}: {type(error).__name__}: {error}")


def _touch_memory() -> None:
    """Use as much memory as the process had at most, and give it back.

    The host of a virtual machine may take back what nobody uses, and to get it again takes several times as
    long as decoding a frame. Without this, whoever comes after one who needs little would pay for it.
    """
    if _STATUS.exists():
        unused = np.empty(int(1e6 * max(0, _status_mb("VmHWM") - _status_mb("VmRSS"))), np.uint8)
        unused[:: resource.getpagesize()] = 0


def _peak_mb() -> float:
    if _STATUS.exists():  # of the process alone; getrusage begins with what its parent had
        return _status_mb("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _status_mb(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1e3
