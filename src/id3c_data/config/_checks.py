"""What a check of devices.yml is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..errors import ConfigError
from ._arguments import Arguments
from ._document import Document
from ._entries import DeviceEntry
from ._problem import Finding

__all__ = ["Check", "Devices", "check_of"]


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
    """

    documents: tuple[Document, ...]
    entries: tuple[DeviceEntry, ...]
    arguments: Mapping[str, Arguments | ConfigError]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, and the generator that finds where it is broken.

    Parameters
    ----------
    code
        Its stable code; never given to another check again.
    rule
        What is true of a right file, in words: the line in the reference.
    find
        Yields a finding for each place where the rule is broken.
    """

    code: str
    rule: str
    find: Callable[[Devices], Iterator[Finding]]


def check_of(code: str, rule: str) -> Callable[[Callable[[Devices], Iterator[Finding]]], Check]:
    """Make a generator of findings the check of that code and rule."""
    return lambda find: Check(code, rule, find)
