"""``HDF1:``, the IOC's HDF5 plugin: capture, lazy opening, SWMR, and its ways to fail."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from id3c_data.sim._busy import Busy
from id3c_data.sim._compression import Compression
from id3c_data.sim._mounts import IocDisk
from id3c_data.sim._ndarray import NDArray
from id3c_data.sim._path_records import PathRecords
from id3c_data.sim._plugin import Plugin, Ports
from id3c_data.sim._plugin_file import PluginWriter
from id3c_data.sim._records import Records

__all__ = ["Hdf5Plugin"]

_log = logging.getLogger(__name__)
_COMPRESSIONS: Final[dict[str, Compression]] = {"zlib": "zlib", "BSLZ4": "bslz4", "LZ4": "lz4"}


class Hdf5Plugin(Plugin):
    """The file plugin.

    Parameters
    ----------
    records
        All records.
    ports
        All ports.
    disk
        What the IOC's machine sees of the disk.
    capturing, writing
        What the put-callbacks of ``Capture`` and ``WriteFile`` wait for.
    """

    def __init__(self, records: Records, ports: Ports, disk: IocDisk, capturing: Busy, writing: Busy) -> None:
        super().__init__(records, "HDF1:", ports)
        self._paths = PathRecords(records, "HDF1:", disk)
        self._capturing, self._writing = capturing, writing
        self._last: NDArray | None = None
        self._captured: list[NDArray] = []
        self._file: PluginWriter | None = None
        self._final: Path | None = None
        records.on_put("HDF1:Capture", self._put_capture)
        records.on_put("HDF1:WriteFile", self._put_write)

    def end(self) -> None:
        """Close the file; the IOC is closing."""
        super().end()
        with self._process_lock:
            self._close()

    def process(self, array: NDArray) -> None:
        """Write or keep the array, as the file write mode says."""
        self.show(array)
        self._last = array
        mode = self._mode()
        if mode == "Single" and self.get("AutoSave_RBV"):
            self._write_single(array)
        elif mode == "Capture" and self.get("Capture_RBV"):
            self._capture(array)
        elif mode == "Stream" and self.get("Capture_RBV"):
            self._stream(array)
        self.pass_on(array)

    # Capture

    def _put_capture(self, value: int) -> None:
        with self._process_lock:
            if value:
                self._begin_capture()
            else:
                self._end_capture()

    def _begin_capture(self) -> None:
        if self.get("Capture_RBV"):
            return
        unprimed = self._last is None and not self.get("LazyOpen_RBV")
        if self._mode() == "Single" or unprimed:
            self.set("Capture", 0)
            return
        self._capturing.begin()
        self.set("NumCaptured_RBV", 0)
        self._captured = []
        self.set("Capture_RBV", 1)
        if self._mode() == "Stream" and not self.get("LazyOpen_RBV"):
            assert self._last is not None  # noqa: S101 - primed, as just checked
            if not self._open(self._last):
                self._end_capture()
                return
        self.set("WriteFile_RBV", self._mode() == "Stream")

    def _end_capture(self) -> None:
        if self._mode() == "Stream":
            self._close()
        self.set("Capture", 0)
        self.set("Capture_RBV", 0)
        self.set("WriteFile_RBV", 0)
        self._capturing.end()

    def _capture(self, array: NDArray) -> None:
        """Keep an array in memory."""
        self._captured.append(array)
        self._count()
        if self._is_complete():
            if self.get("AutoSave_RBV"):
                self._write_captured()
            self._end_capture()

    def _stream(self, array: NDArray) -> None:
        """Append an array to the open file."""
        if self._file is None and not self._open(array):
            self._end_capture()
            self._status("Write OK", "")  # the plugin closes what it could not open, and that goes well
            return
        assert self._file is not None  # noqa: S101 - just opened
        self._file.append(array.data, array.unique_id, array.timestamp)
        if self.get("SWMRMode_RBV"):
            self._file.flush()
            self.set("SWMRCbCounter_RBV", self.get("SWMRCbCounter_RBV") + 1)
        self._count()
        if self._is_complete():
            self._end_capture()

    def _count(self) -> None:
        self.set("NumCaptured_RBV", self.get("NumCaptured_RBV") + 1)

    def _is_complete(self) -> bool:
        wanted = self.get("NumCapture_RBV")
        return 0 < wanted <= self.get("NumCaptured_RBV")

    # Writing without capture

    def _put_write(self, value: int) -> None:
        if not value:
            return
        with self._process_lock:
            self._writing.begin()
            if self._mode() == "Capture" and self._captured:
                self._write_captured()
            elif self._mode() == "Single" and self._last is not None:
                self._write_single(self._last)
            else:
                self._status("Write error", "no valid array to write")
            self.set("WriteFile", 0)
            self._writing.end()

    def _write_single(self, array: NDArray) -> None:
        if self._open(array, single=True):
            assert self._file is not None  # noqa: S101 - just opened
            self._file.append(array.data, array.unique_id, array.timestamp)
            self._close()

    def _write_captured(self) -> None:
        if self._open(self._captured[0]):
            assert self._file is not None  # noqa: S101 - just opened
            for array in self._captured:
                self._file.append(array.data, array.unique_id, array.timestamp)
            self._close()
        self._captured = []

    # Files

    def _open(self, array: NDArray, *, single: bool = False) -> bool:
        """Open the next file, and say whether that went well."""
        name = self._next_name()
        swmr = bool(self.get("SWMRMode_RBV")) and not single
        try:
            self._file = self._new_file(name, array, swmr=swmr, single=single)
        except OSError as error:
            self._status("Write error", f"Error opening file {name}"[:255])
            _log.error("NDFileHDF5::openFile: unable to open %s: %s", name, error)
            return False
        self.set("SWMRActive_RBV", swmr)
        self.set("SWMRCbCounter_RBV", 0)
        self.set("FullFileName_RBV", name)
        if self.get("AutoIncrement_RBV"):
            number = self.get("FileNumber_RBV") + 1
            self.set("FileNumber", number)
            self.set("FileNumber_RBV", number)
        self._status("Write OK", "")
        return True

    def _new_file(self, name: str, array: NDArray, *, swmr: bool, single: bool) -> PluginWriter:
        """Return a new file; an existing one is overwritten."""
        self._final = self._paths.file(name)
        height, width = array.data.shape
        return PluginWriter(
            self._final.with_name(self._final.name + self.get("TempSuffix_RBV")),
            (height, width),
            array.data.dtype,
            compression=_COMPRESSIONS.get(self._records.choice("HDF1:Compression_RBV"), "none"),
            swmr=swmr,
            single=single,
        )

    def _next_name(self) -> str:
        """Return the full name that the template makes of path, name and number, in the IOC's view.

        Like C's printf, it may use the first of them only.
        """
        values = self._paths.path, self.get("FileName_RBV"), self.get("FileNumber_RBV")
        for count in (3, 2, 1):
            try:
                return self.get("FileTemplate_RBV") % values[:count]
            except (TypeError, ValueError):
                continue
        return self.get("FileTemplate_RBV")

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        file.close()
        if self._final is not None and file.path != self._final:
            file.path.rename(self._final)
        self.set("SWMRActive_RBV", 0)
        self._status("Write OK", "")

    def _status(self, status: str, message: str) -> None:
        self.set("WriteStatus", status)
        self.set("WriteMessage", message)

    def _mode(self) -> str:
        return self._records.choice("HDF1:FileWriteMode_RBV")
