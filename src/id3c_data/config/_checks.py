"""What a check of devices.yml is, what it looks at, and what is said about its codes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from ..errors import ConfigError
from ._as_written import as_written
from ._document import Document
from ._entries import DeviceEntry
from ._faults import Fault
from ._plugins import DETECTOR, EIGER2_CREATOR
from ._problem import Finding, Severity, severity_of
from ._signatures import Arguments
from ._template_sites import TemplateSite, template_sites

__all__ = ["Check", "Code", "Devices", "Example", "checks_in", "findings_of", "rule"]

Example = str | Mapping[str, str]
"""The text of a devices.yml, or the texts of several files by their names."""


@dataclass(frozen=True, slots=True)
class Code:
    """What the reference says about one code.

    Parameters
    ----------
    code
        The code; never given to another rule again.
    rule
        What is true of a right file, in one line.
    why
        Why, and what happens otherwise.
    wrong, right
        Files that break and keep the rule; a plain text is that of a devices.yml. Tests see that they do.
    needs_imports
        Whether only a check that imports what the file names can tell.
    live
        Whether only a check at the beamline can tell.
    """

    code: str
    rule: str
    why: str
    wrong: Example
    right: Example
    needs_imports: bool = False
    live: bool = False

    @property
    def severity(self) -> Severity:
        """``"error"`` or ``"warning"``."""
        return severity_of(self.code)


@dataclass(frozen=True, slots=True)
class Devices:
    """What a check looks at: all files together.

    Parameters
    ----------
    documents
        Every file that could be read.
    entries
        Every device in them.
    arguments
        What each class or creator takes, or why it cannot be used, by import path. Empty where nothing
        was imported.
    beside
        The files of other kinds that stand beside them, and could be read.
    sites
        Every place in the devices where path templates stand.
    """

    documents: tuple[Document, ...]
    entries: tuple[DeviceEntry, ...]
    arguments: Mapping[str, Arguments | ConfigError] = field(
        default_factory=dict[str, Arguments | ConfigError]
    )
    beside: tuple[Document, ...] = ()
    sites: tuple[TemplateSite, ...] = field(init=False)

    def __post_init__(self) -> None:
        sites = tuple(site for entry in self.entries for site in template_sites(entry, self.base_of(entry)))
        object.__setattr__(self, "sites", sites)

    def base_of(self, entry: DeviceEntry) -> str:
        """Return this package's class that a device's class is or derives from; empty if of none."""
        takes = self.arguments.get(entry.creator)
        return takes.base if isinstance(takes, Arguments) else ""

    def is_eiger2(self, entry: DeviceEntry) -> bool:
        """Say whether a device is an Eiger2 of this package, by its class or one that derives from that."""
        return entry.creator in (DETECTOR, EIGER2_CREATOR) or self.base_of(entry) == DETECTOR


Find = Callable[[Devices], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A generator that finds where rules are broken.

    Parameters
    ----------
    codes
        What it can find; the first is what a finding is that names none.
    find
        Yields a finding for each place where a rule is broken.
    """

    codes: tuple[Code, ...]
    find: Find


def rule(
    code: str, text: str, *, wrong: Example, right: Example, needs_imports: bool = False
) -> Callable[[Find], Check]:
    """Make a generator of findings the check of that code; its docstring says why the rule is there."""

    def as_check(find: Find) -> Check:
        why = inspect.cleandoc(find.__doc__ or "")
        return Check((Code(code, text, why, wrong, right, needs_imports),), find)

    return as_check


def checks_in(*modules: ModuleType) -> tuple[Check, ...]:
    """Return every check that stands in these modules."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Check))


def findings_of(entry: DeviceEntry, faults: Iterator[Fault]) -> Iterator[Finding]:
    """Yield the faults of a device's arguments, each at its place in the file."""
    for fault in faults:
        at = entry.node_at(*fault.place)
        yield Finding(entry.path, at, *as_written(fault.what, fault.next_step, at))
