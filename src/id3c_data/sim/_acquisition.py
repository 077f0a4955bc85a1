"""The driver's acquisition cycle: arm, triggers, files, end; and what ``Acquire`` and ``Trigger`` do to it.

States and messages, and their order, are those of the ADEiger driver's control task, with its peculiarities:
a stop is a success, the files of a stopped series still come, and a start while the old cycle still processes
files completes at once and starts a series that nobody waits for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from id3c_data.sim._busy import Busy
from id3c_data.sim._camera import Camera, Plan
from id3c_data.sim._detector import ArmError, Detector, Exposed
from id3c_data.sim._image_tasks import FileTask, StreamTask
from id3c_data.sim._ndarray import CameraArrays
from id3c_data.sim._records import Records
from id3c_data.sim._saver import FileSaver

__all__ = ["Acquisition"]

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
        self._stream: StreamTask | None = None
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
        self._detector.close()
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
            self._start.wait()
            self._start.clear()
            if self._closed.is_set():
                return
            self._cycle()
            with self._lock:
                if self._state == "Idle":
                    self._message("Ready")

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
        tasks = self._begin_tasks(plan)
        self._send_triggers(plan)
        self._detector.disarm()
        self._records["cam1:Armed"] = 0
        self._message("Processing files")
        self._stream = None
        for task in tasks:
            task.finish()
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

    def _begin_tasks(self, plan: Plan) -> list[FileTask | StreamTask]:
        """Begin to fetch files and to take images from the stream."""
        tasks: list[FileTask | StreamTask] = []
        if plan.moves_files:
            detector = self._detector
            tasks.append(
                FileTask(plan, detector.sequence_id, detector, self._saver, self._arrays, self._closed)
            )
        if plan.source == "Stream":
            self._stream = StreamTask(self._arrays)
            tasks.append(self._stream)
        return tasks

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

    def _on_image(self, image: Exposed) -> None:
        if self._stream is not None:
            self._stream.send(image.frame())
        if not image.last:
            self._die("Between")

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
