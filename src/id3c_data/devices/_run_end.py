"""The end of a run: in good order where the IOC answers, and told truly where it does not."""

from __future__ import annotations

import logging

from ophyd import Device

from ..errors import DetectorFault, Id3cDataError
from ._answers import as_ours
from ._staged_run import StagedRun
from ._watch import SignalWatch

__all__ = ["close_run"]

logger = logging.getLogger(__name__)


def close_run(run: StagedRun, watch: SignalWatch, detector: Device) -> None:
    """End a run in good order; after a failure what is found missing is only logged.

    Parameters
    ----------
    run
        Its series is ended, and its files are closed and looked at.
    watch
        Says whether the IOC still answers.
    detector
        Whose run it is.

    Raises
    ------
    DeviceError
        Its frames are not all on disk, or nobody can say.
    """
    errors: list[Id3cDataError] = []
    for step in (run.exposing.finish, run.store.close):
        if not watch.connected:  # the IOC may go at any moment
            break
        try:
            step()
        except Exception as error:
            errors.append(as_ours(error, detector.prefix))
    if not watch.connected and run.store.unchecked:
        errors = [_gone(detector.prefix)]
    if errors and not run.failed:
        raise errors[0]
    for error in errors:
        logger.error("%s: %s", detector.name, error)


def _gone(prefix: str) -> DetectorFault:
    return DetectorFault(
        "the IOC is gone; the files of this run were not looked at",
        where=prefix,
        next_step="look at the files before you use this run; start the IOC again, and look at its "
        "console for the reason",
    )
