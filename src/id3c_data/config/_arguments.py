"""Importing a class or creator by its path, to see what it takes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import packages_distributions
from typing import Any

from ..errors import ConfigError
from ._faults import shown
from ._known_names import known_path
from ._names import did_you_mean, is_import_path
from ._signatures import Arguments, arguments_of

__all__ = [
    "FindArguments",
    "find_by_import",
    "find_here",
    "import_by_path",
    "no_import_path",
    "no_maker",
]

_CODE = "E202"

FindArguments = Callable[[Sequence[str]], Mapping[str, "Arguments | ConfigError"]]
"""Gives, for each import path, the arguments of what it names, or why that cannot be used."""


def find_here(paths: Sequence[str]) -> dict[str, Arguments | ConfigError]:
    """Import classes and functions in this process, and return what they take or why they cannot be used."""
    found: dict[str, Arguments | ConfigError] = {}
    for path in paths:
        try:
            found[path] = find_by_import(path)
        except ConfigError as error:
            found[path] = error
    return found


def find_by_import(path: str) -> Arguments:
    """Import a class or function in this process, and return what it takes.

    Raises
    ------
    ConfigError
        Where there is nothing of that name.
    """
    found = _import(path)
    if not callable(found):
        return Arguments((), (), any_name=True, instance_of=type(found).__name__)
    return arguments_of(found)


def import_by_path(path: str) -> Callable[..., Any]:
    """Import a class or function in this process, and return it.

    Raises
    ------
    ConfigError
        Where there is none, or it cannot be called.
    """
    found = _import(path)
    if not callable(found):
        raise no_maker(path, type(found).__name__)
    return found


def no_import_path(path: object) -> ConfigError:
    """Return the error of what should name a class and is no import path."""
    return ConfigError(f"{shown(path)} is no import path", next_step=_whole_path(path), code="E201")


def _whole_path(name: object) -> str:
    plain = name.strip() if isinstance(name, str) else ""
    whole = plain if is_import_path(plain) else known_path(plain)
    otherwise = "write package, module and class, such as id3c_data.devices.Eiger2Detector"
    return f"did you mean {whole!r}?" if whole else otherwise


def no_maker(path: str, instance_of: str) -> ConfigError:
    """Return the error of a path that names something which makes nothing."""
    what = f"{path} is {instance_of}, which makes no device"
    return ConfigError(what, next_step="name a class, or a function that returns a device", code=_CODE)


def _import(path: str) -> Any:
    if not is_import_path(path):
        raise no_import_path(path)
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module may raise anything while it is imported
        what = f"{module_name!r} cannot be imported: {type(error).__name__}: {error}"
        raise ConfigError(what, next_step=_nearest_module(module_name, error), code=_CODE) from error
    try:
        return getattr(module, name)
    except AttributeError as error:
        what = f"module {module_name!r} has no {name!r}"
        next_step = did_you_mean(name, dir(module), "name one that it has")
        raise ConfigError(what, next_step=next_step, code=_CODE) from error


def _nearest_module(module_name: str, error: Exception) -> str:
    otherwise = "correct the import path, or install the package that it is in"
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if not missing or not f"{module_name}.".startswith(f"{missing}."):
        return otherwise  # it is there, but fails, or needs another one that is missing
    parent, _, last = missing.rpartition(".")
    if not parent:
        return did_you_mean(last, packages_distributions(), otherwise, cutoff=0.8)
    beside = pkgutil.iter_modules(getattr(importlib.import_module(parent), "__path__", []))
    return did_you_mean(last, [module.name for module in beside], otherwise)
