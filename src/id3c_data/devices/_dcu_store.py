"""Frames written by the detector's own control unit (DCU) and moved to disk by the IOC."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from ophyd.signal import Signal

from ..documents import Writer
from ..errors import FileNameTaken, FramesMissing
from ._exposing import Taken
from ._file_store import ImageType, Slot
from ._names import DcuSeriesNames
from ._run_files import RunFiles, set_folder
from ._settings import set_all
from ._signals import Eiger2CamIO
from ._watch import SignalWatch

__all__ = ["DcuStore"]


class DcuStore:
    """One master and its data files for each series.

    Parameters
    ----------
    cam
        The detector's PVs.
    watch
        Follows their values.
    images_per_file
        Images in a data file.
    whole_series
        Whether each event is a series of its own. Otherwise data files come as they fill, and are looked at
        when their series is over.
    patience_s
        How long to wait for a file to be seen on the read side.
    """

    files: RunFiles
    """Of the run, once it is open."""

    writer: Writer = "dcu"

    def __init__(
        self,
        cam: Eiger2CamIO,
        watch: SignalWatch,
        *,
        images_per_file: int,
        whole_series: bool,
        patience_s: float,
    ) -> None:
        self._cam, self._watch = cam, watch
        self._images_per_file, self._whole_series = images_per_file, whole_series
        self._patience_s = patience_s
        self._images = 1
        self._unchecked: dict[int, int] = {}  # sequence id: images that events have of it
        self._seen: set[int] = set()

    def settings(self) -> Mapping[Signal, Any]:
        """Return what must be set on the IOC for a run."""
        cam = self._cam
        return {
            cam.fw_enable: 1,
            cam.save_files: 1,
            cam.fw_num_images_per_file: self._images_per_file,
        }

    def open(self, files: RunFiles, images: int) -> None:
        """Tell the IOC folder and name.

        Raises
        ------
        DetectorFault
            The IOC does not take them.
        FileNameTaken
            The name is in use.
        """
        self.files, self._images = set_folder(self._cam, files), images
        pattern = DcuSeriesNames.pattern(files.stem)
        set_all({self._cam.fw_name_pattern: pattern}, next_step="shorten the device's file_prefix")

    @property
    def unchecked(self) -> bool:
        """Whether there are events whose files were not looked at when they were whole."""
        return bool(self._unchecked)

    def settle(self) -> None:
        """Do nothing: the driver's acquisition is all that can be under way."""

    def expect(self) -> None:
        """Do nothing: a new series needs no preparation."""

    def called_off(self) -> None:
        """Do nothing: what is left of a series that was called off has a name of its own."""

    def find(self, taken: Taken) -> Slot:
        """Return where the frames just taken are.

        Raises
        ------
        FileNameTaken
            The detector began to count again, and has written over a series of this run.
        FramesMissing
            Their files are not there.
        """
        names = self._names(taken.sequence_id)
        if taken.trigger == 0 and taken.sequence_id in self._seen:
            raise FileNameTaken(
                f"the detector counts again: series {taken.sequence_id} is in this run already",
                where=str(self._read_path(names.master)),
                next_step="somebody initialised the detector; start the run again",
            )
        self._seen.add(taken.sequence_id)
        self._unchecked[taken.sequence_id] = (taken.trigger + 1) * self._images
        if taken.series_over:
            self._check_files()
        return Slot(
            self._read_path(names.master),
            taken.trigger,
            {
                "sequence_id": taken.sequence_id,
                "images_per_file": self._images_per_file,
                "series": "point" if self._whole_series else "run",
            },
        )

    def image_type(self) -> ImageType:
        """Return what the DCU writes: unsigned, as deep as the detector says."""
        return ImageType.of_cam(self._cam, self._watch, signed=False)

    def close(self) -> None:
        """See that the files of all events are there.

        Raises
        ------
        FramesMissing
            Some are not.
        """
        self._check_files()

    def _check_files(self) -> None:
        while self._unchecked:
            sequence_id, images = self._unchecked.popitem()
            names = self._names(sequence_id)
            data = names.data(images)
            if self.files.verified:
                self.files.folder.wait_until_there(
                    (names.master, *data), self._patience_s, whole=True, sleep=self._watch.sleep
                )
            elif self._whole_series:
                self._check_last_name(data[-1])

    def _check_last_name(self, name: str) -> None:
        """See whether the IOC came as far as the last file: it fetches them in order."""
        last = self._cam.full_file_name.get()
        if not last.endswith(name):
            raise FramesMissing(
                f"the last file that the IOC saved is {last!r}, not {name!r}",
                where=self._cam.full_file_name.pvname,
                next_step="look at the IOC's console; the DCU may not have made the file",
            )

    def _names(self, sequence_id: int) -> DcuSeriesNames:
        return DcuSeriesNames(self.files.stem, sequence_id, self._images_per_file)

    def _read_path(self, name: str) -> PurePosixPath:
        return self.files.read_path(name)
