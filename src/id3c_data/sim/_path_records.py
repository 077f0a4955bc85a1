"""``FilePath`` and the records around it, as every areaDetector port has them."""

from __future__ import annotations

from pathlib import Path

from id3c_data.sim._mounts import IocDisk
from id3c_data.sim._records import Records

__all__ = ["PathRecords"]


class PathRecords:
    """Path, existence and creation of folders of one port.

    A put of a missing folder raises no alarm; whether it exists is looked at only when ``FilePath`` is
    written and when a file is made.

    Parameters
    ----------
    records
        All records.
    port
        Start of the names, such as ``cam1:``.
    disk
        What the IOC's machine sees of the disk.
    """

    def __init__(self, records: Records, port: str, disk: IocDisk) -> None:
        self._records, self._port, self._disk = records, port, disk
        records.on_put(f"{port}FilePath", self._put)

    @property
    def path(self) -> str:
        """The path in the IOC's view, with its trailing separator."""
        return self._records[f"{self._port}FilePath_RBV"]

    def check(self) -> Path | None:
        """Look whether the folder exists, say so in ``FilePathExists_RBV``, and return it."""
        refused = bool(self._records["Sim:RefusePath"])
        folder = None if refused else self._disk.folder(self.path)
        self._records[f"{self._port}FilePathExists_RBV"] = folder is not None
        return folder

    def _put(self, path: str) -> None:
        self._records[f"{self._port}FilePath_RBV"] = self._disk.with_separator(path[:254])
        if self.check() is None and self.path:
            self._disk.create(self.path, self._records[f"{self._port}CreateDirectory_RBV"])
            self.check()
