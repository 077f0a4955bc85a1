"""Setting several PVs at once, and putting them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ophyd.signal import Signal

from ..errors import DetectorFault

__all__ = ["apply_settings"]

_ANSWER_S = 10.0


def apply_settings(settings: Mapping[Signal, Any]) -> dict[Signal, Any]:
    """Set signals that differ, all at once, and return what those were before.

    Raises
    ------
    DetectorFault
        The IOC does not take a value.
    """
    before = {signal: signal.get() for signal in settings}
    changed = {signal: value for signal, value in settings.items() if before[signal] != value}
    statuses = {signal: signal.set(value) for signal, value in changed.items()}
    for signal, status in statuses.items():
        try:
            status.wait(_ANSWER_S)
        except Exception as error:
            raise DetectorFault(
                f"the IOC keeps {signal.get()!r} instead of {settings[signal]!r}",
                where=getattr(signal, "setpoint_pvname", signal.name),
                next_step="see whether somebody else sets it, and what the IOC's status message says",
            ) from error
    return {signal: before[signal] for signal in changed}
