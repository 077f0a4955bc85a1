"""Image datasets of DCU files: filled image by image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from id3c_data.sim._compression import Compression, filter_options
from id3c_data.sim._frames import Channel, FrameModel
from id3c_data.sim._nexus import nx_group

__all__ = ["DataFile", "ImageDataset", "ImageFormat"]


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """What the image datasets of one series have in common.

    Parameters
    ----------
    model, number
        What the frames look like, and the sequence id that they are computed from.
    channels
        The channels to write.
    channel_axis
        Whether a dataset is ``[image, channel, y, x]`` and not ``[image, y, x]``.
    compression
        Filter of the datasets.
    """

    model: FrameModel
    number: int
    channels: tuple[Channel, ...]
    channel_axis: bool
    compression: Compression


class ImageDataset:
    """Consecutive images of a series in one dataset, one frame to a chunk.

    Parameters
    ----------
    group, name
        Where the dataset goes.
    images
        Numbers of the images that have room, from 1.
    image_format
        How the images are made and written.
    """

    def __init__(self, group: h5py.Group, name: str, images: range, image_format: ImageFormat) -> None:
        self.images, self.written, self._format = images, 0, image_format
        model = image_format.model
        axis = (len(image_format.channels),) if image_format.channel_axis else ()
        self._dataset = group.create_dataset(
            name,
            shape=(0, *axis, *model.shape),
            maxshape=(None, *axis, *model.shape),
            chunks=(1, *(1 for _ in axis), *model.shape),
            dtype=model.dtype,
            fillvalue=model.saturated,  # as in the detector's own files
            **filter_options(image_format.compression),
        )

    @property
    def full(self) -> bool:
        """Whether all images are written."""
        return self.written == len(self.images)

    def append(self) -> int:
        """Write the next image and return its number in the series, from 1."""
        image = self.images[self.written]
        self._dataset.resize(self.written + 1, axis=0)
        for c, channel in enumerate(self._format.channels):
            place = (self.written, c) if self._format.channel_axis else self.written
            self._dataset[place] = self._format.model.frame(self._format.number, image, channel)
        self.written += 1
        return image

    def finish(self) -> None:
        """Say which images of the series the dataset holds, from 1, the last one included."""
        self._dataset.attrs["image_nr_low"] = np.uint64(self.images.start)
        self._dataset.attrs["image_nr_high"] = np.uint64(self.images.start + self.written - 1)


class DataFile:
    """A data file that grows image by image in the detector's memory.

    Parameters
    ----------
    path
        The file.
    libver
        Oldest and newest HDF5 version to write for, as `h5py.File` takes them.
    images
        Numbers of the images that have room, from 1.
    image_format
        How the images are made and written.
    """

    def __init__(
        self, path: Path, libver: tuple[str, str] | None, images: range, image_format: ImageFormat
    ) -> None:
        self.path, self.images = path, images
        self._file = h5py.File(path, "w", libver=libver)
        group = nx_group(nx_group(self._file, "entry", "NXentry"), "data", "NXdata")
        self._dataset = ImageDataset(group, "data", images, image_format)

    @property
    def full(self) -> bool:
        """Whether all images are written."""
        return self._dataset.full

    def append(self) -> int:
        """Write the next image and return its number in the series, from 1."""
        return self._dataset.append()

    def close(self) -> None:
        """Finish the file; nothing happens when it is closed already."""
        if self._file:
            self._dataset.finish()
            self._file.close()

    def __enter__(self) -> DataFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
