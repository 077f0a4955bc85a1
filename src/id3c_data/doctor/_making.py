"""The process that makes devices: run by `signal_findings`, and by nobody else.

It reads what is to be made, pickled by its parent, says which device it is at, and at last which PVs
answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

__all__: list[str] = []

_LOOK_EVERY_S = 0.05
_LONGEST = 300  # characters of an error


def _main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a module prints is no answer
    asked = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    from guarneri import Instrument

    instrument, made = Instrument({}), list[_Made]()
    for number, device in enumerate(asked["devices"]):
        answers.write(json.dumps({"making": number}) + "\n")
        made.append(_make(instrument, device))
    deadline = time.monotonic() + asked["answer_s"]
    while not all(pv.connected for one in made for pv in one.pvs) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    asyncio.run(_connect(made, asked["answer_s"]))
    answers.write(json.dumps({"answers": [one.answer() for one in made]}) + "\n")
    os._exit(0)  # past the threads of libraries that would keep this process


@dataclass(slots=True)
class _Made:
    """The PVs of what was made of a device's description, or why nothing could be."""

    pvs: tuple[Any, ...] = ()
    asynchronous: tuple[Any, ...] = ()
    error: str = ""
    unconnected: str = ""

    def answer(self) -> dict[str, Any]:
        """Return what is said about it."""
        silent = sorted({pv.pvname for pv in self.pvs if not pv.connected})
        return {
            "error": self.error,
            "unconnected": self.unconnected,
            "pvs": len({pv.pvname for pv in self.pvs}),
            "silent": silent,
        }


def _make(instrument: Any, device: dict[str, Any]) -> _Made:
    description = {"device_class": device["creator"], "kwargs": device["arguments"]}
    try:
        made = instrument.make_devices([description], fake=False)
    except Exception as error:  # a class of anybody's may raise anything
        return _Made(error=f"{device['creator']} cannot make it: {type(error).__name__}: {error}")
    asynchronous = tuple(one for one in made if asyncio.iscoroutinefunction(getattr(one, "connect", None)))
    return _Made(tuple(pv for one in made for pv in _pvs(one)), asynchronous)


async def _connect(made: list[_Made], answer_s: float) -> None:
    """Connect devices of ophyd-async, which name their PVs only in the error."""
    waiting = [(one, device) for one in made for device in one.asynchronous]
    outcomes = await asyncio.gather(
        *(device.connect(timeout=answer_s) for _, device in waiting), return_exceptions=True
    )
    for (one, _), outcome in zip(waiting, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            one.unconnected = shorten(f"{type(outcome).__name__}: {outcome}", _LONGEST)


def _pvs(device: Any) -> Iterator[Any]:
    """Yield the PVs of a device of ophyd, of those of its parts that are made already."""
    walk = getattr(device, "walk_signals", None)
    signals = [device] if walk is None else [found.item for found in walk(include_lazy=False)]
    for signal in signals:
        for name in ("_read_pv", "_write_pv"):  # as ophyd.signal.EpicsSignalBase has them
            pv = getattr(signal, name, None)
            if hasattr(pv, "pvname"):
                yield pv


if __name__ == "__main__":
    _main()
