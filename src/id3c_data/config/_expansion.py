"""What path templates become at a moment, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ._checks import Devices
from ._template_sites import WRITE, RightSite, right_sites

__all__ = ["expansions"]

_EXAMPLE = "example_1_master.h5"


def expansions(devices: Devices, moment: datetime) -> Iterator[str]:
    """Yield, for each pair of templates, its folders at a moment and where readers find a file of the IOC.

    Parameters
    ----------
    devices
        As `load` returns them; templates that break a rule are left out, because its problems say why.
    moment
        When the run starts, in local time as the device takes it.
    """
    for site in right_sites(devices.sites):
        yield _expansion(site, moment)


def _expansion(site: RightSite, moment: datetime) -> str:
    templates = site.templates
    folders = templates.at(moment)
    written = f"{folders.write}{_EXAMPLE}"
    start = site.nodes[WRITE][0].start_mark
    return "\n".join(
        [
            f"{site.entry.name}{f', plugin {site.plugin}' if site.plugin else ''}"
            f"  ({site.entry.creator}, {site.entry.path}:{start.line + 1})",
            f"  at     {moment:%Y-%m-%d %H:%M:%S}",
            f"  write  {folders.write}",
            f"  read   {folders.read}",
            f"  a file {written}",
            f"      -> {templates.to_read(written)}",
            "",
        ]
    )
