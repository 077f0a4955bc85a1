"""Checks of where devices write, all of them together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ._checks import Devices, rule
from ._problem import Finding
from ._template_sites import READ, WRITE, TemplateSite, right_sites

__all__ = ["folders_are_not_shared", "sides_are_not_confused"]

_TWO = """\
apstools.devices.ad_creator:
  - name: det1
    prefix: "det1:"
    plugins: [cam, {{tiff1: {{write_path_template: "/ioc1/%Y/", read_path_template: "/data/det1/%Y/"}}}}]
  - name: det2
    prefix: "det2:"
    plugins: [cam, {{tiff1: {{write_path_template: {}, read_path_template: {}}}}}]
"""


@rule(
    "E319",
    "no two devices write over each other's files",
    wrong=_TWO.format('"/ioc2/%Y/"', '"/data/det1/%Y/"'),
    right=_TWO.format('"/ioc2/%Y/"', '"/data/det2/%Y/"'),
)
def folders_are_not_shared(devices: Devices) -> Iterator[Finding]:
    """Files of the same name are overwritten without a word.

    That can be where names are chosen in EPICS, as with apstools' `AD_EpicsFileName...` plugins. The devices
    of this package, and ophyd's file stores, give each run's files names of their own, so they may share a
    folder. Whether two folders are one is told by the read side, which is the same for all.
    """
    taken = _Taken()
    for site in right_sites(devices.sites):
        if not _is_named_in_epics(site):
            continue
        folder = str(PurePosixPath(site.value(READ)))
        other = taken.by(folder, site)
        if other is not None and other.entry is not site.entry:
            what = f"{other.entry.name!r} at {other.entry.location} writes into this folder too"
            next_step = "give each a folder of its own, or files of one are lost to the other"
            yield Finding(site.entry.path, site.nodes[READ][1], what, next_step)


def _is_named_in_epics(site: TemplateSite) -> bool:
    return site.made_by.rpartition(".")[2].startswith("AD_Epics")


class _Taken:
    """The folders that were seen so far; one of a fixed name can be one that directives are filled in for."""

    def __init__(self) -> None:
        self._fixed: dict[str, TemplateSite] = {}
        self._changing: dict[str, tuple[re.Pattern[str], TemplateSite]] = {}

    def by(self, folder: str, site: TemplateSite) -> TemplateSite | None:
        """Return which site had a folder first, and note it for this one otherwise."""
        if "%" in folder:
            pattern, _ = self._changing.setdefault(folder, (re.compile(_pattern(folder)), site))
            fixed = (other for name, other in self._fixed.items() if pattern.fullmatch(name))
            return next(fixed, self._changing[folder][1])
        self._fixed.setdefault(folder, site)
        changing = (other for pattern, other in self._changing.values() if pattern.fullmatch(folder))
        return next(changing, self._fixed[folder])


@rule(
    "W304",
    "what is the write side of one device is not the read side of another",
    wrong=_TWO.format('"/data/det2/%Y/"', '"/ioc1/%Y/"'),
    right=_TWO.format('"/ioc1/%Y/"', '"/data/det2/%Y/"'),
)
def sides_are_not_confused(devices: Devices) -> Iterator[Finding]:
    """One of the two has its sides swapped: `write_path_template` is what the IOC sees."""
    seen: dict[tuple[str, str], TemplateSite] = {}
    for site in right_sites(devices.sites):
        write, read = _top(site.templates.write_base), _top(site.templates.read_base)
        other = seen.get((read, write))
        if other is not None and write != read:
            what = f"{other.entry.name!r} at {other.entry.location} has its sides the other way round"
            next_step = "swap those of one: write is what the IOC sees, read what readers see"
            yield Finding(site.entry.path, site.nodes[WRITE][1], what, next_step)
        seen.setdefault((write, read), site)


def _top(folder: str) -> str:
    """Return the first component of a folder."""
    return re.findall(r"[^/\\]+", folder)[0]


def _pattern(template: str) -> str:
    parts = re.split(r"%(.)", template)
    return "".join(
        (r"\d+" if part in "YymdHIMSfjUWwuVG" else r"\w+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
