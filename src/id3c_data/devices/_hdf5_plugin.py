"""The IOC's HDF5 plugin as a part of another detector class."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ophyd import Device
from ophyd.ophydobj import Kind
from ophyd.signal import Signal

from ..config import check_eiger2_options
from ..documents import image_data_keys
from ..errors import DetectorFault
from ..paths import PathSemantics, PathTemplates
from ._acquisition import Source
from ._answers import ANSWER_S
from ._asset_documents import AssetDocuments
from ._cam import Eiger2Cam
from ._exposing import Taken
from ._hdf5_store import Hdf5Store
from ._names import new_file_stem
from ._run_files import RunFiles
from ._settings import apply_settings
from ._signals import Eiger2HDF5PluginIO
from ._watch import SignalWatch

__all__ = ["Eiger2HDF5Plugin"]


class Eiger2HDF5Plugin(Eiger2HDF5PluginIO):
    """``HDF1:`` for a class that `apstools.devices.ad_creator` makes.

    One file for the run, under a name of its own, from a freshly booted IOC, without priming. Each event's
    frames are counted when the event is read; the images are among the detector's readings.

    Parameters
    ----------
    prefix
        Start of the plugin's PV names.
    write_path_template, read_path_template, write_root, path_semantics
        The folder of a run's files; see `id3c_data.paths.PathTemplates`.
    swmr
        Whether readers on the same host can follow the file.
    file_prefix
        Start of file names; the detector's name where it is empty.
    timeout
        Seconds that the plugin may stay silent.
    **kwargs
        Of `ophyd.Device`.
    """

    parent: Any  # the detector

    def __init__(
        self,
        prefix: str,
        *,
        write_path_template: str,
        read_path_template: str,
        write_root: str | None = None,
        path_semantics: PathSemantics = "posix",
        swmr: bool = False,
        file_prefix: str = "",
        timeout: float = 30.0,
        **kwargs: Any,
    ) -> None:
        self.templates = PathTemplates(write_path_template, read_path_template, write_root, path_semantics)
        check_eiger2_options(swmr=swmr, file_prefix=file_prefix, timeout=timeout)
        self._file_prefix, self._swmr, self._timeout_s = file_prefix, swmr, timeout
        super().__init__(prefix, **kwargs)
        self._store: Hdf5Store | None = None
        self._documents: AssetDocuments | None = None
        self._watch: SignalWatch | None = None
        self._restore: dict[Signal, Any] = {}
        self._readings: dict[str, dict[str, Any]] = {}
        self._pending = False
        self.kind |= Kind.normal  # the images are readings, whatever the parent's read_attrs are

    def stage(self) -> list[object]:
        """Let the plugin wait for the run's first frame."""
        staged = Device.stage(self)
        try:
            self._open()
        except BaseException:
            self.unstage()
            raise
        return staged

    def generate_datum(self, *_: Any, **__: Any) -> None:
        """Take note that an event's frames are on their way: the detector was triggered."""
        self._pending = True

    def collect_asset_docs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the resource and datum documents made since the last time.

        Raises
        ------
        FramesMissing
            The plugin lost some of the event's frames, or never got them.
        """
        if self._documents is not None:
            self._complete()
            yield from self._documents.collect()

    def read(self) -> Mapping[Any, Any]:
        """Return where the newest event's frames are."""
        self._complete()
        return {**self._readings, **super().read()}

    def describe(self) -> Mapping[Any, Any]:
        """Return what `read` gives."""
        if self._store is None:
            return super().describe()
        cam = self.parent.cam
        found = self._store.image_type()
        images = image_data_keys(
            self.parent.name,
            (found.height, found.width),
            found.dtype_numpy,
            frames_per_event=cam.num_images.get(),
            source=f"PV:{self.prefix}",
        )
        return {**images, **super().describe()}

    def unstage(self) -> list[object]:
        """Close the file and see that it is whole."""
        store, self._store, self._documents = self._store, None, None
        self._readings, self._pending = {}, False
        restore, self._restore = self._restore, {}
        try:
            if store is not None:
                store.close()
            apply_settings(restore)
        finally:
            unstaged = Device.unstage(self)
        return unstaged

    def _open(self) -> None:
        cam = self.parent.cam
        if self._watch is None:
            self._watch = SignalWatch(self.prefix, *Hdf5Store.watched(self), cam.bit_depth_image)
        self._watch.start(ANSWER_S)
        source, images = cam.data_source.get(), cam.num_images.get()
        self._check_pattern(source)
        store = Hdf5Store(self, cam, self._watch, source=source, swmr=self._swmr, patience_s=self._timeout_s)
        store.settle()
        ours = {signal: value for signal, value in store.settings().items() if signal.parent is self}
        self._restore = apply_settings({cam.array_callbacks: 1, **ours})
        check_eiger2_options(self.prefix, file_prefix=self._file_prefix, name=self.parent.name)
        stem = new_file_stem(self._file_prefix or self.parent.name)
        files = RunFiles.at(self.templates, datetime.now().astimezone(), stem)
        store.open(files, images)
        store.expect()
        self._store = store
        self._documents = AssetDocuments(
            self.parent.name, self.templates.read_base, "hdf5", images, ("threshold_1",)
        )

    def _check_pattern(self, source: int) -> None:
        """Refuse a file writer that may hand on an older series: without an id in its names it does."""
        signal = self.parent.cam.fw_name_pattern
        pattern = signal.get()
        if source == Source.FILE_WRITER and "$id" not in pattern:
            raise DetectorFault(
                f"the name pattern {pattern!r} has no $id: an older series would be fetched",
                where=signal.setpoint_pvname,
                next_step="put $id into it, or take the stream as data source",
            )

    def _complete(self) -> None:
        """Find the frames of the exposure that was asked for."""
        if not self._pending or self._store is None or self._documents is None:
            return
        self._pending, self._readings = False, {}
        cam = self.parent.cam
        if isinstance(cam, Eiger2Cam):
            cam.check_exposure()  # frames of an exposure that failed would be waited for in vain
        slot = self._store.find(Taken(self.parent.cam.sequence_id.get(), 0, 0, series_over=True))
        self._store.expect()
        now = time.time()
        self._readings = {
            key: {"value": datum, "timestamp": now} for key, datum in self._documents.add(slot).items()
        }
