"""The status of one exposure."""

from __future__ import annotations

from typing import Any

from ophyd.status import DeviceStatus

from ..errors import DetectorFault

__all__ = ["ExposureStatus"]


class ExposureStatus(DeviceStatus):
    """Done when the exposure's frames are where they belong; failed with an error of `id3c_data.errors`.

    An exposure that was called off (pause, unstage) is neither. The RunEngine has forgotten its status by
    then, and must not be told of a failure: it would fail the plan that is resumed or cleaned up. So its
    callbacks see a finished status, while `wait` and `exception`, which a person calls, say what happened.
    """

    _withdrawn: DetectorFault | None = None

    def __str__(self) -> str:
        # what Bluesky has for the last line of a traceback, and for the reason in the stop document
        error = self.exception(0) if self.done else None
        return f"{super().__str__()}: {error}" if error is not None else super().__str__()

    __repr__ = __str__

    def withdraw(self, error: DetectorFault) -> None:
        """Finish without a result."""
        self._withdrawn = error
        self.set_finished()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the exposure is done; raise its error if it has one."""
        super().wait(timeout)
        if self._withdrawn is not None:
            raise self._withdrawn

    def exception(self, timeout: float | None = None) -> Any:
        """Return the exposure's error, or None."""
        return super().exception(timeout) or self._withdrawn
