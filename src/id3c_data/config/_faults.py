"""What is wrong with arguments, by the models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from reprlib import Repr
from typing import TYPE_CHECKING, Any, get_args

import yaml

from ..errors import ConfigError
from ._names import did_you_mean
from ._plugins import CREATORS, DETECTOR

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

__all__ = ["Fault", "faults", "model_of", "shown", "unknown_argument"]

_short = Repr()
_short.maxstring = _short.maxother = 80
_short.maxlevel = 2
shown = _short.repr
"""Like `repr`, but short, whatever the value is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one argument.

    Parameters
    ----------
    code
        Of the rule that is broken.
    argument
        Its name.
    place
        Keys and indices to the value that is wrong, from the argument on.
    what, next_step
        What is wrong, and what to write instead.
    """

    code: str
    argument: str
    place: tuple[str | int, ...]
    what: str
    next_step: str

    def as_error(self, where: str = "") -> ConfigError:
        """Return it as an error, for a device that refuses it."""
        return ConfigError(self.what, where, self.next_step, self.code)


def faults(model: type[BaseModel], values: Mapping[str, Any], made_by: str) -> Iterator[Fault]:
    """Yield what a model refuses: unknown (E205), missing (E206) and wrong (E207) arguments."""
    from pydantic import ValidationError

    try:
        model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            yield _fault(model, detail, made_by)


def model_of(made_by: str, *, is_part: bool) -> type[BaseModel] | None:
    """Return the model of a class or creator, if it has one.

    Pydantic is imported only where there is something that may have one.
    """
    if not is_part and made_by not in (DETECTOR, *CREATORS):
        return None
    from ._models import MODELS, PLUGIN_MODELS

    return PLUGIN_MODELS.get(made_by) if is_part else MODELS.get(made_by)


def _fault(model: type[BaseModel], detail: ErrorDetails, made_by: str) -> Fault:
    place = detail["loc"]
    argument = str(place[0])
    if detail["type"] == "missing":
        what, next_step = f"{made_by} needs {argument}", f"add `{argument}:` to this device"
        return Fault("E206", argument, place, what, next_step)
    if detail["type"] == "extra_forbidden":
        return unknown_argument(argument, model.model_fields, made_by)
    what, next_step = _words(model, argument, detail["input"])
    return Fault("E207", argument, place, what, next_step)


def unknown_argument(argument: str, known: Mapping[str, Any] | tuple[str, ...], made_by: str) -> Fault:
    """Return the fault of an argument that nothing takes."""
    next_step = did_you_mean(argument, known, f"it takes {', '.join(known)}")
    return Fault("E205", argument, (argument,), f"{made_by} takes no {argument!r}", next_step)


def _number_in(value: object) -> float | None:
    """Return the number that a text is meant to be; None where it is none."""
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _write_number(text: str, number: float, kind: type) -> str:
    if not math.isfinite(number) or number <= 0 or (kind is int and not number.is_integer()):
        return "use a number above 0"
    write = f"write {int(number) if number.is_integer() else number}"
    is_plain = isinstance(yaml.safe_load(text), str)
    return f"{write}: YAML takes {text} for text" if is_plain else f"{write}, without quotes"


def _words(model: type[BaseModel], argument: str, value: object) -> tuple[str, str]:
    from ._models import Words

    field = model.model_fields[argument]
    said = next((words for words in field.metadata if isinstance(words, Words)), None)
    if said is not None:
        kind: Any = field.annotation
        number = _number_in(value) if kind in (int, float) else None
        next_step = said.next_step if number is None else _write_number(str(value), number, kind)
        return f"{argument}: {shown(value)} {said.what}", next_step
    allowed = [str(choice) for choice in get_args(field.annotation)]
    listed = f"use one of {', '.join(map(repr, allowed))}"
    nearest = did_you_mean(value, allowed, listed) if isinstance(value, str) else listed
    return f"{argument}: {shown(value)} is not known", nearest
