"""Whether files may be those that a run wrote, by their names and times."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

__all__ = ["of_another_series", "out_of_time"]

_MASTER_ENDING = "_master.h5"
_CLOCKS_DIFFER_S = 2 * 3600.0
"""Clocks of a beamline may be wrong, most likely by an hour; what differs more is the fault of no clock."""


def of_another_series(master: PurePath, files: Iterable[str]) -> str | None:
    """Return the name of the first data file that is of another series than a master.

    The detector's control unit calls the files of a series ``<name>_master.h5``, ``<name>_data_000001.h5``
    and so on (SIMPLON API, file writer), so a master that leads to other names was put where another one was.

    Parameters
    ----------
    master
        As the documents name it.
    files
        What it leads to, as paths of any system.

    Returns
    -------
    str or None
        None where all are its own, or it is not called as a master of the detector.
    """
    if not master.name.endswith(_MASTER_ENDING):
        return None
    own = master.name.removesuffix(_MASTER_ENDING) + "_data_"
    names = (file.replace("\\", "/").rpartition("/")[2] for file in files)
    return next((name for name in names if name != master.name and not name.startswith(own)), None)


def out_of_time(modified: float, began: float, ended: float) -> str:
    """Return how long before or after a run a file was written; empty where clocks may differ as much.

    Parameters
    ----------
    modified
        When the file was last written to, in seconds since 1970.
    began, ended
        The time of the run's start document, and of the last event that has frames of the file.
    """
    if modified < began - _CLOCKS_DIFFER_S:
        return f"{(began - modified) / 3600:.1f} h before the run began"
    if modified > ended + _CLOCKS_DIFFER_S:
        return f"{(modified - ended) / 3600:.1f} h after its last event"
    return ""
