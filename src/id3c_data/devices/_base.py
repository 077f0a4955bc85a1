"""What an Eiger2 does as a Bluesky device: assembly of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ophyd import Device, Signal
from ophyd.areadetector import DetectorBase
from ophyd.device import Component, Staged
from ophyd.ophydobj import Kind
from ophyd.utils import RedundantStaging

from ..config import check_eiger2_options
from ..documents import Writer
from ..errors import ConfigError, DetectorFault, DetectorTimeout
from ..paths import PathSemantics, PathTemplates
from ._acquisition import AcquisitionLogic
from ._assembly import RunAssembly
from ._exposing import RunSeriesLogic
from ._exposure import Exposure
from ._hdf5_store import Hdf5Store
from ._names import new_file_stem
from ._options import (
    DataSource,
    RunOptions,
    Series,
    as_in_a_file,
    check_attributes,
    check_keywords,
    source_named,
)
from ._pv_types import correct_types
from ._run_end import close_run
from ._settings import apply_settings
from ._staged_run import StagedRun
from ._statistics import StatisticsLogic
from ._status import ExposureStatus
from ._watch import SignalWatch

__all__ = ["Eiger2Base"]

_CONNECT_S = 10.0


class Eiger2Base(DetectorBase):
    """What an Eiger2 does, for a class that says which plugins it has.

    See `Eiger2Detector` for the parameters.
    """

    cam: Any  # a component of a subclass, as the plugins are
    looks_after_cam = True
    """Tells the camera part that it need not."""

    writer = Component(Signal, value="dcu", doc="Who writes the files: dcu or hdf5")
    series = Component(Signal, value="point", doc="What one arm is for: each point, or the whole run")
    num_images = Component(Signal, value=1, doc="Images of an event")
    images_per_file = Component(Signal, value=1000, doc="Images in a data file of the DCU")
    write_path = Component(Signal, value="", doc="This run's folder as the IOC sees it")
    read_path = Component(Signal, value="", doc="This run's folder as readers see it")
    file_stem = Component(Signal, value="", doc="Start of this run's file names")
    files_verified = Component(Signal, value="", doc="Whether this host has seen that the files are there")

    _default_configuration_attrs = (
        "cam",
        "writer",
        "series",
        "num_images",
        "images_per_file",
        "write_path",
        "read_path",
        "file_stem",
        "files_verified",
    )

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str,
        write_path_template: str,
        read_path_template: str,
        write_root: str | None = None,
        path_semantics: PathSemantics = "posix",
        writer: Writer = "dcu",
        series: Series = "point",
        num_images: int = 1,
        images_per_file: int = 1000,
        data_source: DataSource = "Stream",
        swmr: bool = False,
        file_prefix: str = "",
        hinted: Sequence[str] = ("stats1.total",),
        timeout: float = 30.0,
        file_timeout: float = 30.0,
        **kwargs: Any,
    ) -> None:
        check_keywords(kwargs, type(self))
        self.templates = PathTemplates(write_path_template, read_path_template, write_root, path_semantics)
        hinted = list(hinted) if isinstance(hinted, tuple) else hinted
        check_eiger2_options(
            prefix=prefix, name=name, file_prefix=file_prefix, hinted=hinted, **as_in_a_file(kwargs)
        )
        check_attributes(kwargs, type(self), name)
        self.file_prefix = file_prefix or name
        self._source, self._swmr = source_named(data_source), swmr
        self._timeout_s, self._file_timeout_s = timeout, file_timeout
        self._run: StagedRun | None = None
        self._exposure: Exposure | None = None
        self._restore: dict[Signal, Any] = {}
        super().__init__(prefix, name=name, **kwargs)
        self._watch = SignalWatch(prefix, *self._watched())
        self._acquisition = AcquisitionLogic(self.cam, self._watch, timeout)
        self.writer.put(writer)
        self.series.put(series)
        self.num_images.put(num_images)
        self.images_per_file.put(images_per_file)
        self._assembly()  # refuses what cannot be before anybody stages it
        self._hint(hinted)

    def __repr__(self) -> str:
        # ophyd's own asks the IOC, and raises where there is none
        return f"{type(self).__name__}({self.prefix!r}, name={self.name!r})"

    # What a run needs to know

    def new_file_stem(self) -> str:
        """Return how the next run's files are called; for subclasses with a scheme of their own."""
        return new_file_stem(self.file_prefix)

    def declare_points(self, points: int | None) -> None:
        """Say how many events the run under way will have.

        A series for the run is then armed for so many triggers, and ends by itself. It need not be said, and
        need not be true: see `points_declared`.
        """
        if self._run is not None and isinstance(self._run.exposing, RunSeriesLogic):
            self._run.exposing.planned = points or 0

    # Bluesky protocols

    def stage(self) -> list[object]:
        """Get ready for a run: settings, folder, file name."""
        if self._staged is not Staged.no:
            raise RedundantStaging(f"{self.name} is staged already; unstage it first")
        try:
            assembly = self._assembly()
            self._connect()
            self._acquisition.settle()
            assembly.store.settle()
            self._restore = apply_settings(assembly.settings())
            staged = Device.stage(self)
            self._run = assembly.open(self.new_file_stem())
            self._show_files(self._run)
        except BaseException:
            self.unstage()
            raise
        return staged

    def trigger(self) -> ExposureStatus:
        """Take the frames of one event; the status is done when they are where they belong."""
        if self._run is None:
            raise DetectorFault("is not staged", where=self.name, next_step="stage it before triggering it")
        status = ExposureStatus(self, call_stop_on_failure=False)
        self._exposure = Exposure(
            self._run, self._watch, status, self.cam.acquire.cl.thread_class, self._exposure
        )
        return status

    def read(self) -> Mapping[Any, Any]:
        """Return where the newest event's frames are, and their statistics."""
        images = self._run.readings() if self._run is not None else {}
        return {**images, **super().read()}

    def describe(self) -> Mapping[Any, Any]:
        """Return what `read` gives: shape and pixel type are those of the newest exposure."""
        images = self._run.data_keys() if self._run is not None else {}
        return {**images, **super().describe()}

    def collect_asset_docs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the resource and datum documents made since the last time."""
        if self._run is not None:
            yield from self._run.documents.collect()

    def pause(self) -> None:
        """Call off the exposure under way: the RunEngine takes the point again when it resumes."""
        self._call_off("the plan was paused", is_failure=False)

    def stop(self, *, success: bool = False) -> None:
        """End what runs. The exposure under way, if any, fails unless ``success``."""
        self._call_off("stop was called", is_failure=not success)
        if self._exposure is not None:
            self._exposure.join()
        if self._run is not None:
            self._run.exposing.abort()
        elif self.cam.acquire_busy.connected and self.cam.acquire_busy.get():
            self.cam.acquire.put(0)

    def unstage(self) -> list[object]:
        """End the run: files closed and looked at, the detector idle, settings as they were.

        Raises
        ------
        DeviceError
            The frames of the run's events are not all on disk.
        """
        self._call_off("the detector was unstaged", is_failure=False)
        if self._exposure is not None:
            self._exposure.join()
        run, self._run, self._exposure = self._run, None, None
        try:
            if run is not None:
                close_run(run, self._watch, self)
        finally:
            unstaged = self._put_back()
        return unstaged

    def wait_for_connection(self, all_signals: bool = False, timeout: Any = 2.0) -> None:
        """Wait until the IOC answers; what its driver does not have is None from then on.

        See `ophyd.Device.wait_for_connection`.
        """
        super().wait_for_connection(all_signals=all_signals, timeout=timeout)
        self.cam.drop_missing_signals()
        correct_types(self)

    def destroy(self) -> None:
        """Disconnect."""
        self._watch.stop()
        super().destroy()

    # Parts

    def _watched(self) -> tuple:
        watched = AcquisitionLogic.watched(self.cam)
        if (hdf1 := self._plugin("hdf1")) is not None:
            watched += Hdf5Store.watched(hdf1)
        if (stats1 := self._plugin("stats1")) is not None:
            watched += StatisticsLogic.watched(stats1)
        return watched

    def _plugin(self, name: str) -> Any:
        return getattr(self, name) if name in self.component_names else None

    def _hint(self, hinted: Sequence[str]) -> None:
        for path in hinted:
            device: Device = self
            *parents, last = path.split(".")
            try:
                for parent in parents:
                    device = getattr(device, parent)
                    device.kind |= Kind.normal
                if device._sig_attrs[last].is_device:
                    raise KeyError(last)
            except (AttributeError, KeyError):
                raise ConfigError(
                    f"hinted: there is no signal {path!r}",
                    where=self.name,
                    next_step='name signals of the plugins that the device has, such as "stats1.max_value"',
                    code="E215",
                ) from None
            device._set_kind(last, Kind.hinted)

    def _assembly(self) -> RunAssembly:
        options = RunOptions(
            detector=self.name,
            templates=self.templates,
            writer=self.writer.get(),  # pyright: ignore[reportArgumentType]
            series=self.series.get(),  # pyright: ignore[reportArgumentType]
            num_images=self.num_images.get(),  # pyright: ignore[reportArgumentType]
            images_per_file=self.images_per_file.get(),  # pyright: ignore[reportArgumentType]
            source=self._source,
            swmr=self._swmr,
            timeout_s=self._timeout_s,
            file_timeout_s=self._file_timeout_s,
        )
        return RunAssembly(
            self.name,
            cam=self.cam,
            hdf1=self._plugin("hdf1"),
            stats1=self._plugin("stats1"),
            acquisition=self._acquisition,
            options=options,
        )

    def _show_files(self, run: StagedRun) -> None:
        files = run.store.files
        self.write_path.put(files.write)
        self.read_path.put(files.read)
        self.file_stem.put(files.stem)
        self.files_verified.put("verified" if files.verified else "unverified")

    def _connect(self) -> None:
        self._watch.start(_CONNECT_S)
        try:
            self.wait_for_connection(timeout=_CONNECT_S)
        except TimeoutError as error:
            raise DetectorTimeout(
                str(error),
                where=self.prefix,
                next_step="see whether the IOC is that of an Eiger2, with the plugins that this device names",
            ) from error

    # Ends

    def _call_off(self, reason: str, *, is_failure: bool) -> None:
        if self._exposure is not None and self._exposure.under_way:
            self._exposure.call_off(reason, is_failure=is_failure)

    def _put_back(self) -> list[object]:
        """Unstage all parts, and set on the IOC what it had before the device's own settings."""
        restore, self._restore = self._restore, {}
        if self._watch.connected:
            try:
                return Device.unstage(self)
            finally:
                apply_settings(restore)
        for device in (self, *(device for _, device in self.walk_subdevices())):
            device._original_vals.clear()  # ophyd would wait for each of these PVs
        return Device.unstage(self)
