"""Options that several commands have."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["Seconds", "path_map_option"]


class Seconds(click.FloatRange):
    """A number of seconds, from 0 on."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; what float() takes and is none is refused, too."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


def _pairs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the pairs of ``THERE=HERE``."""
    pairs = [value.partition("=") for value in values]
    for there, equals, here in pairs:
        if not (there and equals and here):
            raise click.BadParameter(f"{there + equals + here!r} is not THERE=HERE", context, option)
    return {there: here for there, _, here in pairs}


path_map_option = click.option(
    "--path-map",
    multiple=True,
    metavar="THERE=HERE",
    callback=_pairs,
    help="A root as documents or links name it, and where it is mounted here; may be given several times.",
)
"""Gives ``path_map``, as `id3c_data.paths.PathMap` takes it."""
