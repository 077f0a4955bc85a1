"""What a run of the device is like, as its user chose it."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..documents import Writer
from ..errors import ConfigError
from ..paths import PathTemplates
from ._acquisition import Source

__all__ = [
    "DataSource",
    "RunOptions",
    "Series",
    "check_file_prefix",
    "check_flag",
    "check_hinted",
    "check_keywords",
    "check_seconds",
    "source_named",
]

DataSource = Literal["Stream", "FileWriter", "None"]
Series = Literal["point", "run"]

_LONGEST_PREFIX = 28  # with unique id, series and file number a name fits the 64 characters left for it
_SOURCES = {"None": Source.NONE, "FileWriter": Source.FILE_WRITER, "Stream": Source.STREAM}


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The choices for one run; see `Eiger2Detector`.

    Raises
    ------
    ConfigError
        One of them cannot be.
    """

    templates: PathTemplates
    writer: Writer
    series: Series
    num_images: int
    images_per_file: int
    source: Source
    swmr: bool
    timeout_s: float
    file_timeout_s: float

    def __post_init__(self) -> None:
        _check_choice("writer", self.writer, Writer)
        _check_choice("series", self.series, Series)
        _check_count("num_images", self.num_images)
        _check_count("images_per_file", self.images_per_file)  # 0 crashes the driver
        check_seconds("timeout", self.timeout_s)
        check_seconds("file_timeout", self.file_timeout_s)
        check_flag("swmr", self.swmr)

    @property
    def for_run(self) -> bool:
        """Whether one series is for the whole run."""
        return self.series == "run"


def source_named(name: str) -> Source:
    """Return a data source by its name, or refuse it."""
    _check_choice("data_source", name, DataSource)
    return _SOURCES[name]


def check_file_prefix(prefix: str) -> str:
    """Return the start of file names, or refuse it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", prefix) or len(prefix) > _LONGEST_PREFIX:
        raise ConfigError(
            f"file_prefix: {prefix!r} cannot start a file name",
            next_step=f"use at most {_LONGEST_PREFIX} letters, digits, '.', '_' and '-'",
        )
    return prefix


def check_keywords(given: Iterable[str], device_class: type) -> None:
    """Refuse keyword arguments that neither a device class nor ophyd's bases know."""
    known = {
        name
        for base in device_class.__mro__
        for name, parameter in inspect.signature(base.__init__).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name != "self"
    }
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"{device_class.__name__} has no argument {name!r}",
                next_step=f"did you mean {near[0]!r}?" if near else "take it away",
            )


def check_flag(option: str, value: object) -> bool:
    """Return a choice between yes and no, or refuse what is neither."""
    if not isinstance(value, bool):
        raise ConfigError(f"{option}: {value!r} is neither true nor false", next_step="use true or false")
    return value


def check_seconds(option: str, value: object) -> float:
    """Return a time, or refuse what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ConfigError(f"{option}: {value!r} is no time", next_step="use a number of seconds above 0")
    return value


def check_hinted(hinted: object) -> list[str]:
    """Return the names of hinted signals, or refuse what is no list of names."""
    if not isinstance(hinted, list | tuple) or not all(isinstance(name, str) for name in hinted):
        raise ConfigError(
            f"hinted: {hinted!r} is no list of names",
            next_step='use a list of signals, such as ["stats1.total"]',
        )
    return list(hinted)


def _check_choice(option: str, value: object, choices: Any) -> None:
    allowed = get_args(choices)
    if value not in allowed:
        raise ConfigError(
            f"{option}: {value!r} is not known",
            next_step=f"use one of {', '.join(map(repr, allowed))}",
        )


def _check_count(option: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{option}: {value!r} is no count", next_step="use a whole number from 1 on")
