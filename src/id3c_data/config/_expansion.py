"""What path templates become at a moment, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ._checks import Devices
from ._ports import plugin_of
from ._template_sites import WRITE, TemplateSite, template_sites

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
    for entry in devices.entries:
        for site in template_sites(entry):
            if site.templates is not None:
                yield _expansion(site, moment)


def _expansion(site: TemplateSite, moment: datetime) -> str:
    templates = site.templates
    assert templates is not None  # noqa: S101 - its caller has seen to it
    folders = templates.at(moment)
    written = f"{folders.write}{_EXAMPLE}"
    start = site.nodes[WRITE][0].start_mark
    plugin = plugin_of(site)
    return "\n".join(
        [
            f"{site.entry.name}{f', plugin {plugin}' if plugin else ''}"
            f"  ({site.entry.creator}, {site.entry.path}:{start.line + 1})",
            f"  at     {moment:%Y-%m-%d %H:%M:%S}",
            f"  write  {folders.write}",
            f"  read   {folders.read}",
            f"  a file {written}",
            f"      -> {templates.to_read(written)}",
            "",
        ]
    )
