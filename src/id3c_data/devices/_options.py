"""What a run of the device is like, as its user chose it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ophyd import Kind
from ophyd.signal import DEFAULT_CONNECTION_TIMEOUT

from ..config import check_eiger2_options, unknown_argument
from ..documents import Writer
from ..errors import ConfigError
from ..paths import PathTemplates
from ._acquisition import Source

__all__ = [
    "DataSource",
    "RunOptions",
    "Series",
    "as_in_a_file",
    "check_attributes",
    "check_keywords",
    "source_named",
]

DataSource = Literal["Stream", "FileWriter", "None"]
Series = Literal["point", "run"]

_OF_OPHYD = (
    *("labels", "kind", "read_attrs", "configuration_attrs"),
    *("connection_timeout", "child_name_separator"),
)
_SOURCES = {"None": Source.NONE, "FileWriter": Source.FILE_WRITER, "Stream": Source.STREAM}


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The choices for one run; see `Eiger2Detector`.

    Raises
    ------
    ConfigError
        One of them cannot be.
    """

    detector: str
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
        check_eiger2_options(
            self.detector,
            writer=self.writer,
            series=self.series,
            num_images=self.num_images,
            images_per_file=self.images_per_file,  # 0 crashes the driver
            timeout=self.timeout_s,
            file_timeout=self.file_timeout_s,
            swmr=self.swmr,
        )

    @property
    def for_run(self) -> bool:
        """Whether one series is for the whole run."""
        return self.series == "run"


def source_named(name: str) -> Source:
    """Return a data source by its name, or refuse it."""
    check_eiger2_options(data_source=name)
    return _SOURCES[name]


def as_in_a_file(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ophyd's own keyword arguments as a devices.yml has them, without what only Python can give."""
    values = {
        name: list(value) if isinstance(value, tuple | set | frozenset) else value
        for name in _OF_OPHYD
        if (value := given.get(name)) is not None
    }
    return {
        name: value
        for name, value in values.items()
        if not isinstance(value, Kind) and value is not DEFAULT_CONNECTION_TIMEOUT
    }


def check_keywords(given: Iterable[str], device_class: type) -> None:
    """Refuse keyword arguments that neither a device class nor ophyd's bases know."""
    known = tuple(
        name
        for base in device_class.__mro__
        for name, parameter in inspect.signature(base.__init__).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name != "self"
    )
    for name in given:
        if name not in known:
            raise unknown_argument(name, known, device_class.__name__).as_error()


def check_attributes(given: Mapping[str, Any], device_class: type, name: str) -> None:
    """Refuse attributes to read where the class has no component of that name."""
    for argument in ("read_attrs", "configuration_attrs"):
        for path in given.get(argument) or ():
            owner: Any = device_class
            for part in path.split("."):
                component = getattr(owner, "_sig_attrs", {}).get(part)
                if component is None:
                    raise ConfigError(
                        f"{argument}: there is no component {path!r}",
                        where=name,
                        next_step='name a part and its signal with a dot between, such as "stats1.total"',
                        code="E215",
                    )
                owner = component.cls
