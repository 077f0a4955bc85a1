"""Arming, waiting and stopping: what every way of taking frames has in common."""

from __future__ import annotations

import enum
import logging
from functools import partial
from typing import Final

from ..errors import DetectorFault, DetectorTimeout
from ._answers import NEWS_S
from ._signals import Eiger2CamIO
from ._watch import SignalWatch

__all__ = ["AcquisitionLogic", "DetectorState", "Source"]

logger = logging.getLogger(__name__)

_BUSY_MESSAGES: Final = ("Arming", "Armed", "Triggering", "Waiting for ", "Processing files")
_STOP_PATIENCE_S: Final = 10.0  # without files that were expected, an abort takes the driver 3.3 s


class DetectorState(enum.IntEnum):
    """Values of ``DetectorState_RBV`` that matter here."""

    IDLE = 0
    ACQUIRE = 1
    ERROR = 6
    DISCONNECTED = 9
    ABORTED = 10


class Source(enum.IntEnum):
    """Values of ``DataSource``: where the IOC's NDArrays come from."""

    NONE = 0
    FILE_WRITER = 1
    STREAM = 2


class AcquisitionLogic:
    """Starts and ends acquisitions of the driver, one at a time.

    Parameters
    ----------
    cam
        The detector's PVs.
    watch
        Follows at least `watched` of them.
    patience_s
        How long the driver may stay silent.
    """

    def __init__(self, cam: Eiger2CamIO, watch: SignalWatch, patience_s: float) -> None:
        self.cam, self.watch, self.patience_s = cam, watch, patience_s
        self.first_unique_id = 0
        """Id of the series' first NDArray: the driver numbers them by its ``ArrayCounter``."""
        self._arms_before = 0
        self._pending: object | None = None

    @staticmethod
    def watched(cam: Eiger2CamIO) -> tuple:
        """Return the signals that this logic looks at."""
        return (
            cam.acquire_busy,
            cam.acquire_period,
            cam.armed,
            cam.array_counter,
            cam.bit_depth_image,
            cam.detector_state,
            cam.num_images_counter,
            cam.sequence_id,
            cam.status_message,
        )

    @property
    def is_over(self) -> bool:
        """Whether no acquisition runs and the driver is done with the last one.

        ``AcquireBusy`` falls at once when an acquisition is aborted, while the driver still fetches files; an
        ``Acquire`` in that time completes at once without data, and exposes later when nobody asks for it.
        Only the message tells that the old cycle has ended.
        """
        watch, cam = self.watch, self.cam
        return (
            not watch[cam.acquire_busy]
            and watch[cam.detector_state] != DetectorState.ACQUIRE
            and not str(watch[cam.status_message]).startswith(_BUSY_MESSAGES)
        )

    def settle(self) -> None:
        """Wait until the driver can arm; an acquisition that nobody waits for is stopped.

        Raises
        ------
        DetectorTimeout
            The driver does not come back.
        """
        if self.watch[self.cam.acquire_busy]:
            logger.warning("%s: an acquisition is under way; it is stopped", self.cam.name)
            self.cam.acquire.put(0)
        self._wait_until_over()

    def start(self) -> None:
        """Send ``Acquire``; returns at once."""
        self._arms_before = self.watch.changes(self.cam.sequence_id)
        self.first_unique_id = self.watch[self.cam.array_counter]
        self._pending = token = object()
        self.cam.acquire.put(1, callback=partial(self._put_completed, token))

    def wait_until_armed(self) -> int:
        """Wait for the arm that `start` asked for and return its sequence id.

        Raises
        ------
        DetectorFault
            It was refused.
        DetectorTimeout
            No answer.
        """
        if not self.watch.wait_for(lambda: self._has_armed or self._put_done, self.patience_s):
            raise self._silent("arming")
        # The put was answered, the new sequence id may be on its way still.
        self.watch.wait_for(lambda: self._has_armed or self._in_error, NEWS_S)
        if not self._has_armed:
            raise self.fault("the detector did not arm")
        return self.watch[self.cam.sequence_id]

    def wait_until_over(self, expected_s: float = 0.0) -> None:
        """Wait for the end of the acquisition that `start` began, its files included.

        Raises
        ------
        DetectorFault
            It ended in an error, or somebody stopped it.
        DetectorTimeout
            It does not end.
        """
        if not self.watch.wait_for(
            lambda: self._put_done and self.is_over, self.patience_s, expected_s=expected_s
        ):
            raise self._silent("exposing and saving")
        state = self.watch[self.cam.detector_state]
        if state == DetectorState.ABORTED:
            raise self._stopped_from_elsewhere()
        if state != DetectorState.IDLE:
            raise self.fault("the acquisition ended in an error")

    def stop(self) -> None:
        """End what runs and wait until the driver can arm again.

        Raises
        ------
        DetectorTimeout
            The driver does not come back.
        """
        if not self._put_done:
            # The driver forgets a stop that comes between Acquire and the arm, and goes on to expose.
            self.watch.wait_for(
                lambda: self._has_armed or self._put_done, _STOP_PATIENCE_S, interruptible=False
            )
        # A plain put: one with callback would wait behind the pending one of Acquire 1, and block this
        # client's whole connection for more than half a minute.
        self.cam.acquire.put(0)
        self._wait_until_over()

    def ended_early(self) -> DetectorFault:
        """Return the error for a series that is over before all its exposures were taken."""
        if self.watch.wait_for(lambda: self._state == DetectorState.ABORTED, NEWS_S):  # the state comes later
            return self._stopped_from_elsewhere()
        return self.fault("the series ended before its exposures were taken")

    def _stopped_from_elsewhere(self) -> DetectorFault:
        advice = f"somebody wrote 0 to {self.cam.acquire.setpoint_pvname}: see who, and take the point again"
        return self.fault("the acquisition was stopped from elsewhere", advice)

    def fault(self, what: str, next_step: str = "") -> DetectorFault:
        """Return an error that says what the IOC says."""
        # the message follows the state
        self.watch.wait_for(lambda: not self._message.startswith(_BUSY_MESSAGES), NEWS_S)
        states: tuple[str, ...] = self.cam.detector_state.enum_strs or ()  # pyright: ignore[reportAssignmentType]
        said = states[self._state] if self._state < len(states) else self._state
        return DetectorFault(
            f"{what}; the IOC says {self._message!r}, detector state {said!r}",
            where=self.cam.status_message.pvname,
            next_step=next_step or self._advice(),
        )

    def _advice(self) -> str:
        if self._message == "Invalid file path":
            return "give the IOC a folder that it can write to: see the device's write_path_template"
        if self._message.endswith("API is disabled"):
            return "enable it (FWEnable or StreamEnable), or choose another data_source"
        return f"look at the IOC's console and at {self.cam.error.pvname}"

    @property
    def _message(self) -> str:
        return str(self.watch[self.cam.status_message])

    @property
    def _state(self) -> int:
        return self.watch[self.cam.detector_state]

    @property
    def _has_armed(self) -> bool:
        sequence_id = self.cam.sequence_id
        return self.watch.changes(sequence_id) > self._arms_before and self.watch[sequence_id] != 0

    @property
    def _in_error(self) -> bool:
        return self._put_done and self._state == DetectorState.ERROR

    @property
    def _put_done(self) -> bool:
        return self._pending is None

    def _put_completed(self, token: object, **_: object) -> None:
        if token is self._pending:
            self._pending = None
            self.watch.notify()

    def _wait_until_over(self) -> None:
        if not self.watch.wait_for(lambda: self.is_over, _STOP_PATIENCE_S, interruptible=False):
            raise DetectorTimeout(
                f"the driver hangs: {_STOP_PATIENCE_S:g} s after the stop it still says {self._message!r}",
                where=self.cam.status_message.pvname,
                next_step=f"restart the IOC; write 1 to {self.cam.prefix}Initialize if the detector itself "
                "does not answer",
            )

    def _silent(self, while_doing: str) -> DetectorTimeout:
        return DetectorTimeout(
            f"no sign of life for {self.patience_s:g} s while {while_doing}; the IOC says {self._message!r}",
            where=self.cam.status_message.pvname,
            next_step="look at the IOC's console; a download from the DCU that failed makes the driver wait "
            "for ever and takes a restart of the IOC",
        )
