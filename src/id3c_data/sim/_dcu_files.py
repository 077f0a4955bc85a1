"""Files as the detector's control unit (DCU) writes them: one class per layout.

A series is one master and its data files. The master appears right after arm, with links to data files that
are not there yet; a data file appears when it is full, or shorter when the series was cut short. Each is a
call of its own here, so that a simulated DCU can bring them out at the right moment.

Layouts and names as the EIGER2 user manual 1.6 and the SIMPLON API reference 1.8 describe them.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np

from id3c_data.sim._compression import Compression, filter_options
from id3c_data.sim._frames import CHANNELS, Channel, FrameModel
from id3c_data.sim._image_dataset import DataFile, ImageDataset, ImageFormat
from id3c_data.sim._nexus import nx_group
from id3c_data.sim._series import Series, SeriesFiles
from id3c_data.sim._settings import DetectorSettings, write_beam, write_detector

__all__ = ["DcuWriter", "LegacyWriter", "NexusWriter"]


@dataclass(frozen=True)
class DcuWriter(abc.ABC):
    """Writes the files of one series into a folder.

    Parameters
    ----------
    folder
        Where the files go; it must exist.
    series
        Names and counts.
    model
        What the frames look like.
    settings
        What the master says about detector and beam.
    compression
        Filter of the image data.
    channels
        Which channels are written.
    link_folder
        What the master's links put before the names of the data files, as some DCUs do: a folder in the
        IOC's view, with its trailing separator. Without, they are relative to the master.
    """

    _libver: ClassVar[tuple[str, str] | None] = None
    _inner_name: ClassVar[str]  # of the dataset, where images go into the master
    _channel_axis: ClassVar[bool]

    folder: Path
    series: Series
    model: FrameModel = field(default_factory=FrameModel)
    settings: DetectorSettings = field(default_factory=DetectorSettings)
    compression: Compression = "bslz4"
    channels: tuple[Channel, ...] = ("threshold_1",)
    link_folder: str = ""

    def write_series(self, taken: int | None = None) -> SeriesFiles:
        """Write the whole series at once, or the first ``taken`` images of it, as after an abort."""
        count = self.series.images if taken is None else taken
        data = tuple(self.write_data(k, count) for k in self.data_files(count))
        return SeriesFiles(self.write_master(count), data)

    def data_files(self, taken: int) -> range:
        """Return the numbers (from 1) of the data files that exist after ``taken`` images."""
        per_file = self.series.images_per_file
        return range(1, -(-taken // per_file) + 1) if per_file else range(1, 1)

    def write_master(self, taken: int | None = None) -> Path:
        """Write the master and return its path.

        With ``images_per_file`` 0 it holds the images too, so that it can only be written when they are
        there: all, or the first ``taken``.
        """
        path = self.folder / self.series.master_name
        with h5py.File(path, "w", libver=self._libver) as file:
            entry = nx_group(file, "entry", "NXentry")
            entry["definition"] = np.bytes_("NXmx")
            data = nx_group(entry, "data", "NXdata")
            write_detector(entry, self.model, self.settings, self.series.images, self.series.ntrigger)
            write_beam(entry, self.settings)
            self._describe_channels(entry)
            if self.series.images_per_file:
                self._link_images(data)
            else:
                self._fill(data, self.series.images if taken is None else taken)
        return path

    def write_data(self, k: int, taken: int | None = None) -> Path:
        """Write data file ``k`` (from 1) and return its path.

        Parameters
        ----------
        k
            Number of the data file.
        taken
            Images that the series has; fewer than promised makes the last file shorter, as the detector
            does since firmware 2020.2.4.
        """
        last = self.series.images if taken is None else taken
        with self.open_data(k) as file:
            while not file.full and file.append() < last:
                pass
        return file.path

    def open_data(self, k: int) -> DataFile:
        """Return data file ``k`` (from 1), open and still empty, to be filled image by image."""
        path = self.folder / self.series.data_name(k)
        return DataFile(path, self._libver, self.series.images_in(k), self._format)

    @abc.abstractmethod
    def _link_images(self, data: h5py.Group) -> None:
        """Put into the master's data group what leads to the data files."""

    @abc.abstractmethod
    def _describe_channels(self, entry: h5py.Group) -> None:
        """Put into the master what it says about thresholds, masks and flatfields."""

    @property
    def _format(self) -> ImageFormat:
        return ImageFormat(
            self.model, self.series.number, self.channels, self._channel_axis, self.compression
        )

    def _fill(self, data: h5py.Group, taken: int) -> None:
        """Write the images into the master."""
        dataset = ImageDataset(data, self._inner_name, range(1, taken + 1), self._format)
        while not dataset.full:
            dataset.append()
        dataset.finish()

    def _source_names(self) -> Iterator[tuple[int, str]]:
        """Yield number and file name of each data file, as the master's links name it."""
        for k in range(1, self.series.files + 1):
            name = self.series.data_name(k)
            yield k, self.link_folder + name if self.link_folder else Path(name).name


@dataclass(frozen=True)
class LegacyWriter(DcuWriter):
    """The default layout, "nxmx legacy": external links ``/entry/data/data_000001`` and so on.

    With ``links_in_entry`` the links sit in ``/entry``, as very old firmware wrote them.
    """

    _inner_name: ClassVar[str] = "data_000001"
    _channel_axis: ClassVar[bool] = False

    links_in_entry: bool = False

    def __post_init__(self) -> None:
        if len(self.channels) != 1:
            raise ValueError(f"channels {self.channels}: the legacy layout has room for one")

    def _link_images(self, data: h5py.Group) -> None:
        group = nx_group(data.file, "entry", "NXentry") if self.links_in_entry else data
        for k, name in self._source_names():
            group[f"data_{k:06d}"] = h5py.ExternalLink(name, "/entry/data/data")

    def _describe_channels(self, entry: h5py.Group) -> None:
        specific = nx_group(entry, "instrument/detector/detectorSpecific", "NXcollection")
        _write_mask_and_flatfield(specific, self.model)
        entry["instrument/detector/threshold_energy"] = np.float32(self.settings.threshold_energies_ev[0])
        entry["instrument/detector/threshold_energy"].attrs["units"] = "eV"


@dataclass(frozen=True)
class NexusWriter(DcuWriter):
    """The layout v2024.2: one virtual dataset ``/entry/data/data``, ``[image, channel, y, x]``."""

    _libver: ClassVar[tuple[str, str] | None] = ("v110", "v114")
    _inner_name: ClassVar[str] = "data"
    _channel_axis: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.channels or list(self.channels) != [c for c in CHANNELS if c in self.channels]:
            raise ValueError(f"channels {self.channels}: some of {CHANNELS}, in that order")

    def _link_images(self, data: h5py.Group) -> None:
        frame = (len(self.channels), *self.model.shape)
        layout = h5py.VirtualLayout((self.series.images, *frame), self.model.dtype)
        for k, name in self._source_names():
            images = self.series.images_in(k)
            source = h5py.VirtualSource(name, "/entry/data/data", (len(images), *frame))
            layout[images.start - 1 : images.stop - 1] = source
        data.create_virtual_dataset("data", layout)

    def _describe_channels(self, entry: h5py.Group) -> None:
        detector = nx_group(entry, "instrument/detector", "NXdetector")
        for channel in self.channels:
            group = nx_group(detector, f"{channel}_channel", "NXdetector_channel")
            _write_mask_and_flatfield(group, self.model)
            energies = self.settings.threshold_energies_ev
            group["threshold_energy"] = np.float32(energies[CHANNELS.index(channel) % len(energies)])
            group["threshold_energy"].attrs["units"] = "eV"


def _write_mask_and_flatfield(group: h5py.Group, model: FrameModel) -> None:
    """Write pixel mask and flatfield as the detector does."""
    options = filter_options("bslz4")
    group.create_dataset("pixel_mask", data=model.mask(), chunks=model.shape, **options)
    group.create_dataset("flatfield", data=np.ones(model.shape, "<f4"), chunks=model.shape, **options)
