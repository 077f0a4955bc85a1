"""Setting several PVs at once, and putting them back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ophyd.signal import EpicsSignal, Signal
from ophyd.status import Status

from ..errors import DetectorFault, Id3cDataError
from ._answers import ANSWER_S, as_ours

__all__ = ["apply_settings", "process", "set_all", "value_of"]

logger = logging.getLogger(__name__)


def apply_settings(settings: Mapping[Signal, Any]) -> dict[Signal, Any]:
    """Set signals that differ, all at once, and return what all of them were before.

    Those that are the same are returned too: who puts them back undoes what was changed since. Where one is
    refused, all go back at once.

    Raises
    ------
    DetectorFault
        The IOC does not take a value, or does not answer.
    """
    before = {signal: value_of(signal) for signal in settings}
    changed = {signal: value for signal, value in settings.items() if before[signal] != value}
    try:
        set_all(changed)
    except Id3cDataError:
        for signal in changed:
            if signal.connected:
                _put_back(signal, before[signal])
        raise
    return before


def _put_back(signal: Signal, value: Any) -> None:
    try:
        signal.put(value)
    except Exception:
        # what was refused in the first place is what the user is to read
        logger.warning("%s: could not be put back to %r", signal.name, value, exc_info=True)


def value_of(signal: Signal) -> Any:
    """Return a signal's value.

    Raises
    ------
    DetectorFault
        The IOC does not answer.
    """
    try:
        return signal.get()
    except Exception as error:
        raise as_ours(error, getattr(signal, "pvname", signal.name)) from error


def set_all(
    settings: Mapping[Signal, Any],
    next_step: str = "see whether somebody else sets it, and what the IOC's status message says",
) -> None:
    """Set signals, all at once, and wait until the IOC has taken their values.

    Raises
    ------
    DetectorFault
        It does not take one, or does not answer.
    """
    statuses = {signal: signal.set(value) for signal, value in settings.items()}
    for signal, status in statuses.items():
        try:
            status.wait(ANSWER_S)
        except Exception as error:
            raise DetectorFault(
                f"the IOC keeps {value_of(signal)!r} instead of {settings[signal]!r}",
                where=getattr(signal, "setpoint_pvname", signal.name),
                next_step=next_step,
            ) from error


def process(signal: EpicsSignal, value: Any) -> None:
    """Let the IOC process a value, even one that it has already, and wait until it has.

    A readback that already was as it should be says nothing: what else the IOC sets with it, such as whether
    a folder is there, may still be that of before.

    Raises
    ------
    DetectorFault
        It does not answer.
    """
    processed = Status(signal, timeout=ANSWER_S)
    try:
        signal.put(value, use_complete=True, callback=lambda **_: processed.set_finished())
        processed.wait()
    except Exception as error:
        raise as_ours(error, signal.setpoint_pvname) from error
