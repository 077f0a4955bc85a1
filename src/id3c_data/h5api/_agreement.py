"""What two looks at a file have in common that is never quiet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

import numpy as np

from ._looks import NotQuiet

__all__ = ["in_common", "same"]

T = TypeVar("T")


def in_common(one: T, other: T, *, cut: bool) -> T:
    """Return what two results have in common: all, or with ``cut`` as many points as the shorter has.

    Points are an array, or how many they are and a sequence with what was made of them. An error is a result
    as any other.

    Raises
    ------
    NotQuiet
        They differ.
    """
    first, second = cast("Any", one), cast("Any", other)
    if cut and isinstance(one, tuple) and isinstance(other, tuple):
        return cast("T", (min(first[0], second[0]), in_common(first[1], second[1], cut=True)))
    if cut and _is_points(first) and _is_points(second):
        length = min(len(first), len(second))
        first, second = first[:length], second[:length]
    if not same(first, second):
        raise NotQuiet("a file is being written, and two looks at it differ")
    return cast("T", second)


def _is_points(result: Any) -> bool:
    return isinstance(result, list) or np.ndim(result) > 0


def same(one: Any, other: Any) -> bool:
    """Say whether two results are the same to the bit; NaN is the same as NaN."""
    if type(one) is not type(other):
        return False
    first, second = one, other  # what isinstance makes of Any is less than that
    if isinstance(one, (np.ndarray, np.generic)):
        if (first.dtype, first.shape) != (second.dtype, second.shape):
            return False
        if first.dtype.hasobject:
            return same(first.tolist(), second.tolist())
        return first.tobytes() == second.tobytes()
    if isinstance(one, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(one, Mapping):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if is_dataclass(one):
        return all(same(getattr(first, field.name), getattr(second, field.name)) for field in fields(one))
    if isinstance(one, Exception):
        return str(one) == str(other)
    return bool(one == other or (one != one and other != other))
