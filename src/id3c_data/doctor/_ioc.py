"""PVs of one IOC over Channel Access, asked with bounded patience."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import DetectorTimeout, MissingExtra
from ._bounded import look_until

if TYPE_CHECKING:
    from epics import PV

__all__ = ["HOW_TO_REACH", "Ioc"]

HOW_TO_REACH = "see whether the IOC runs, the prefix is right, and EPICS_CA_ADDR_LIST leads to it"


class Ioc:
    """PVs below one prefix.

    Parameters
    ----------
    prefix
        Start of all names.
    patience_s
        Longest that one question may take.

    Raises
    ------
    MissingExtra
        Where pyepics is not installed.
    """

    def __init__(self, prefix: str, patience_s: float) -> None:
        try:
            from epics import PV
        except ImportError as error:
            raise MissingExtra("pyepics", "devices") from error
        self.prefix, self.patience_s = prefix, patience_s
        self._make, self._pvs = PV, dict[str, "PV"]()

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return those names, prefix and all, that nothing answers for; all are looked for at once."""
        pvs = {name: self._pv(name) for name in names}
        look_until(lambda: all(map(_is_known, pvs.values())), self.patience_s)
        return [self.prefix + name for name, pv in pvs.items() if not _is_known(pv)]

    def serves(self, name: str) -> bool:
        """Say whether something answers for a name that was looked for before; nothing is waited for."""
        return _is_known(self._pv(name))

    def get(self, name: str, *, as_string: bool = False) -> Any:
        """Return a value as the IOC has it now, an array whole.

        Raises
        ------
        DetectorTimeout
            No answer came in time.
        """
        pv = self._pv(name)
        # all elements: without a count, pyepics asks for as many as the value had that it saw last
        count = pv.nelm if _is_known(pv) else None
        value = pv.get(count=count, as_string=as_string, use_monitor=False, timeout=self.patience_s)
        if value is None:
            raise self._no_answer(name)
        return value

    def timestamp(self, name: str) -> float:
        """Return when the IOC last changed a value, by its own clock, in seconds since 1970.

        Raises
        ------
        DetectorTimeout
            No answer came in time.
        """
        pv = self._pv(name)
        pv.get(use_monitor=False, timeout=self.patience_s)
        if pv.timestamp is None:
            raise self._no_answer(name)
        return float(pv.timestamp)

    def may_write(self, name: str) -> bool:
        """Say whether the IOC lets this user write."""
        return bool(self._pv(name).write_access)

    def put(self, name: str, value: Any) -> None:
        """Write a value, and wait until the IOC is done with it.

        Raises
        ------
        DetectorTimeout
            It was not in time.
        """
        if self._pv(name).put(value, wait=True, timeout=self.patience_s) != 1:
            raise self._no_answer(name)

    def close(self) -> None:
        """Give up all PVs."""
        for pv in self._pvs.values():
            pv.disconnect()
        self._pvs.clear()

    def _pv(self, name: str) -> PV:
        if name not in self._pvs:
            self._pvs[name] = self._make(self.prefix + name, form="time", auto_monitor=False)
        return self._pvs[name]

    def _no_answer(self, name: str) -> DetectorTimeout:
        return DetectorTimeout(
            f"no answer within {self.patience_s:g} s",
            where=self.prefix + name,
            next_step="see whether the IOC still runs",
        )


def _is_known(pv: PV) -> bool:
    """Say whether a PV is connected and pyepics has learnt its type, which comes a moment later."""
    return bool(pv.connected) and pv.type != "unknown"
