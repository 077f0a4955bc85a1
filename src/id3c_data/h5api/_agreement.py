"""What two looks at a file have in common that is never quiet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

import numpy as np

from ._looks import NotQuiet

__all__ = ["in_common"]

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
    if not _same(first, second):
        raise NotQuiet("a file is being written, and two looks at it differ")
    return cast("T", second)


def _is_points(result: Any) -> bool:
    return isinstance(result, list) or np.ndim(result) > 0


def _same(one: Any, other: Any) -> bool:
    """Say whether two results are the same to the bit; NaN is the same as NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (np.ndarray, np.generic)):
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return False
        return (
            _same(one.tolist(), other.tolist()) if one.dtype.hasobject else one.tobytes() == other.tobytes()
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if is_dataclass(one):
        return all(_same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, Exception):
        return str(one) == str(other)
    return bool(one == other or (one != one and other != other))
