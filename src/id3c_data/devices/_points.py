"""Telling detectors how many points a plan has."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, runtime_checkable

from bluesky.preprocessors import plan_mutator
from bluesky.utils import Msg

__all__ = ["TakesPoints", "declare_points"]

Plan = Generator[Msg, Any, Any]


@runtime_checkable
class TakesPoints(Protocol):
    """A device that can make use of the number of points."""

    def declare_points(self, points: int | None) -> None:
        """Take note of it; None where the plan does not know."""
        ...


def declare_points(plan: Plan) -> Plan:
    """Tell the staged detectors of a plan how many points its runs have, as their start documents say.

    With ``series="run"`` an `Eiger2Detector` then arms for just so many triggers, and its series ends by
    itself. Nothing goes wrong without it, or where the number is not true.

    Parameters
    ----------
    plan
        Any plan.

    Examples
    --------
    >>> from bluesky import RunEngine
    >>> RE = RunEngine()
    >>> RE.preprocessors.append(declare_points)
    """
    staged: list[TakesPoints] = []
    points: int | None = None

    def tell(detectors: list[TakesPoints]) -> Plan:
        for detector in detectors:
            detector.declare_points(points)
        yield Msg("null")

    def after(message: Msg) -> tuple[None, Plan | None]:
        nonlocal points
        if message.command == "open_run":
            points = message.kwargs.get("num_points")
            return None, tell(staged)
        if message.command == "close_run":
            points = None
        elif message.command == "stage" and isinstance(message.obj, TakesPoints):
            staged.append(message.obj)
            return None, tell([message.obj])
        elif message.command == "unstage" and message.obj in staged:
            staged.remove(message.obj)
        return None, None

    return (yield from plan_mutator(plan, after))
