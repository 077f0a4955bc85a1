"""A run under way: takes one event after the other and says where its frames are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..documents import Channel, image_data_keys
from ..errors import DetectorFault
from ._asset_documents import AssetDocuments
from ._exposing import ExposureLogic
from ._file_store import FileStore, ImageType
from ._statistics import StatisticsLogic

__all__ = ["StagedRun"]


class StagedRun:
    """Ties together how frames are taken, where they are kept, and what is told of them.

    Parameters
    ----------
    detector
        Its name.
    source
        Where its images come from, for the data keys.
    exposing
        Takes the frames of an event.
    store
        Knows where they are.
    statistics
        Waits for the statistics that are read with them, if any are.
    documents
        Makes the asset documents.
    images
        Images of an event.
    channels
        Which of the detector's images there are.
    """

    def __init__(
        self,
        detector: str,
        source: str,
        *,
        exposing: ExposureLogic,
        store: FileStore,
        statistics: StatisticsLogic | None,
        documents: AssetDocuments,
        images: int,
        channels: Sequence[Channel],
    ) -> None:
        self._detector, self._source = detector, source
        self.exposing, self.store, self.documents = exposing, store, documents
        self._statistics, self._images, self._channels = statistics, images, channels
        self._type: ImageType | None = None
        self._readings: dict[str, dict[str, Any]] = {}
        self.failed = False
        """Whether an event of this run could not be taken."""

    def take_event(self) -> None:
        """Take the frames of one event and see that they are where they belong; blocks."""
        self._readings = {}
        self.exposing.get_ready()
        self.store.expect()
        if self._statistics is not None:
            self._statistics.expect()
        taken = self.exposing.expose()
        slot = self.store.find(taken)
        if self._statistics is not None:
            self._statistics.wait_for(taken)
        self._check_type()
        now = time.time()
        self._readings = {
            key: {"value": datum_id, "timestamp": now} for key, datum_id in self.documents.add(slot).items()
        }

    def called_off(self) -> None:
        """Give up the event under way; it may be taken again."""
        self._readings = {}
        self.exposing.called_off()
        self.store.called_off()

    def readings(self) -> Mapping[str, dict[str, Any]]:
        """Return the readings of the newest event.

        Raises
        ------
        DetectorFault
            There is none: nothing was taken, or it failed, or was called off.
        """
        if not self._readings:
            raise DetectorFault(
                "there are no frames to read: no exposure was completed since staging, or the last one was "
                "called off",
                where=self._detector,
                next_step="trigger the detector and wait for it before reading it",
            )
        return dict(self._readings)

    def data_keys(self) -> dict[str, dict[str, Any]]:
        """Return the data keys of the images: what the run's first frames are, or will have to be."""
        if self._type is None:
            self._type = self.store.image_type()
        found = self._type
        return image_data_keys(
            self._detector,
            (found.height, found.width),
            found.dtype_numpy,
            frames_per_event=self._images,
            source=self._source,
            channels=self._channels,
        )

    def _check_type(self) -> None:
        """See that the frames still are what the run's first frames were."""
        now = self.store.image_type()
        if self._type is None:
            self._type = now
        elif now != self._type:
            raise DetectorFault(
                f"frames are {now}, the first ones of this run were {self._type}, or were announced as that",
                where=self._source,
                next_step="the exposure time decides over the bit depth: change it between runs, not within; "
                "where the HDF5 plugin gets a region only, give it the camera's port, or do not declare the "
                "stream before the first exposure",
            )
