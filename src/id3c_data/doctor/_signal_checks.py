"""Whether every PV of every device answers: they are made, as a session would, in a process of their own."""

from __future__ import annotations

import json
import pickle
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from .._own_python import command, environment
from ..config import DeviceEntry, Finding
from ._bounded import within
from ._ioc import HOW_TO_REACH
from ._note import Note

__all__ = ["signal_findings"]

_SHOWN = 3  # names of PVs in one message


def signal_findings(
    entries: Sequence[DeviceEntry], answer_s: float, making_s: float
) -> Iterator[Finding | Note]:
    """Yield the devices that cannot be made here, and those with PVs that nothing answers for.

    Asked for are the PVs that a session connects when it makes the device, not those that ophyd connects only
    when they are used, such as most of a plugin's.

    Parameters
    ----------
    entries
        The devices, right as far as their files say.
    answer_s
        How long to wait for PVs, all at the same time.
    making_s
        How long to wait until one device is made, imports included.
    """
    waiting = list(entries)
    while waiting:
        answers = _ask(waiting, answer_s, making_s)
        if isinstance(answers, list):
            for entry, answer in zip(waiting, answers, strict=True):
                yield from _findings(entry, answer)
            return
        what = f"making it does not end within {making_s:g} s, or ends its process"
        yield _finding(waiting.pop(answers), what, "make it in a Python of your own to see why")


def _ask(entries: Sequence[DeviceEntry], answer_s: float, making_s: float) -> list[dict[str, Any]] | int:
    """Return what a new process says about each device, or the number of the one that it does not survive."""
    devices = [{"creator": entry.creator, "arguments": dict(entry.arguments)} for entry in entries]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command(f"{__package__}._making"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    said: dict[str, Any] = {"making": 0}
    with process:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            pickle.dump(
                {"devices": devices, "answer_s": answer_s}, process.stdin
            )  # YAML has dates, and loops
            process.stdin.flush()
            while "answers" not in said and (line := within(making_s + answer_s, process.stdout.readline)):
                said = json.loads(line)
        except (TimeoutError, BrokenPipeError):
            pass  # what it said last is the device that it was at
        finally:
            process.kill()
    return said["answers"] if "answers" in said else said["making"]


def _findings(entry: DeviceEntry, answer: dict[str, Any]) -> Iterator[Finding | Note]:
    silent: list[str] = answer["silent"]
    if answer["error"]:
        yield _finding(entry, answer["error"], "correct its arguments")
    elif answer["unconnected"]:
        yield _finding(entry, f"does not connect: {answer['unconnected']}", HOW_TO_REACH)
    elif silent:
        shown = ", ".join(silent[:_SHOWN])
        more = f" and {len(silent) - _SHOWN} more" if len(silent) > _SHOWN else ""
        yield _finding(entry, f"nothing answers for {shown}{more}, of {answer['pvs']} PVs", HOW_TO_REACH)
    elif answer["pvs"]:
        yield Note(str(entry.name), f"all {answer['pvs']} PVs that connect when it is made answer")


def _finding(entry: DeviceEntry, what: str, next_step: str) -> Finding:
    return Finding(entry.path, entry.argument_node("prefix"), f"{entry.name}: {what}", next_step, "E501")
