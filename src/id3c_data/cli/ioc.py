"""``id3c-data ioc``: the simulated Eiger2 in the foreground."""

from __future__ import annotations

import click

__all__ = ["ioc"]


@click.command("ioc", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def ioc(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the simulated Eiger2 in the foreground.

    Its options are those of ``python -m id3c_data.sim.ioc``.
    """
    from id3c_data.sim.ioc import main  # which parses the options, as it does without this package's CLI

    context.exit(main(arguments))
