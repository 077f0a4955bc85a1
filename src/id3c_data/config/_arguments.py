"""What a class or creator takes: found by importing it, but kept as plain names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions
from typing import Any, Literal, Union

from ..errors import ConfigError
from ._components import base_of, signal_names
from ._faults import shown
from ._known_names import known_path
from ._names import did_you_mean, is_import_path

__all__ = [
    "Arguments",
    "FindArguments",
    "Kind",
    "arguments_of",
    "find_by_import",
    "find_here",
    "import_by_path",
    "no_import_path",
    "no_maker",
]

_CODE = "E202"
_INJECTED = {"registry", "fake"}  # guarneri gives these itself

Kind = Literal["text", "a number", "a whole number", "true or false", "a list", "a mapping", "nothing"]

_KINDS: Mapping[Any, Kind] = {
    str: "text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    tuple: "a list",
    Sequence: "a list",
    Iterable: "a list",
    set: "a list",
    Set: "a list",
    dict: "a mapping",
    Mapping: "a mapping",
    type(None): "nothing",
}


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
    kinds
        What it takes for a name, as far as its annotations say so in built-in types.
    instance_of
        The type of what was found, where that cannot be called; else empty.
    signals
        The names of its devices' signals, where it is a class of ophyd; those of parts with their parts'.
    base
        The import path of this package's class that it is or derives from; empty where there is none.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    any_name: bool
    kinds: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict[str, tuple[Kind, ...]])
    instance_of: str = ""
    signals: tuple[str, ...] = ()
    base: str = ""


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
    whole = known_path(name) if isinstance(name, str) else ""
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


def arguments_of(made_by: Callable[..., Any]) -> Arguments:
    """Return what a class or function takes by keyword.

    A class that hands ``**kwargs`` to its base is followed there, as far as each does.
    """
    names: dict[str, bool] = {}
    kinds: dict[str, tuple[Kind, ...]] = {}
    any_name = True
    for function in _functions(made_by):
        parameters = _parameters(function)
        hints = _hints(function)
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                if parameter.name not in names and (taken := _kinds(hints.get(parameter.name), parameter)):
                    kinds[parameter.name] = taken
                names.setdefault(parameter.name, parameter.default is parameter.empty)
        any_name = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        if not any_name:
            break
    if inspect.isclass(made_by):
        names.pop("self", None)
    required = tuple(name for name, needed in names.items() if needed and name not in _INJECTED)
    return Arguments(
        tuple(names), required, any_name, kinds, signals=signal_names(made_by), base=base_of(made_by)
    )


def _functions(made_by: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    if not inspect.isclass(made_by):
        yield made_by
        return
    for base in made_by.__mro__:
        own = vars(base).get("__init__")
        if own is not None and base is not object:
            yield own


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C, without a signature: anything may be right
        return [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
            inspect.Parameter("any", inspect.Parameter.VAR_KEYWORD),
        ]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        one = types.SimpleNamespace(__annotations__={name: annotation})
        try:
            hints |= typing.get_type_hints(one, globalns=getattr(function, "__globals__", {}))
        except Exception:  # noqa: S112 - annotations may raise anything
            continue
    return hints


def _kinds(hint: Any, parameter: inspect.Parameter) -> tuple[Kind, ...]:
    """Return the kinds of values that an annotation allows; nothing where it allows more than can be told."""
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    kinds: list[Kind] = []
    for option in options:
        origin = typing.get_origin(option) or option
        if origin is Literal:
            kinds.extend(_KINDS[type(value)] for value in typing.get_args(option) if type(value) in _KINDS)
        elif origin in (list, tuple, Sequence, Iterable, dict, Mapping, set, Set) or origin in _KINDS:
            kinds.append(_KINDS[origin])
        else:
            return ()
    if parameter.default is None:
        kinds.append("nothing")
    return tuple(dict.fromkeys(kinds))


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType)
