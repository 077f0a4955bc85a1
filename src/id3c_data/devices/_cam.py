"""The camera part, with what it can see to where another detector class uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ophyd import Device
from ophyd.areadetector import ADComponent, EpicsSignalWithRBV

from ._acquisition import AcquisitionLogic, DetectorState
from ._answers import ANSWER_S, NEWS_S
from ._signals import Eiger2CamIO
from ._watch import SignalWatch

__all__ = ["Eiger2Cam"]


class _AcquireSignal(EpicsSignalWithRBV):
    """``Acquire``, which remembers that an acquisition was asked for."""

    asked = False

    def put(self, value: Any, **kwargs: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Write; see `ophyd.EpicsSignal.put`."""
        self.asked = bool(value)
        super().put(value, **kwargs)


class Eiger2Cam(Eiger2CamIO):
    """The PVs of ``cam1:``.

    In a class that `apstools.devices.ad_creator` makes, whose trigger cannot fail, it guards what it can:
    staging waits for the end of an older acquisition, and an event of an exposure that did not take place is
    refused when it is read. `Eiger2Detector` looks after itself.
    """

    acquire = ADComponent(_AcquireSignal, "Acquire")

    _cam_release = "3.4"  # makes apstools' trigger wait for AcquireBusy
    _guard: AcquisitionLogic | None = None
    _last_sequence = 0

    def stage(self) -> list[object]:
        """Wait until the driver can arm."""
        staged = Device.stage(self)
        if not getattr(self.parent, "looks_after_cam", False):
            if self._guard is None:
                watch = SignalWatch(self.prefix, *AcquisitionLogic.watched(self))
                self._guard = AcquisitionLogic(self, watch, ANSWER_S)
            self._guard.watch.start(ANSWER_S)
            self._guard.settle()
            self._last_sequence = self._guard.watch[self.sequence_id]
            self.acquire.asked = False
        return staged

    def collect_asset_docs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield nothing, after a look at the exposure that was asked for.

        Bluesky asks for documents at each reading: the one place between an exposure and its event where a
        part of a detector can object.

        Raises
        ------
        DetectorFault
            The exposure did not take place, or ended in an error.
        """
        self.check_exposure()
        yield from ()

    def check_exposure(self) -> None:
        """See, once for each exposure that another class's trigger asked for, whether it took place.

        Raises
        ------
        DetectorFault
            It did not, or ended in an error.
        """
        guard = self._guard
        if guard is None or not self.acquire.asked:
            return
        self.acquire.asked = False
        guard.watch.wait_for(lambda: guard.is_over, NEWS_S)
        sequence, state = guard.watch[self.sequence_id], guard.watch[self.detector_state]
        if sequence == self._last_sequence:
            raise guard.fault("the detector did not arm")
        self._last_sequence = sequence
        if state != DetectorState.IDLE:
            raise guard.fault("the acquisition was cut short")
