"""Puts right what pyepics takes for a PV's type.

`epics.PV` asks for the type of its channel as soon as it has made it. Where the channel connects in that
moment, in the thread of Channel Access, what was asked before the connection is kept instead of what the
connection brought: "no type", for as long as the PV lives. Nobody can put the name of a state to an enum then
(``ValueError: invalid literal for int() with base 0: b'Enable'``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from epics import PV, ca
from ophyd import Device

__all__ = ["correct_types"]


def correct_types(device: Device) -> None:
    """Look at all connected PVs of a device, of the signals that are made already."""
    for pv in _pvs(device):
        of_channel = ca.field_type(pv.chid) if pv.connected else -1
        if of_channel >= 0 and pv.ftype != _promoted(of_channel, pv.form):
            pv.force_connect()  # as if it had connected now, which sets all that depends on the type


def _pvs(device: Device) -> Iterator[Any]:
    for found in device.walk_signals(include_lazy=False):
        for name in ("_read_pv", "_write_pv"):  # as ophyd.signal.EpicsSignalBase has them
            pv = getattr(found.item, name, None)
            if isinstance(pv, PV):
                yield pv


def _promoted(of_channel: int, form: str) -> int:
    return ca.promote_fieldtype(of_channel, use_ctrl=form == "ctrl", use_time=form == "time")
