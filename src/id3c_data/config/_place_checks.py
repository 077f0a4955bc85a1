"""Checks of where devices write, all of them together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import PurePosixPath

from ..paths import PathTemplates
from ._checks import Devices, rule
from ._plugins import DETECTOR, EIGER2_CREATOR, HDF5_PLUGIN
from ._problem import Finding
from ._template_sites import READ, WRITE, TemplateSite, template_sites

__all__ = ["folders_are_not_shared", "sides_are_not_confused"]

_UNIQUE = (DETECTOR, EIGER2_CREATOR, HDF5_PLUGIN)  # each run's files have a name of its own

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

    The devices of this package give each run's files a name of their own, so they may share a folder. Whether
    two folders are one is told by the read side, which is the same for all.
    """
    first: list[tuple[TemplateSite, str]] = []
    for site in _sites(devices):
        if site.templates is None or site.made_by in _UNIQUE:
            continue
        folder = str(PurePosixPath(site.value(READ)))
        for other, taken in first:
            if other.entry is not site.entry and _can_be_one(folder, taken):
                what = f"{other.entry.name!r} at {other.entry.location} writes into this folder too"
                next_step = "give each a folder of its own, or files of one are lost to the other"
                yield Finding(site.entry.path, site.nodes[READ][1], what, next_step)
                break
        first.append((site, folder))


@rule(
    "W304",
    "what is the write side of one device is not the read side of another",
    wrong=_TWO.format('"/data/det2/%Y/"', '"/ioc1/%Y/"'),
    right=_TWO.format('"/ioc1/%Y/"', '"/data/det2/%Y/"'),
)
def sides_are_not_confused(devices: Devices) -> Iterator[Finding]:
    """One of the two has its sides swapped: `write_path_template` is what the IOC sees."""
    seen: list[tuple[TemplateSite, PathTemplates]] = []
    for site in _sites(devices):
        templates = site.templates
        if templates is None:
            continue
        for other, theirs in seen:
            if _swapped(templates, theirs):
                what = f"{other.entry.name!r} at {other.entry.location} has its sides the other way round"
                next_step = "swap those of one: write is what the IOC sees, read what readers see"
                yield Finding(site.entry.path, site.nodes[WRITE][1], what, next_step)
                break
        seen.append((site, templates))


def _swapped(one: PathTemplates, other: PathTemplates) -> bool:
    """Say whether the write side of each is more like the read side of the other than like its write side."""
    alike = _alike(one.write_base, other.write_base) + _alike(one.read_base, other.read_base)
    crossed = _alike(one.write_base, other.read_base), _alike(one.read_base, other.write_base)
    return min(crossed) > 0 and sum(crossed) > alike


def _alike(one: str, other: str) -> int:
    """Return how many folders two paths have in common, from the root on."""
    parts = zip(*(re.findall(r"[^/\\]+", path) for path in (one, other)), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def _can_be_one(one: str, other: str) -> bool:
    """Say whether two templates can name one folder: alike, or one fixed where the other has directives."""
    return one == other or any(
        "%" not in fixed and re.fullmatch(_pattern(changing), fixed)
        for fixed, changing in ((one, other), (other, one))
    )


def _pattern(template: str) -> str:
    parts = re.split(r"%(.)", template)
    return "".join(
        (r"\d+" if part in "YymdHIMSfjUWwuVG" else r"\w+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )


def _sites(devices: Devices) -> Iterator[TemplateSite]:
    for entry in devices.entries:
        yield from template_sites(entry)
