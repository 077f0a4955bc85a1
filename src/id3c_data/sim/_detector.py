"""The detector and its control unit (DCU), as the driver reaches them: commands, files, a stream of images.

It arms, takes triggers, exposes at its own pace, and holds the files of its series in memory until they are
fetched. The master appears right after arm, a data file when it is full, or shorter when the series ends.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from id3c_data.sim._running_series import RunningSeries, SeriesRequest

__all__ = ["ArmError", "Detector", "Exposed"]

_MASTER_AFTER_ARM_S = 0.05
_MEMORY_BYTES = 1_000_000_000  # the oldest series goes first, but never the last


class ArmError(RuntimeError):
    """The detector did not arm."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """An image that was just exposed."""

    series: RunningSeries
    number: int
    """Number in the series, from 1."""

    @property
    def last(self) -> bool:
        """Whether the series ends with it."""
        return self.number >= self.series.request.images * self.series.request.triggers

    def frame(self) -> np.ndarray:
        """Compute the pixels."""
        return self.series.request.model.frame(self.series.number, self.number)


class Detector:
    """A simulated Eiger2.

    Parameters
    ----------
    memory
        An empty folder that stands for the DCU's memory.
    arm_time_s
        How long arming takes.
    on_image
        Called with each image when it is exposed.
    """

    def __init__(self, memory: Path, arm_time_s: float, on_image: Callable[[Exposed], None]) -> None:
        self._memory, self._arm_time_s, self._on_image = memory, arm_time_s, on_image
        self._lock = threading.Lock()
        self._aborted = threading.Event()
        self._files: dict[str, Path] = {}
        self._folders: list[Path] = []
        self._series: RunningSeries | None = None
        self._timers: list[threading.Timer] = []
        self.sequence_id = 0

    def initialize(self) -> None:
        """Start again: the sequence id begins anew, the memory is empty."""
        self.close()
        self.disarm()
        with self._lock:
            self.sequence_id = 0
            while self._folders:
                self._forget(self._folders.pop())

    def arm(self, request: SeriesRequest, *, refuse: bool = False) -> int:
        """Arm for a series and return its sequence id.

        Raises
        ------
        ArmError
            The detector is made to refuse.
        """
        self._aborted.clear()
        time.sleep(self._arm_time_s)
        if refuse:
            raise ArmError("the detector refused to arm")
        self.sequence_id += 1
        series = RunningSeries(request, self.sequence_id, self._new_folder(), self._publish)
        self._write_later(series.write_master, _MASTER_AFTER_ARM_S + request.master_delay_s)
        self._series = series
        return self.sequence_id

    def trigger(self) -> None:
        """Take one trigger; returns when its images are exposed or the series was aborted."""
        series = self._series
        if series is None:
            return
        end = time.monotonic()
        for _ in range(series.request.images):
            end += series.request.period_s
            if self._aborted.wait(max(0.0, end - time.monotonic())):
                return
            self._on_image(Exposed(series, series.count_image()))
            series.write_image()

    def disarm(self) -> None:
        """End the series; a data file that is not full is closed as it stands."""
        series, self._series = self._series, None
        if series is not None:
            series.finish()

    def abort(self) -> None:
        """End the exposure that runs."""
        self._aborted.set()

    def has_file(self, name: str) -> bool:
        """Whether a file can be fetched."""
        with self._lock:
            return name in self._files

    def fetch_file(self, name: str) -> bytes:
        """Return a file's content."""
        with self._lock:
            return self._files[name].read_bytes()

    def delete_file(self, name: str) -> None:
        """Remove a file from the memory."""
        with self._lock:
            path = self._files.pop(name, None)
        if path is not None:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the exposure that runs, and write nothing any more."""
        self.abort()
        for timer in self._timers:
            timer.cancel()
            timer.join()

    def _write_later(self, write: Callable[[], None], delay_s: float) -> None:
        self._timers = [timer for timer in self._timers if timer.is_alive()]
        timer = threading.Timer(delay_s, write)
        timer.start()
        self._timers.append(timer)

    def _publish(self, name: str, path: Path) -> None:
        """Let a finished file be fetched."""
        with self._lock:
            self._files[name] = path

    def _new_folder(self) -> Path:
        """Return the folder of a new series, and forget old series where memory is short."""
        folder = self._memory / f"{time.monotonic_ns()}"
        folder.mkdir()
        with self._lock:
            while len(self._folders) > 1 and self._bytes() > _MEMORY_BYTES:
                self._forget(self._folders.pop(0))
            self._folders.append(folder)
        return folder

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self._files.values())

    def _forget(self, folder: Path) -> None:
        self._files = {name: path for name, path in self._files.items() if path.parent != folder}
        shutil.rmtree(folder)
