"""The driver's acquisition cycle: arm, triggers, files, end; and what ``Acquire`` and ``Trigger`` do to it.

States and messages, and their order, are those of the ADEiger driver's control task, with its peculiarities:
a stop is a success, the files of a stopped series still come, and a start while the old cycle still processes
files completes at once and starts a series that nobody waits for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import numpy as np

from id3c_data.sim._busy import Busy
from id3c_data.sim._camera import Camera, Plan
from id3c_data.sim._detector import ArmError, Detector, Exposed
from id3c_data.sim._mover import FileMover, MoveJob
from id3c_data.sim._ndarray import CameraArrays
from id3c_data.sim._parse import images_in
from id3c_data.sim._records import Records
from id3c_data.sim._saver import FileSaver

__all__ = ["Acquisition"]

_AFTER_FILE_WRITER_S = 0.5  # the driver waits so long when the file writer has left its state "acquire"
_MANUAL_POLL_S = 0.1


class Acquisition:
    """The control task of the driver.

    Parameters
    ----------
    records
        All records.
    camera
        The configuration.
    arrays
        Takes the images.
    saver
        Writes the files.
    busy
        What the put-callback of ``Acquire`` waits for.
    make_detector
        Makes the detector, given what to call with each image.
    closed
        Set when the IOC ends.
    die
        Called with the moment at which a fault knob may end the process.
    """

    def __init__(
        self,
        records: Records,
        camera: Camera,
        arrays: CameraArrays,
        saver: FileSaver,
        busy: Busy,
        make_detector: Callable[[Callable[[Exposed], None]], Detector],
        closed: threading.Event,
        die: Callable[[str], None],
    ) -> None:
        self._records, self._camera, self._arrays, self._saver = records, camera, arrays, saver
        self._busy, self._closed, self._die = busy, closed, die
        self._detector = make_detector(self._on_image)
        self._lock = threading.RLock()
        self._state = "Idle"
        self._start, self._stopped = threading.Event(), threading.Event()
        self._manual_trigger, self._pulse = threading.Event(), threading.Event()
        self._stream: queue.SimpleQueue[np.ndarray | None] | None = None
        records.on_put("cam1:Acquire", self._put_acquire)
        records.on_put("cam1:Trigger", lambda _: self._manual_trigger.set())
        records.on_put("Sim:ExternalTrigger", lambda _: self._pulse.set())
        records.on_put("cam1:Initialize", self._put_initialize)
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def begin(self) -> None:
        """Start the control task, once the IOC runs."""
        self._thread.start()

    def end(self) -> None:
        """Stop what runs and end the control task; the IOC is closing."""
        self._detector.abort()
        self._start.set()
        self._thread.join(0.5)

    # What puts do

    def _put_acquire(self, value: int) -> None:
        with self._lock:
            if value and self._state != "Acquire":
                self._set_state("Acquire")
                self._start.set()
            elif not value and self._state == "Acquire":
                self._set_state("Aborted")
                self._detector.abort()
                self._stopped.set()
            self._set_acquiring(bool(value))

    def _put_initialize(self, value: int) -> None:
        if value:
            self._detector.initialize()
            self._records["cam1:SequenceId"] = 0
            self._records["cam1:Initialize"] = 0

    # The cycle

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._state == "Idle":
                    self._message("Ready")
            self._start.wait()
            self._start.clear()
            if self._closed.is_set():
                return
            self._cycle()

    def _cycle(self) -> None:
        with self._lock:
            self._set_state("Acquire")
            for event in (self._stopped, self._manual_trigger, self._pulse):
                event.clear()
            plan = self._camera.latch()
            if plan.problem:
                self._fail(plan.problem)
                return
            self._message("Arming")
        if not self._arm(plan):
            return
        moving = self._begin_moving(plan)
        streaming = self._begin_streaming(plan)
        self._send_triggers(plan)
        self._detector.disarm()
        self._records["cam1:Armed"] = 0
        self._message("Processing files")
        if moving:
            moving()
        if streaming:
            streaming()
        while self._records["Sim:Hang"] and not self._closed.wait(0.02):
            pass
        self._finish(plan)

    def _arm(self, plan: Plan) -> bool:
        if plan.one_image:
            self._records["cam1:NumImages_RBV"] = 1
        if plan.moves_files and plan.request.images_per_file < 1:
            self._die("FWNImagesPerFile is 0")  # the driver divides by it
        try:
            number = self._detector.arm(plan.request, refuse=bool(self._records["Sim:FailArm"]))
        except ArmError as error:
            with self._lock:
                self._records["cam1:State_RBV"] = "error"
                self._records["cam1:Error_RBV"] = str(error)
                self._fail("Failed to arm the detector")
            return False
        self._records["cam1:State_RBV"] = "idle"
        self._records["cam1:Error_RBV"] = ""
        self._records["cam1:NumImagesCounter_RBV"] = 0
        self._message("Armed")
        self._records["cam1:SequenceId"] = number
        self._records["cam1:Armed"] = 1
        self._die("Armed")
        return True

    def _send_triggers(self, plan: Plan) -> None:
        if plan.external:
            self._message("Waiting for external triggers (press Stop when done)")
            while self._counter() < plan.images and not self._stopped.is_set():
                self._trigger_on(self._pulse)
            return
        self._message("Waiting for manual triggers" if plan.manual else "Triggering")
        sent = 0
        while self._state == "Acquire" and sent < plan.request.triggers and not self._closed.is_set():
            if not plan.manual:
                self._manual_trigger.set()
            sent += self._trigger_on(self._manual_trigger)

    def _trigger_on(self, event: threading.Event) -> bool:
        """Trigger the detector if the event comes, and say whether it did."""
        if self._closed.is_set() or not event.wait(_MANUAL_POLL_S):
            return False
        event.clear()
        self._detector.trigger()
        return True

    def _finish(self, plan: Plan) -> None:
        if plan.one_image:
            self._records["cam1:NumImages_RBV"] = plan.images_set
        with self._lock:
            if self._state == "Acquire":
                if plan.trigger_mode == "Continuous":
                    self._start.set()
                    return
                self._set_state("Idle")
                self._end_acquire()
            elif self._state == "Aborted":
                self._message("Acquisition aborted")
                self._end_acquire()

    def _fail(self, message: str) -> None:
        self._set_state("Error")
        self._message(message)
        self._end_acquire()

    def _end_acquire(self) -> None:
        while self._records["cam1:WaitForPlugins"] and self._arrays.queued and not self._closed.is_set():
            self._closed.wait(0.005)
        self._records["cam1:Acquire"] = 0
        self._set_acquiring(False)

    # Files and images

    def _begin_moving(self, plan: Plan) -> Callable[[], None] | None:
        """Begin to fetch files; what comes back waits for their end."""
        if not plan.moves_files:
            return None
        job = MoveJob(
            names=plan.file_names(self._detector.sequence_id),
            save=self._saver.save if plan.save else None,
            parse=self._parse if plan.source == "FileWriter" else None,
            remove=plan.remove,
        )
        stop = threading.Event()
        mover = FileMover(self._detector, self._closed, self._saver.refuse_download)
        thread = threading.Thread(target=mover.run, args=(job, stop), name="files", daemon=True)
        thread.start()

        def wait() -> None:
            self._closed.wait(_AFTER_FILE_WRITER_S)
            stop.set()
            thread.join()

        return wait

    def _parse(self, content: bytes) -> None:
        for image in images_in(content):
            self._arrays.publish(self._signed(image))

    def _begin_streaming(self, plan: Plan) -> Callable[[], None] | None:
        """Begin to take images from the stream; what comes back waits for their end."""
        if plan.source != "Stream":
            return None
        stream: queue.SimpleQueue[np.ndarray | None] = queue.SimpleQueue()

        def receive() -> None:
            while (image := stream.get()) is not None:
                self._arrays.publish(self._signed(image))

        thread = threading.Thread(target=receive, name="stream", daemon=True)
        thread.start()
        self._stream = stream

        def wait() -> None:
            self._stream = None
            stream.put(None)
            thread.join()

        return wait

    def _on_image(self, image: Exposed) -> None:
        if self._stream is not None:
            self._stream.put(image.frame())
        if not image.last:
            self._die("Between")

    def _signed(self, image: np.ndarray) -> np.ndarray:
        """Return the image with the signed pixel type if the driver is to make that."""
        if self._records.get("cam1:SignedData_RBV"):
            return image.view(f"<i{image.itemsize}")
        return image

    # Records

    def _counter(self) -> int:
        return self._records["cam1:NumImagesCounter_RBV"]

    def _message(self, text: str) -> None:
        self._records["cam1:StatusMessage_RBV"] = text

    def _set_state(self, state: str) -> None:
        self._state = state
        self._records["cam1:DetectorState_RBV"] = state

    def _set_acquiring(self, acquiring: bool) -> None:
        self._records["cam1:Acquire_RBV"] = acquiring
        self._records["cam1:AcquireBusy"] = acquiring
        if acquiring:
            self._busy.begin()
        else:
            self._busy.end()
