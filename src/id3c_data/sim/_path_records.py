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

    def check(self) -> bool:
        """Look whether the folder exists, and say so in ``FilePathExists_RBV`` too."""
        return self._say_whether_there_is(self.path)

    def file(self, full_name: str) -> Path:
        """Return where a file is made, given its full name in the IOC's view.

        Raises
        ------
        FileNotFoundError
            Its folder does not exist, or ``FilePath`` does not.
        """
        path = self._disk.here(full_name) if full_name else None
        if not self.check() or path is None or not path.parent.is_dir():
            raise FileNotFoundError(f"no folder for {full_name!r}")
        return path

    def _put(self, path: str) -> None:
        path = self._disk.with_separator(path[:254])
        if not self._say_whether_there_is(path) and path:
            self._disk.create(path, self._records[f"{self._port}CreateDirectory_RBV"])
            self._say_whether_there_is(path)
        # last, so that whoever sees the path finds whether it exists, however busy this machine is
        self._records[f"{self._port}FilePath_RBV"] = path

    def _say_whether_there_is(self, path: str) -> bool:
        folder = self._disk.here(path) if path else None
        exists = not self._records["Sim:RefusePath"] and folder is not None and folder.is_dir()
        self._records[f"{self._port}FilePathExists_RBV"] = exists
        return exists
