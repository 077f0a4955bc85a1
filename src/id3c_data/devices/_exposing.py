"""Two ways to take the frames of an event: a series for each, or one series for the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..errors import DetectorFault, DetectorTimeout, FramesMissing
from ._acquisition import AcquisitionLogic, Source
from ._answers import NEWS_S
from ._settings import set_all

__all__ = ["ExposureLogic", "PointSeriesLogic", "RunSeriesLogic", "Taken"]

DEFAULT_TRIGGERS = 1000
"""Triggers of a run's series where the plan does not say how many points it has."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Where the frames of an event are, in the detector's own numbers."""

    sequence_id: int
    """The series."""
    trigger: int
    """Which trigger of it, from 0."""
    last_unique_id: int
    """Id of the last frame's NDArray: the driver numbers them by its ``ArrayCounter``."""
    series_over: bool
    """Whether the series is over, and the driver done with its files."""


class ExposureLogic(Protocol):
    """How to take the frames of an event."""

    manual_trigger: bool
    """Whether the driver waits for `Trigger`."""

    def get_ready(self) -> None:
        """Wait until the next frames that come are those of the next event."""
        ...

    def expose(self) -> Taken:
        """Take the frames of one event; blocks."""
        ...

    def called_off(self) -> None:
        """Deal with an exposure that was interrupted and will be repeated."""
        ...

    def finish(self) -> None:
        """End the run in good order; returns when the driver has saved its files."""
        ...

    def abort(self) -> None:
        """Stop what runs, and wait until the driver can arm again."""
        ...


class _SeriesLogic:
    """What both ways have in common.

    Parameters
    ----------
    acquisition
        Starts and stops.
    images
        Images of an event.
    source
        Where NDArrays come from.
    """

    def __init__(self, acquisition: AcquisitionLogic, images: int, source: int) -> None:
        self._acquisition, self._images, self._source = acquisition, images, source

    @property
    def _exposure_s(self) -> float:
        """How long the exposure of one event takes."""
        return self._images * self._acquisition.watch[self._acquisition.cam.acquire_period]


class PointSeriesLogic(_SeriesLogic):
    """Arms a series for each event; the driver sends the trigger."""

    manual_trigger = False
    _running = False

    def get_ready(self) -> None:
        """Wait until an older series is over."""
        if not self._acquisition.is_over:
            self._acquisition.settle()

    def expose(self) -> Taken:
        """Take one series and return when the driver is done with it, its files included."""
        acquisition = self._acquisition
        self._running = True
        acquisition.start()
        sequence_id = acquisition.wait_until_armed()
        acquisition.wait_until_over(expected_s=self._exposure_s)
        self._running = False
        if self._source != Source.NONE:
            self._check_count()
        return Taken(sequence_id, 0, acquisition.first_unique_id + self._images - 1, series_over=True)

    def called_off(self) -> None:
        """Stop the series; the event gets another."""
        self.abort()

    def finish(self) -> None:
        """Stop what runs."""
        self.abort()

    def abort(self) -> None:
        """Stop what runs."""
        if self._running:
            self._running = False
            self._acquisition.stop()

    def _check_count(self) -> None:
        counter, watch = self._acquisition.cam.num_images_counter, self._acquisition.watch
        watch.wait_for(lambda: watch[counter] >= self._images, NEWS_S)  # the last one may be on its way still
        if (came := watch[counter]) < self._images:
            raise FramesMissing(
                f"{came} of {self._images} images came",
                where=counter.pvname,
                next_step="take the point again; where it happens often, lower the rate, or look at the "
                "network between DCU and IOC",
            )


class RunSeriesLogic(_SeriesLogic):
    """Arms one series for the run and sends a trigger for each event.

    The end of an exposure is seen in ``NumImagesCounter_RBV``, which counts at once only with the stream as
    data source. When the triggers run out another series is armed.
    """

    manual_trigger = True

    def __init__(self, acquisition: AcquisitionLogic, images: int, source: int) -> None:
        if source != Source.STREAM:
            raise DetectorFault(
                'series="run" sees the end of an exposure only with the stream as data source',
                where=acquisition.cam.data_source.setpoint_pvname,
                next_step='set data_source="Stream", or use series="point"',
            )
        super().__init__(acquisition, images, source)
        self.planned = 0
        """How many events the run has, or 0 where that is not known."""
        self._taken = 0
        self._sequence_id = 0
        self._armed_for = self._fired = 0
        self._arming = False

    def get_ready(self) -> None:
        """Arm where no triggers are left, and wait for an exposure that was called off."""
        if self._fired == self._armed_for:
            self._arm()
        self._wait_for_images()

    def expose(self) -> Taken:
        """Take the images of one trigger."""
        self._acquisition.cam.special_trigger_button.put(1)
        self._fired += 1
        self._wait_for_images()
        self._taken += 1
        last = self._acquisition.first_unique_id + self._fired * self._images - 1
        is_over = self._fired == self._armed_for
        if is_over:  # a file that is lost fails this point then, and so the run, before its stop document
            self._acquisition.wait_until_over()
        return Taken(self._sequence_id, self._fired - 1, last, series_over=is_over)

    def called_off(self) -> None:
        """Let the exposure go on: its frames stay unused in the series, and the event gets other ones."""
        if self._arming:
            self.abort()

    def finish(self) -> None:
        """End the series, cutting it short where triggers are left."""
        watch, cam = self._acquisition.watch, self._acquisition.cam
        if self._fired < self._armed_for or watch[cam.num_images_counter] < self._fired * self._images:
            self.abort()
        elif self._armed_for:
            self._armed_for = self._fired = 0
            self._acquisition.wait_until_over()

    def abort(self) -> None:
        """Stop the series, if one is armed."""
        if self._armed_for:
            self._arming = False
            self._armed_for = self._fired = 0
            self._acquisition.stop()

    def _arm(self) -> None:
        acquisition = self._acquisition
        watch, cam = acquisition.watch, acquisition.cam
        if self._armed_for:
            # the last exposure may be under way still, if it was called off
            acquisition.wait_until_over(expected_s=self._exposure_s)
        elif not acquisition.is_over:
            acquisition.settle()
        self._armed_for = max(1, self.planned - self._taken) if self.planned else DEFAULT_TRIGGERS
        self._fired = 0
        self._arming = True
        set_all({cam.num_triggers: self._armed_for})
        acquisition.start()
        self._sequence_id = acquisition.wait_until_armed()
        if not watch.wait_for(
            lambda: watch[cam.armed] == 1 and watch[cam.num_images_counter] == 0, acquisition.patience_s
        ):
            raise acquisition.fault("the detector did not get ready for triggers")
        self._arming = False

    def _wait_for_images(self) -> None:
        acquisition, wanted = self._acquisition, self._fired * self._images
        watch, cam = acquisition.watch, acquisition.cam
        if watch.wait_for(
            lambda: watch[cam.num_images_counter] >= wanted or not watch[cam.acquire_busy],
            acquisition.patience_s,
            expected_s=self._exposure_s,
        ):
            # the last image's count may be on its way still
            if watch.wait_for(lambda: watch[cam.num_images_counter] >= wanted, NEWS_S):
                return
            raise acquisition.ended_early()
        raise DetectorTimeout(
            f"{watch[cam.num_images_counter]} of {wanted} images of the series came, and nothing more for "
            f"{acquisition.patience_s:g} s",
            where=cam.num_images_counter.pvname,
            next_step=f"see whether {cam.stream_dropped.pvname} counts lost images, and take the point again",
        )
