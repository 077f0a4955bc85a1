"""What the device's arguments may be."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from ..errors import ConfigError

__all__ = ["DataSource", "Series", "check_choice", "check_file_prefix", "check_positive"]

DataSource = Literal["Stream", "FileWriter", "None"]
Series = Literal["point", "run"]

_LONGEST_PREFIX = (
    28  # with unique id, series and file number a name stays within the 64 characters left for it
)


def check_choice(option: str, value: object, choices: Any) -> None:
    """Refuse a value that is none of a Literal's."""
    allowed = get_args(choices)
    if value not in allowed:
        raise ConfigError(
            f"{option}: {value!r} is not known",
            next_step=f"use one of {', '.join(map(repr, allowed))}",
        )


def check_positive(option: str, value: object) -> None:
    """Refuse what is no whole number from 1 on; 0 images in a file crashes the driver."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{option}: {value!r} is no count", next_step="use a whole number from 1 on")


def check_file_prefix(prefix: str) -> str:
    """Return the start of file names, or refuse it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", prefix) or len(prefix) > _LONGEST_PREFIX:
        raise ConfigError(
            f"file_prefix: {prefix!r} cannot start a file name",
            next_step=f"use at most {_LONGEST_PREFIX} letters, digits, '.', '_' and '-'",
        )
    return prefix
