"""What the real IOC does not have: faults to make, at start or by PVs ``{prefix}Sim:…``, and two inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from id3c_data.sim._table import Pv

__all__ = ["FAULTS", "Knob", "knob_rows", "parse_fault"]


@dataclass(frozen=True, slots=True)
class Knob:
    """One PV beside those of the real IOC."""

    pv: str
    """Name of its PV below the prefix."""
    what: str
    """What it does."""
    record: str = "bo"
    """Record type."""
    choices: tuple[str, ...] = ("Off", "On")
    default: str = ""

    @property
    def name(self) -> str:
        """Name on the command line."""
        return self.pv.removeprefix("Sim:").lower()

    @property
    def row(self) -> Pv:
        """Row of the table of PVs."""
        kind = {"bo": "enum", "mbbo": "enum", "longout": "long", "ao": "double"}[self.record]
        choices = self.choices if kind == "enum" else ()
        return Pv(self.pv, self.record, kind, 1, choices, self.default, "")


_FAULTS = (
    Knob("Sim:DropFile", "data file of this number (from 1) never appears on the DCU; 0: none", "longout"),
    Knob("Sim:HalfFile", "saving this data file stops half-way and the driver goes on; 0: none", "longout"),
    Knob("Sim:MasterDelay", "seconds that the master comes late on the DCU", "ao", default="0"),
    Knob("Sim:MoverDelay", "seconds that each file stays half-written while it is saved", "ao", default="0"),
    Knob("Sim:RefusePath", "the IOC says that no path exists"),
    Knob("Sim:FailArm", "the detector refuses to arm"),
    Knob("Sim:FailDownload", "downloads of data files from the DCU fail"),
    Knob("Sim:Hang", "the driver does not get past its next 'Processing files' while this is on"),
    Knob("Sim:DropArrays", "so many next NDArrays find every plugin's queue full", "longout"),
    Knob("Sim:AbsoluteLinks", "masters link to data files by absolute paths as the IOC sees them"),
    Knob(
        "Sim:Die",
        "the IOC's process ends at once: when armed, between two exposures, while a file is saved",
        "mbbo",
        ("Never", "Armed", "Between", "Downloading"),
    ),
)
_INPUTS = (
    Knob("Sim:BitDepth", "bits of a pixel from the next arm on: 8, 16 or 32", "longout"),
    Knob("Sim:ExternalTrigger", "any write is one pulse at the external trigger input", "longout"),
)

FAULTS: Final[Mapping[str, Knob]] = MappingProxyType({knob.name: knob for knob in _FAULTS})
"""All faults by their name on the command line."""


def knob_rows() -> Iterable[Pv]:
    """Return the rows of the table of PVs for all of them."""
    return [knob.row for knob in (*_FAULTS, *_INPUTS)]


def parse_fault(text: str) -> tuple[str, str]:
    """Return PV name and value of ``name`` or ``name=value``, such as ``dropfile=2`` or ``failarm``."""
    name, equals, value = text.partition("=")
    knob = FAULTS.get(name.lower().replace("-", ""))
    if knob is None:
        raise ValueError(f"fault {name!r} is not known; there are: {', '.join(sorted(FAULTS))}")
    if not equals:
        value = knob.choices[1] if knob.record == "bo" else "1"
    if knob.record in ("bo", "mbbo"):
        value = value.capitalize()
        if value not in knob.choices:
            raise ValueError(f"fault {text!r}: {name} takes one of {', '.join(knob.choices)}")
    else:
        try:
            float(value)
        except ValueError:
            raise ValueError(f"fault {text!r}: {name} takes a number") from None
    return knob.pv, value
