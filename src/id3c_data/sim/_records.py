"""EPICS records for the table of PVs, and the one place where softioc is spoken to.

A put reaches Python in the order in which the records were processed, in one thread. Records that a client
sets and the driver resets (``Acquire``, ``Capture``) must take an abort while the put of 1 is pending, so
they do not block themselves: each has a forward link to a *gate*, a record that stays busy until the work is
over. EPICS then completes the put-callback when the gate is done, as with areaDetector's busy records.

A put of 0 does not open the gate: what it ends is told by the gate of the put of 1. EPICS does not process a
busy gate again, so one that a 0 had opened would end the put-callback of a 1 that came right behind it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
from epicsdbbuilder import SetSimpleRecordNames
from softioc import alarm, builder

from id3c_data.sim._busy import Busy
from id3c_data.sim._table import Pv

__all__ = ["Dispatcher", "Records"]

Value = int | float | str | np.ndarray
PutHandler = Callable[[Any], None]
Validator = Callable[[Any], bool]

_PROCESSED_WITH_THE_PUT: Final = ":FilePath"
"""Records whose put-callback comes when the driver is done with the value, as asyn's all do."""

_DTYPES: Final[Mapping[str, type]] = {"long": np.int32, "double": np.float64}


class Dispatcher:
    """Runs the put handlers, one after the other, in a thread of its own.

    softioc calls it from the thread that processes a record. A record that Python itself sets is processed
    in the thread that sets it; such a put is not handled again.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._own = threading.local()
        self._thread = threading.Thread(target=self._run, name="puts", daemon=True)
        self._thread.start()

    def __call__(
        self,
        func: Callable[..., Any],
        func_args: tuple[Any, ...] = (),
        completion: Callable[..., None] | None = None,
        completion_args: tuple[Any, ...] = (),
    ) -> None:
        """Take a put; a handler that returns a `Busy` completes when that ends."""
        complete = (lambda: completion(*completion_args)) if completion else (lambda: None)
        if getattr(self._own, "setting", False):
            complete()
        else:
            self._jobs.put(lambda: self._handle(func, func_args, complete))

    def quietly(self, change: Callable[..., None], *args: Any) -> None:
        """Change an output record without handling that as a put."""
        self._own.setting = True
        try:
            change(*args)
        finally:
            self._own.setting = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run something in the thread of the puts."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End the thread."""
        self._jobs.put(None)
        self._thread.join(1.0)

    def _handle(self, func: Callable[..., Any], args: tuple[Any, ...], complete: Callable[[], None]) -> None:
        busy = None
        try:
            busy = func(*args)
        finally:
            if isinstance(busy, Busy):
                busy.when_idle(complete)
            else:
                complete()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class Records:
    """All records of the IOC by their name below the prefix.

    Every output record with a readback of the same name and ``_RBV`` hands each put on to it, until a
    handler takes the put instead.

    Parameters
    ----------
    prefix
        Start of all names, with its colon.
    table
        The PVs.
    dispatcher
        Runs the handlers of puts.
    boot
        Values at boot where they differ from the table.
    gated
        Records that the driver resets, with what they wait for.
    """

    def __init__(
        self,
        prefix: str,
        table: Iterable[Pv],
        dispatcher: Dispatcher,
        *,
        boot: Mapping[str, Value],
        gated: Mapping[str, Busy],
    ) -> None:
        self._dispatcher = dispatcher
        self._table = {pv.name: pv for pv in table}
        self._handlers: dict[str, PutHandler] = {}
        self._validators: dict[str, Validator] = {}
        self._refused: set[str] = set()
        self._records: dict[str, Any] = {}
        self._prefix = prefix
        SetSimpleRecordNames(prefix, "")
        gates = {name: self._make_gate(name, busy) for name, busy in gated.items()}
        for pv in self._table.values():
            extra = {"FLNK": gates[pv.name]} if pv.name in gates else {}
            self._records[pv.name] = self._make(pv, boot.get(pv.name, pv.value), extra)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a PV: a number (an enum's index), a text or an array."""
        return self._records[name].get()

    def __setitem__(self, name: str, value: Value) -> None:
        """Set a PV from the IOC's side; an enum by its index or its text."""
        pv, record = self._table[name], self._records[name]
        value = _fitting(pv, value)
        if _is_output(pv):
            self._dispatcher.quietly(record.set, value)
        else:
            record.set(value)

    def get(self, name: str) -> Any:
        """Return the value of a PV, or None if this driver generation does not have it."""
        return self[name] if name in self._records else None

    def choice(self, name: str) -> str:
        """Return the text of an enum."""
        return self._table[name].choices[self[name]]

    def on_put(self, name: str, handler: PutHandler) -> None:
        """Let a handler take the puts of a PV; it sets the readback itself."""
        if not _is_output(self._table[name]):
            raise ValueError(f"{name} takes no puts")
        self._handlers[name] = handler

    def accept_only(self, name: str, validator: Validator) -> None:
        """Refuse puts for which the validator is false: alarm, and the old value stays."""
        self._validators[name] = validator

    def _put(self, value: Any, name: str) -> None:
        """Handle a put."""
        if name in self._refused:
            self._refused.discard(name)
            self._set_alarm(name, alarm.NO_ALARM, alarm.NO_ALARM)
        if name in self._handlers:
            self._handlers[name](value)
        elif f"{name}_RBV" in self._records:
            self[f"{name}_RBV"] = value

    def _validate(self, name: str, value: Any) -> bool:
        """Say whether a put is taken; runs in the thread that processes the record."""
        choices = self._table[name].choices
        possible = not choices or value < len(choices)
        if possible and (name not in self._validators or self._validators[name](value)):
            return True
        self._dispatcher.submit(lambda: self._refuse(name))
        return False

    def _refuse(self, name: str) -> None:
        """Raise the alarm of a put that was not taken; the next good put ends it."""
        self._refused.add(name)
        self._set_alarm(name, alarm.INVALID_ALARM, alarm.WRITE_ALARM)

    def _set_alarm(self, name: str, severity: int, status: int) -> None:
        self._dispatcher.quietly(self._records[name].set_alarm, severity, status)

    def _make_gate(self, name: str, busy: Busy) -> Any:
        gate = f"Sim:{name.replace(':', '')}Gate"
        return builder.boolOut(
            gate,
            on_update=lambda _: busy,
            always_update=True,
            blocking=True,
            SDIS=f"{self._prefix}{name}",
            DISV=0,
        )

    def _make(self, pv: Pv, value: Value, extra: dict[str, Any]) -> Any:
        """Make one record."""
        options = {"initial_value": _fitting(pv, value), **_fields(pv), **extra}
        kind = pv.record
        if _is_output(pv):
            name = pv.name
            options["on_update"] = lambda new: self._put(new, name)
            options["validate"] = lambda _, new: self._validate(name, new)
            options["always_update"] = True  # a put of the same value counts too
            options["blocking"] = name.endswith(_PROCESSED_WITH_THE_PUT)
        else:
            options["DISP"] = 0  # a real IOC lets readbacks be written
        if pv.is_array:
            make = builder.WaveformOut if _is_output(pv) else builder.WaveformIn
            return make(pv.name, length=pv.count, datatype=_DTYPES[pv.type], **options)
        if kind == "waveform":
            make = builder.longStringOut if _is_output(pv) else builder.longStringIn
            return make(pv.name, length=pv.count, **options)
        if kind in ("mbbi", "mbbo"):
            make = builder.mbbIn if kind == "mbbi" else builder.mbbOut
            return make(pv.name, *pv.choices, **options)
        return _MAKERS[kind](pv.name, **options)


_MAKERS: Final[Mapping[str, Callable[..., Any]]] = {
    "ai": builder.aIn,
    "calc": builder.aIn,
    "ao": builder.aOut,
    "calcout": builder.aOut,
    "longin": builder.longIn,
    "longout": builder.longOut,
    # Record types that base does not have, or that only chain others: a client sees the same value type.
    "asyn": builder.longOut,
    "fanout": builder.longOut,
    "dfanout": builder.aOut,
    "sseq": builder.longOut,
    "bi": builder.boolIn,
    "bo": builder.boolOut,
    "busy": builder.boolOut,
    "stringin": builder.stringIn,
    "stringout": builder.stringOut,
}


def _is_output(pv: Pv) -> bool:
    """Whether clients set this PV."""
    if pv.record in ("waveform", "subArray"):
        return pv.type == "char" and not pv.name.endswith("_RBV")
    return pv.record in _OUTPUTS


_OUTPUTS = frozenset(
    ("ao", "asyn", "bo", "busy", "calcout", "dfanout", "fanout", "longout", "mbbo", "sseq", "stringout")
)


def _fields(pv: Pv) -> dict[str, Any]:
    """Return the record fields that the row of the table asks for."""
    if pv.record in ("bi", "bo", "busy"):
        return {"ZNAM": pv.choices[0], "ONAM": pv.choices[1]}
    if pv.record in ("ai", "ao"):
        return {"PREC": 6}
    return {}


def _fitting(pv: Pv, value: Value) -> Any:
    """Return the value as softioc wants it for this record."""
    if pv.is_array:
        return np.asarray([] if isinstance(value, str) else value, _DTYPES[pv.type])[: pv.count]
    if pv.choices:
        if not isinstance(value, str):
            return int(value)
        return pv.choices.index(value) if value in pv.choices else 0
    if pv.type == "string":
        return str(value)[:39]
    if pv.type == "char":
        return str(value).encode()[: pv.count - 1].decode(errors="ignore")
    if pv.type == "long":
        return int(value or 0)
    return float(value or 0)
