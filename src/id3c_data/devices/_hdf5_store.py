"""Frames written by the IOC's HDF5 plugin: one file for the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ophyd.signal import Signal

from ..documents import Writer
from ..errors import DetectorFault, DetectorTimeout, FramesMissing
from ._acquisition import Source
from ._answers import ANSWER_S
from ._exposing import Taken
from ._file_store import ImageType, Slot
from ._names import DcuSeriesNames, new_file_stem
from ._run_files import RunFiles, set_folder
from ._settings import set_all
from ._signals import Eiger2CamIO, Eiger2HDF5PluginIO
from ._watch import SignalWatch

__all__ = ["Hdf5Store"]

_STREAM_MODE = 2
_FETCHED = "fetched"
_IMAGES_PER_FETCHED_FILE = 1000
_WRITE_OK = 0


class Hdf5Store:
    """The file that the plugin has open during the run.

    An event that was called off may leave some of its frames in the file, and some still on their way to it.
    The next event then starts another file, so that events never share one with half an event.

    Parameters
    ----------
    plugin
        The plugin's PVs.
    cam
        The detector's PVs.
    watch
        Follows at least `watched`.
    source
        Where NDArrays come from.
    swmr
        Whether readers can follow the file while it grows (on a local disk).
    patience_s
        How long the plugin may stay silent, and a file be unseen on the read side.
    """

    files: RunFiles
    """Of the run, once it is open."""

    writer: Writer = "hdf5"

    def __init__(
        self,
        plugin: Eiger2HDF5PluginIO,
        cam: Eiger2CamIO,
        watch: SignalWatch,
        *,
        source: int,
        swmr: bool,
        patience_s: float,
    ) -> None:
        self._plugin, self._cam, self._watch = plugin, cam, watch
        self._source, self._swmr, self._patience_s = source, swmr, patience_s
        self._images, self._number = 1, 0
        self._first = self._dropped = 0
        self._doubtful = False
        self._unchecked: dict[str, None] = {}  # names of files that events have, in their order

    @staticmethod
    def watched(plugin: Eiger2HDF5PluginIO) -> tuple:
        """Return the signals that this store looks at."""
        return (
            plugin.capture,
            plugin.dropped_arrays,
            plugin.full_file_name,
            plugin.num_captured,
            plugin.write_message,
            plugin.write_status,
        )

    @property
    def unchecked(self) -> bool:
        """Whether there are events whose files were not looked at when they were whole."""
        return bool(self._unchecked)

    def settle(self) -> None:
        """Close a file that an earlier run left open: its settings can only be changed then."""
        if self._watch[self._plugin.capture]:
            self._end_capture()

    def settings(self) -> Mapping[Signal, Any]:
        """Return what must be set on the IOC for a run."""
        cam, plugin = self._cam, self._plugin
        return {
            **(self._file_writer_settings() if self._source == Source.FILE_WRITER else {}),
            cam.fw_enable: int(self._source == Source.FILE_WRITER),
            cam.save_files: 0,
            cam.array_callbacks: 1,
            plugin.enable: "Enable",
            plugin.blocking_callbacks: "Yes",  # a burst would fill the queue, and what does not fit is lost
            plugin.file_write_mode: _STREAM_MODE,
            plugin.num_capture: 0,
            plugin.lazy_open: "Yes",  # a freshly booted IOC has seen no frame yet
            plugin.swmr_mode: int(self._swmr),
            plugin.num_frames_flush: int(self._swmr),
            plugin.file_template: "%s%s.h5",
        }

    def open(self, files: RunFiles, images: int) -> None:
        """Let the plugin wait for the first frame.

        Raises
        ------
        DetectorFault
            It does not.
        FileNameTaken
            The name is in use.
        """
        self.files, self._images, self._number = set_folder(self._plugin, files), images, 0
        self._begin_capture()

    def expect(self) -> None:
        """Get ready for an event's frames."""
        if self._doubtful or self._watch[self._plugin.num_captured] % self._images:
            self._end_capture()
            self._number += 1
            self._begin_capture()
        self._first = self._watch[self._plugin.num_captured]
        self._dropped = self._watch[self._plugin.dropped_arrays]

    def called_off(self) -> None:
        """Take it that an event's frames may be in the file in part, or on their way to it."""
        self._doubtful = True

    def find(self, taken: Taken) -> Slot:
        """Return where the frames just taken are.

        Raises
        ------
        FramesMissing
            The plugin lost some, or never got them.
        DetectorFault
            It cannot write, or writes something else.
        """
        watch, plugin, wanted = self._watch, self._plugin, self._first + self._images
        watch.wait_for(
            lambda: (
                watch[plugin.num_captured] >= wanted
                or not watch[plugin.capture]
                or watch[plugin.dropped_arrays] != self._dropped
            ),
            self._patience_s,
        )
        self._check_captured(wanted)
        name = self._name
        if self._first == 0:
            self._check_new_file(name)
        self._unchecked[name] = None
        return Slot(
            self.files.read_path(name),
            self._first // self._images,
            {"sequence_id": taken.sequence_id, "swmr": self._swmr},
        )

    def image_type(self) -> ImageType:
        """Return what the plugin writes: what reaches it may be a region of the detector.

        Before its first frame nothing is known of that, and the detector's word is taken.
        """
        plugin = self._plugin
        if not self._unchecked:
            signed = self._cam.signed_data
            return ImageType.of_cam(self._cam, self._watch, signed=signed is not None and bool(signed.get()))
        # Asked for, not followed: monitors of several PVs may come in another order than they changed in.
        size = plugin.array_size
        asked: list[Any] = [
            signal.get(use_monitor=False) for signal in (size.height, size.width, plugin.data_type)
        ]
        height, width, name = asked
        return ImageType(height, width, np.dtype(name.lower()).str)

    def close(self) -> None:
        """Close the file and see that it is whole.

        Raises
        ------
        DetectorFault
            The plugin could not write it.
        FramesMissing
            It is not on the read side, or not whole.
        """
        self._end_capture()
        if self._unchecked and self.files.verified:
            self.files.folder.wait_until_there(
                tuple(self._unchecked), self._patience_s, whole=True, sleep=self._watch.sleep
            )
        self._unchecked.clear()

    def _file_writer_settings(self) -> dict[Signal, Any]:
        """Return what lets the driver fetch each series' own files.

        Under a name without ``$id`` it takes the previous series' files for the new ones, at once.
        """
        cam = self._cam
        return {
            cam.fw_name_pattern: DcuSeriesNames.pattern(new_file_stem(_FETCHED)),
            cam.fw_num_images_per_file: _IMAGES_PER_FETCHED_FILE,  # 0 crashes the driver
            cam.fw_autoremove: 1,  # they are not saved, and would fill the DCU
        }

    @property
    def _name(self) -> str:
        return f"{self.files.stem}{f'_{self._number + 1}' if self._number else ''}.h5"

    def _begin_capture(self) -> None:
        plugin, watch = self._plugin, self._watch
        set_all({plugin.file_name: self._name.removesuffix(".h5")})
        plugin.capture.put(1)
        if not watch.wait_for(
            lambda: watch[plugin.capture] == 1 and watch[plugin.num_captured] == 0, ANSWER_S
        ):
            raise self._fault("the plugin did not start to capture")
        self._doubtful = False

    def _end_capture(self) -> None:
        plugin, watch = self._plugin, self._watch
        # A plain put: see AcquisitionLogic.stop.
        plugin.capture.put(0)
        if not watch.wait_for(lambda: not watch[plugin.capture], self._patience_s, interruptible=False):
            raise DetectorTimeout(
                f"the plugin did not close its file within {self._patience_s:g} s",
                where=plugin.capture.pvname,
                next_step="see whether its disk is full or hangs; restart the IOC if it does not come back",
            )
        if watch[plugin.write_status] != _WRITE_OK:
            raise self._fault("the plugin could not write its file")

    def _check_captured(self, wanted: int) -> None:
        watch, plugin = self._watch, self._plugin
        captured, lost = watch[plugin.num_captured], watch[plugin.dropped_arrays] - self._dropped
        if lost:
            raise FramesMissing(
                f"the plugin lost {lost} frames: its queue was full",
                where=plugin.dropped_arrays.pvname,
                next_step="let it block the driver (BlockingCallbacks Yes), or give it a longer queue",
            )
        if captured > wanted:
            raise DetectorFault(
                f"the plugin got {captured - self._first} frames, {self._images} were asked for",
                where=plugin.num_captured.pvname,
                next_step="the plugin cannot tell thresholds apart: switch the second one off, or use "
                'writer="dcu"',
            )
        if captured < wanted and not watch[plugin.capture]:
            raise self._fault("the plugin stopped capturing")
        if captured < wanted:
            raise FramesMissing(
                f"{captured - self._first} of {self._images} frames reached the plugin",
                where=plugin.num_captured.pvname,
                next_step=f"see whether {plugin.nd_array_port.pvname} names the camera's port "
                f"({self._cam.port_name.get()!r}), and whether {self._cam.array_callbacks.pvname} is on",
            )

    def _check_new_file(self, name: str) -> None:
        if (full_name := self._watch[self._plugin.full_file_name]) != self.files.write + name:
            raise DetectorFault(
                f"the plugin writes to {full_name!r} instead of {self.files.write + name!r}",
                where=self._plugin.full_file_name.pvname,
                next_step="see who else sets this plugin's file name, path or template",
            )
        if self.files.verified:
            self.files.folder.wait_until_there([name], self._patience_s, whole=False, sleep=self._watch.sleep)

    def _fault(self, what: str) -> DetectorFault:
        status = ("Write OK", "Write error")[bool(self._watch[self._plugin.write_status])]
        said = self._watch[self._plugin.write_message] or status
        return DetectorFault(
            f"{what}; the IOC says {said!r}",
            where=self._plugin.capture.pvname,
            next_step="see whether its folder can be written to and has room",
        )
