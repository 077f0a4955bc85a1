"""What a class or creator takes: found by importing it, but kept as plain names."""

from __future__ import annotations

import importlib
import inspect
import keyword
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..errors import ConfigError

__all__ = [
    "Arguments",
    "FindArguments",
    "arguments_of",
    "did_you_mean",
    "find_by_import",
    "import_by_path",
    "is_identifier",
    "is_import_path",
]

_INJECTED = {"registry", "fake"}  # guarneri gives these itself


@dataclass(frozen=True, slots=True)
class Arguments:
    """The keyword arguments of a class or creator.

    Parameters
    ----------
    names
        All names that it takes by keyword.
    required
        Those without a default.
    any_name
        It takes further names that cannot be told from its signature.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    any_name: bool


FindArguments = Callable[[str], Arguments]
"""Gives the arguments of what an import path names; raises `ConfigError` where that cannot be used."""


def is_identifier(name: object) -> bool:
    """Say whether it can be the name of a variable."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def is_import_path(path: str) -> bool:
    """Say whether it has the form ``package.module.name``."""
    return "." in path and all(is_identifier(part) for part in path.split("."))


def find_by_import(path: str) -> Arguments:
    """Import a class or function in this process, and return what it takes.

    Raises
    ------
    ConfigError
        Where there is none, or it cannot be called.
    """
    found = import_by_path(path)
    if not callable(found):
        raise ConfigError(
            f"{path} is {type(found).__name__}, which makes no device",
            next_step="name a class, or a function that returns a device",
        )
    return arguments_of(found)


def import_by_path(path: str) -> Any:
    """Return what ``package.module.name`` names.

    Raises
    ------
    ConfigError
        Where the module cannot be imported, or has no such name.
    """
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module may raise anything while it is imported
        raise ConfigError(
            f"{module_name!r} cannot be imported: {type(error).__name__}: {error}",
            next_step="correct the import path, or install the package that it is in",
        ) from error
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise ConfigError(
            f"module {module_name!r} has no {name!r}",
            next_step=did_you_mean(name, dir(module), "name one that it has"),
        ) from error


def arguments_of(made_by: Callable[..., Any]) -> Arguments:
    """Return what a class or function takes by keyword.

    A class that hands ``**kwargs`` to its base is followed there, as far as each does.
    """
    names: dict[str, bool] = {}
    any_name = True
    for parameters in _signatures(made_by):
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                names.setdefault(parameter.name, parameter.default is parameter.empty)
        any_name = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        if not any_name:
            break
    required = tuple(name for name, needed in names.items() if needed and name not in _INJECTED)
    return Arguments(tuple(names), required, any_name)


def _signatures(made_by: Callable[..., Any]) -> Iterator[list[inspect.Parameter]]:
    if not inspect.isclass(made_by):
        yield _parameters(made_by)
        return
    for base in made_by.__mro__:
        own = vars(base).get("__init__")
        if own is not None and base is not object:
            yield _parameters(own)[1:]


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C, without a signature: anything may be right
        return [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
            inspect.Parameter("any", inspect.Parameter.VAR_KEYWORD),
        ]


def did_you_mean(wrong: str, right: Iterable[str], otherwise: str) -> str:
    """Return the next step for a wrong name: the nearest right one, or else what else to do."""
    nearest = get_close_matches(wrong, [name for name in right if not name.startswith("_")], n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else otherwise
