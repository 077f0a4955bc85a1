"""Which signals are made at once, later, or not at all."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from ophyd import Component, Device
from ophyd.device import do_not_wait_for_lazy_connection
from ophyd.ophydobj import Kind
from ophyd.signal import EpicsSignalBase

__all__ = ["OptionalSignals", "instantiate", "instantiate_all"]

logger = logging.getLogger(__name__)

_PROBE_S = 1.0


def instantiate(device: Device, names: Iterable[str]) -> None:
    """Make lazy signals of a device, so that they connect all at once in the background.

    ophyd would make each at its first use, and wait for it then.
    """
    with do_not_wait_for_lazy_connection(device):
        for name in names:
            getattr(device, name)


def instantiate_all(device: Device) -> None:
    """Make all signals of a device and of its parts; see `instantiate`."""
    instantiate(device, device.component_names)
    for _, part in device.walk_subdevices(include_lazy=True):
        instantiate(part, part.component_names)


class OptionalSignals(Device):
    """A device that drops, on the instance, those optional signals whose PVs the IOC does not serve.

    Which these are is looked up once, when the first of them is needed and the IOC answers: a signal that
    always exists has connected, and the optional ones had a short while to do the same. A dropped signal is
    None, as ophyd has it for components that a subclass removes.
    """

    _optional_signals: ClassVar[tuple[str, ...]] = ()
    """Attributes that may be missing."""

    _served_signal: ClassVar[str] = "port_name"
    """An attribute that every version serves."""

    _probed = False

    def drop_missing_signals(self) -> tuple[str, ...]:
        """Drop what the IOC does not serve and return the attributes dropped.

        Raises
        ------
        TimeoutError
            The IOC does not answer.
        """
        if self._probed:
            return ()
        getattr(self, self._served_signal).wait_for_connection()
        instantiate(self, self._optional_signals)
        probed = {name: self._signals[name] for name in self._optional_signals}
        deadline = time.monotonic() + _PROBE_S
        while not all(signal.connected for signal in probed.values()) and time.monotonic() < deadline:
            time.sleep(0.01)
        missing = tuple(name for name, signal in probed.items() if not signal.connected)
        self._probed = True
        if missing:
            self._drop({name: probed[name] for name in missing})
        return missing

    def _drop(self, missing: dict[str, EpicsSignalBase]) -> None:
        logger.info(
            "%s: this driver has no %s; dropped on this device",
            self.name,
            ", ".join(signal.pvname for signal in missing.values()),
        )
        for name, signal in missing.items():
            signal.destroy()
            del self._signals[name]
        # A class of its own for this instance: ophyd keeps its list of components on the class.
        cls = type(self)
        self.__class__ = type(cls.__name__, (cls,), dict.fromkeys(missing))  # pyright: ignore[reportAttributeAccessIssue]

    def walk_signals(self, *, include_lazy: bool = False) -> Iterator[Any]:
        """Walk all signals; see `ophyd.Device.walk_signals`."""
        if include_lazy:
            self.drop_missing_signals()
            instantiate_all(self)
        yield from super().walk_signals(include_lazy=include_lazy)

    def _get_components_of_kind(self, kind: Kind) -> Iterator[tuple[str, Component]]:
        if any(
            self._get_kind(name) & kind for name in self._optional_signals if name in self.component_names
        ):
            self.drop_missing_signals()
        yield from super()._get_components_of_kind(kind)
