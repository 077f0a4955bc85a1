"""The group of all commands: knows their names, imports the one that runs, says its errors in words."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from id3c_data.errors import Id3cDataError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "Run the whole chain here: simulated detector, scan, catalog, frames.",
        "doctor": "Find where the chain breaks, from the configuration to the pixels that a client gets.",
        "info": "Say which versions are installed, which decoder reads frames, and how fast that is here.",
        "ioc": "Run the simulated Eiger2 in the foreground.",
        "paths": "Show what each path template of devices.yml becomes, on both sides.",
        "replay": "Bring runs into the catalog whose documents are kept on disk.",
        "schema": "Print the JSON Schema of devices.yml, for completion in editors.",
        "serve": "Run the catalog's server in the foreground.",
        "tree": "List all that is in an HDF5 file, and where its links lead.",
        "validate": "Check devices.yml, and iconfig.yml and tiled.yml beside it.",
        "verify": "Check that all frames of runs are there, and can be read.",
        "watch": "Watch runs while they go on: of the catalog, or over 0MQ.",
    }
)
"""Each command's name and its line in ``--help``, so that the help imports no command.

The command itself is the attribute of that name in the module of that name, beside this one.
"""


class CommandGroup(click.Group):
    """A click group that imports a command's module only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or give None where there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"{__package__}.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of this package becomes one message and exit code 1."""
        try:
            return super().invoke(ctx)
        except Id3cDataError as error:
            if ctx.params.get("traceback"):
                raise
            raise click.ClickException(str(error)) from error


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", is_flag=True, help="Show where in the code an error came from.")
@click.version_option(package_name="id3c-data", prog_name="id3c-data")
def main(*, traceback: bool) -> None:
    """Eiger2 frames, from the detector to your array."""
    del traceback  # read by CommandGroup.invoke
