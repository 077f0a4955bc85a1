"""One exposure in a thread of its own, from trigger to a status that is done."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..errors import DetectorFault, DetectorTimeout, DeviceError, Id3cDataError
from ._answers import as_ours
from ._staged_run import StagedRun
from ._status import ExposureStatus
from ._watch import Interrupted, SignalWatch

__all__ = ["Exposure"]

logger = logging.getLogger(__name__)


class Exposure:
    """Takes one event of a run.

    However it ends, the detector is idle afterwards (or left exposing on purpose, see
    `RunSeriesLogic.called_off`), and its status says what happened.

    Parameters
    ----------
    run
        What is taken.
    watch
        Lets the waits of this exposure be interrupted.
    status
        Is told how it ended.
    thread_class
        Of the control layer, whose threads need its context.
    previous
        Exposure that may still be on its way to an end.
    """

    def __init__(
        self,
        run: StagedRun,
        watch: SignalWatch,
        status: ExposureStatus,
        thread_class: Callable[..., threading.Thread],
        previous: Exposure | None,
    ) -> None:
        self._run, self._watch, self.status, self._previous = run, watch, status, previous
        self._is_failure = False
        self._thread = thread_class(target=self._expose, name=f"{status.device.name}-exposure", daemon=True)
        self._thread.start()

    @property
    def under_way(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def call_off(self, reason: str, *, is_failure: bool) -> None:
        """End it early; returns at once.

        Parameters
        ----------
        reason
            In words.
        is_failure
            Whether its status fails; otherwise nobody waits for it any more.
        """
        self._is_failure = is_failure
        self._watch.interrupt(self._thread, reason)

    def join(self) -> None:
        """Wait for its end: each step has a timeout of its own."""
        self._thread.join()

    def _expose(self) -> None:
        if self._previous is not None:
            self._previous.join()
            self._previous = None
        try:
            self._run.take_event()
        except Interrupted as interruption:
            self._end_early(interruption.reason)
        except Exception as error:
            self._fail(as_ours(error, self.status.device.name))
        else:
            self.status.set_finished()

    def _end_early(self, reason: str) -> None:
        error = DetectorFault(
            f"the exposure was called off: {reason}",
            where=self.status.device.name,
            next_step="trigger the detector again",
        )
        try:
            self._run.called_off()
        except Exception as hanging:
            logger.error("%s: %s", self.status.device.name, hanging)
        if self._is_failure:
            self.status.set_exception(error)
        else:
            self.status.withdraw(error)

    def _fail(self, error: Id3cDataError) -> None:
        self._run.failed = True
        if self._watch.connected:
            try:
                self._run.exposing.abort()
                self._run.store.called_off()
            except DeviceError as hanging:
                error = DetectorTimeout(f"{error.what}; then {hanging.what}", error.where, hanging.next_step)
        self.status.set_exception(error)
