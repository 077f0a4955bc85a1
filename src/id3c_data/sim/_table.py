"""The PVs that the simulated IOC serves, as a running ADEiger IOC served them.

The table stands in ``pvs.tsv``: name below the prefix, record type, type over Channel Access, count, enum
strings, value at boot, and the driver that has it where not both do. ``cam1:``, ``HDF1:``, ``image1:`` and
``Pva1:`` were read from an IOC with driver 3.6.0 and ADCore 3.14; ``ROI1:`` and ``Stats1:`` stand in ADCore's
templates, their values at boot are those that the other plugins share or the templates set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

__all__ = ["DRIVERS", "Driver", "Pv", "pv_table"]

Driver = Literal["3.5", "3.6"]
"""Generations of the ADEiger driver: some PVs exist only after R3-5, one only until then."""

DRIVERS: Final[tuple[Driver, ...]] = get_args(Driver)


@dataclass(frozen=True, slots=True)
class Pv:
    """One row of the table."""

    name: str
    """Name below the prefix, with the plugin: ``cam1:Acquire``."""
    record: str
    """EPICS record type of the real IOC."""
    type: str
    """Type over Channel Access: enum, long, double, string, char."""
    count: int
    choices: tuple[str, ...]
    """Enum strings."""
    value: str
    """Value at boot, in words."""
    driver: str
    """The driver generation that alone has it, or nothing."""

    @property
    def is_array(self) -> bool:
        """Whether it holds many numbers (a text is not an array)."""
        return self.record in ("waveform", "subArray") and self.type != "char"


@cache
def _all_rows() -> tuple[Pv, ...]:
    lines = files("id3c_data.sim").joinpath("pvs.tsv").read_text("utf-8").splitlines()[1:]
    return tuple(_parse(line) for line in lines)


def _parse(line: str) -> Pv:
    name, record, kind, count, choices, value, driver = line.split("\t")
    return Pv(name, record, kind, int(count), tuple(choices.split("|")) if choices else (), value, driver)


def pv_table(driver: Driver = "3.6") -> tuple[Pv, ...]:
    """Return all PVs that an IOC with this driver generation serves."""
    return tuple(row for row in _all_rows() if row.driver in ("", driver))
