"""The driver's two ways to images: the files that it fetches, and the detector's stream."""

from __future__ import annotations

import queue
import threading

import numpy as np

from id3c_data.sim._camera import Plan
from id3c_data.sim._mover import FileMover, FileSource, MoveJob
from id3c_data.sim._ndarray import CameraArrays
from id3c_data.sim._parse import images_in
from id3c_data.sim._saver import FileSaver

__all__ = ["FileTask", "StreamTask"]

_AFTER_FILE_WRITER_S = 0.5  # the driver waits so long when the file writer has left its state "acquire"


class FileTask:
    """Fetches the files of one series while it is exposed.

    Parameters
    ----------
    plan
        What the driver latched.
    sequence_id
        The number of the series.
    source
        Where the files are.
    saver
        Writes them.
    arrays
        Takes the images, where the file writer is the data source.
    closed
        Set when the IOC ends.
    """

    def __init__(
        self,
        plan: Plan,
        sequence_id: int,
        source: FileSource,
        saver: FileSaver,
        arrays: CameraArrays,
        closed: threading.Event,
    ) -> None:
        self._arrays, self._closed, self._stop = arrays, closed, threading.Event()
        job = MoveJob(
            names=plan.file_names(sequence_id),
            save=saver.save if plan.save else None,
            parse=self._parse if plan.source == "FileWriter" else None,
            remove=plan.remove,
        )
        mover = FileMover(source, closed, saver.refuse_download)
        self._thread = threading.Thread(target=mover.run, args=(job, self._stop), name="files", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait until all files came, or never will; the series is over."""
        self._closed.wait(_AFTER_FILE_WRITER_S)
        self._stop.set()
        self._thread.join()

    def _parse(self, content: bytes) -> None:
        for image in images_in(content):
            self._arrays.publish(image)


class StreamTask:
    """Takes the images of one series as they are exposed.

    Parameters
    ----------
    arrays
        Takes the images.
    """

    def __init__(self, arrays: CameraArrays) -> None:
        self._arrays = arrays
        self._images: queue.SimpleQueue[np.ndarray | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    def send(self, image: np.ndarray) -> None:
        """Take one image."""
        self._images.put(image)

    def finish(self) -> None:
        """Wait until all images are handed on; the series is over."""
        self._images.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (image := self._images.get()) is not None:
            self._arrays.publish(image)
