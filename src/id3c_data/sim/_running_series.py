"""A series while it is exposed: its files grow in the DCU's memory, image by image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from id3c_data.sim._compression import Compression
from id3c_data.sim._dcu_files import DcuWriter, LegacyWriter, NexusWriter
from id3c_data.sim._frames import Channel, FrameModel
from id3c_data.sim._image_dataset import DataFile
from id3c_data.sim._series import Series
from id3c_data.sim._settings import DetectorSettings

__all__ = ["RunningSeries", "SeriesRequest", "name_of_series"]

Publish = Callable[[str, Path], None]


def name_of_series(pattern: str, number: int) -> str:
    """Return the start of a series' file names: only the first ``$id`` is replaced, without zero padding."""
    return pattern.replace("$id", str(number), 1)


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """What the driver has configured when it arms."""

    pattern: str
    images: int
    """Images of one trigger."""
    triggers: int
    period_s: float
    model: FrameModel
    images_per_file: int = 1000
    nexus: bool = False
    """Layout v2024.2 instead of the legacy one."""
    file_writer: bool = True
    compression: Compression = "bslz4"
    channels: tuple[Channel, ...] = ("threshold_1",)
    settings: DetectorSettings = field(default_factory=DetectorSettings)
    link_folder: str = ""
    """What the master's links put before the data files' names."""
    dropped_file: int = 0
    """Number of a data file that gets lost; 0: none."""
    master_delay_s: float = 0.0

    def series(self, number: int) -> Series:
        """Return the names and counts of the series with this sequence id."""
        return Series(
            name=name_of_series(self.pattern, number),
            number=number,
            images=self.images * self.triggers,
            images_per_file=self.images_per_file,
            ntrigger=self.triggers,
        )

    def writer(self, folder: Path, number: int) -> DcuWriter:
        """Return what writes the files of the series with this sequence id, all into one folder.

        A folder that the name pattern names is one of the driver's machine; the DCU has no such thing.
        """
        kind = NexusWriter if self.nexus else LegacyWriter
        series = self.series(number)
        subfolder, slash, name = series.name.rpartition("/")
        return kind(
            folder,
            replace(series, name=name),
            self.model,
            self.settings,
            self.compression,
            self.channels if self.nexus else self.channels[:1],
            link_folder=self.link_folder + subfolder + slash if self.link_folder else "",
        )


class RunningSeries:
    """The series that the detector is armed for.

    Parameters
    ----------
    request
        What the driver asked for.
    number
        The sequence id.
    folder
        Where the files grow.
    publish
        Called with the name and path of each finished file.
    """

    def __init__(self, request: SeriesRequest, number: int, folder: Path, publish: Publish) -> None:
        self.request, self.number, self.taken = request, number, 0
        self._publish = publish
        self._writer, self._series = request.writer(folder, number), request.series(number)
        self._file: DataFile | None = None
        self._files_done = 0
        self._lock = threading.Lock()

    def write_master(self) -> None:
        """Bring out the master, unless the images go into it."""
        if self.request.file_writer and self.request.images_per_file:
            with self._lock:
                path = self._writer.write_master()
            self._publish(self._series.master_name, path)

    def count_image(self) -> int:
        """Count one more image, and return its number in the series, from 1."""
        self.taken += 1
        return self.taken

    def write_image(self) -> None:
        """Write the image that was counted last."""
        wanted = self.request.file_writer and self.request.images_per_file
        if wanted and self.taken <= self._series.images:
            with self._lock:
                self._append()

    def finish(self) -> None:
        """Bring out the data file that is not full, or the master that holds the images."""
        with self._lock:
            self._close_file()
            if self.request.file_writer and not self.request.images_per_file:
                path = self._writer.write_master(min(self.taken, self._series.images))
                self._publish(self._series.master_name, path)

    def _append(self) -> None:
        if self._file is None:
            self._file = self._writer.open_data(self._files_done + 1)
        self._file.append()
        if self._file.full:
            self._close_file()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        file.close()
        self._files_done += 1
        if self._files_done != self.request.dropped_file:
            self._publish(self._series.data_name(self._files_done), file.path)
