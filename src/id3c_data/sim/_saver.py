"""Writes the files that the driver fetched below ``cam1:FilePath``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from id3c_data.sim._mover import DownloadError, write_in_place
from id3c_data.sim._path_records import PathRecords
from id3c_data.sim._records import Records

__all__ = ["FileSaver"]

_log = logging.getLogger(__name__)
_POLL_S = 0.01


class FileSaver:
    """Saves files, as the driver's save task does.

    It overwrites ``FileName_RBV`` and ``FileTemplate_RBV``, and ``FullFileName_RBV`` changes before the file
    exists. A file that cannot be written is a line in the IOC's log, nothing more.

    Parameters
    ----------
    records
        All records.
    paths
        ``cam1:FilePath`` and what belongs to it.
    closed
        Set when the IOC ends.
    die
        Called with the moment at which a fault knob may end the process.
    """

    def __init__(
        self, records: Records, paths: PathRecords, closed: threading.Event, die: Callable[[str], None]
    ) -> None:
        self._records, self._paths, self._closed, self._die = records, paths, closed, die

    def save(self, name: str, content: bytes) -> None:
        """Write one file."""
        records = self._records
        full_name = self._paths.path + name
        records["cam1:FileName_RBV"] = name
        records["cam1:FileTemplate_RBV"] = "%s%s"
        records["cam1:FullFileName_RBV"] = full_name
        self._pause()
        try:
            write_in_place(
                self._paths.file(full_name),
                content,
                mode=int(records["cam1:FilePerms_RBV"]) & 0o666,
                half_way=self._half_way,
                only_half=self._is_knob(name, "Sim:HalfFile"),
            )
        except OSError as error:
            _log.error("saveTask: unable to write %s: %s", name, error)

    def refuse_download(self, name: str) -> None:
        """Raise if downloads are made to fail.

        Raises
        ------
        DownloadError
            It is a data file, and they are.
        """
        if self._records["Sim:FailDownload"] and not name.endswith("_master.h5"):
            _log.error("downloadTask: getFile(%s) failed", name)
            raise DownloadError(name)

    def _is_knob(self, name: str, knob: str) -> bool:
        """Whether a knob names the data file of this name."""
        k = self._records[knob]
        return k > 0 and name.endswith(f"_data_{k:06d}.h5")

    def _half_way(self) -> None:
        self._die("Downloading")
        self._pause()

    def _pause(self) -> None:
        """Wait for half of the delay that is set; it can be changed while that lasts."""
        began = time.monotonic()
        while time.monotonic() - began < self._records["Sim:MoverDelay"] / 2:
            if self._closed.wait(_POLL_S):
                return
