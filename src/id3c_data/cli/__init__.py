"""The command line: one module for each command, imported only when its command runs."""

from __future__ import annotations

from ._group import COMMANDS, CommandGroup, main

__all__ = ["COMMANDS", "CommandGroup", "main"]
