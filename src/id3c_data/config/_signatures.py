"""What a class or function takes, as its signature and annotations say it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from ._components import base_of, is_of_ophyd, signal_names

__all__ = ["Arguments", "Kind", "arguments_of"]

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
    of_ophyd
        Whether it is a class of ophyd's, and so takes a kind and names of components as all do.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    any_name: bool
    kinds: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict[str, tuple[Kind, ...]])
    instance_of: str = ""
    signals: tuple[str, ...] = ()
    base: str = ""
    of_ophyd: bool = False


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
        tuple(names),
        required,
        any_name,
        kinds,
        signals=signal_names(made_by),
        base=base_of(made_by),
        of_ophyd=is_of_ophyd(made_by),
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
