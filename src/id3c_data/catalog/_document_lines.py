"""A document as a line of JSON, and back without a loss: as the catalog would have got it.

JSON has neither NumPy's values nor times nor bytes. Each stands as an object with the key `TAG`, arrays in
NumPy's own format, which no code is needed to read (never pickled). NaN and infinity stand as Python's `json`
writes them. A value that the catalog would refuse, because nobody can write it as text, is kept as its
``repr``: better a run with one odd word than none.
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..errors import DocumentError

__all__ = ["TAG", "document_of", "line_of"]

TAG = "$id3c"
"""Key of the objects that stand for what JSON does not have; its value says what it is."""

_TAGGED = f'"{TAG}": '
_NO_LISTS = (str, bytes, bytearray, memoryview, np.ndarray, np.generic)
_PLAIN_KINDS = "biuf"  # of NumPy's scalars that a number in JSON, and their type, say wholly
_LONGEST_PLAIN = 8  # bytes; a long double does not fit into a number of JSON
_TIMES: dict[str, Any] = {
    kind.__name__: kind.fromisoformat for kind in (datetime.datetime, datetime.date, datetime.time)
}


def line_of(name: str, doc: Any) -> bytes:
    """Return a document as a line.

    Parameters
    ----------
    name
        Its kind, such as ``"event"``.
    doc
        The document; nothing in it makes this fail.
    """
    try:
        text = _text(name, doc)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or what contains itself
        text = _text(name, _with_text_keys(doc))
    return text.encode("ascii") + b"\n"


def document_of(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return name and document of a line.

    Raises
    ------
    DocumentError
        Where it is no such line, or is cut off.
    """
    try:
        found = json.loads(line, object_hook=_untagged)
        name, doc = found["name"], found["doc"]
    except Exception as error:  # NumPy reads headers of arrays with Python's tokenizer, which raises its own
        raise DocumentError(f"is no document ({type(error).__name__}: {error})") from error
    if not (isinstance(name, str) and isinstance(doc, dict)):
        raise DocumentError("is no document")
    return name, doc


class _Tags:
    """Makes the objects that stand for what JSON does not have, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, value: Any) -> Any:
        """Return what stands for a value that `json` does not know."""
        if isinstance(value, Mapping):
            return dict(value)
        if isinstance(value, Collection) and not isinstance(value, _NO_LISTS):
            return list(value)
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        self.made += 1
        return _tagged(value)


def _tagged(value: Any) -> dict[str, Any]:
    """Return the object that stands for a value."""
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return {TAG: "objects", "shape": value.shape, "value": value.ravel().tolist()}
    if isinstance(value, np.ndarray):
        return {TAG: "array", "value": _npy(value)}
    if isinstance(value, np.generic):
        plain = value.dtype.kind in _PLAIN_KINDS and value.dtype.itemsize <= _LONGEST_PLAIN
        if plain:
            return {TAG: "scalar", "dtype": value.dtype.str, "value": value.item()}
        return {TAG: "scalar", "value": _npy(np.asarray(value))}
    for kind in (datetime.datetime, datetime.date, datetime.time):
        if isinstance(value, kind):
            return {TAG: kind.__name__, "value": value.isoformat()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {TAG: "bytes", "value": base64.b64encode(value).decode()}
    return {TAG: "repr", "value": repr(value)}


def _untagged(found: dict[str, Any]) -> Any:
    """Return what an object stands for, or itself."""
    kind = found.get(TAG)
    if kind is None:
        return found
    value = found["value"]
    if kind == "dict":
        return dict(value)
    if kind == "objects":
        array = np.empty(len(value), object)
        array[:] = value
        return array.reshape(found["shape"])
    if kind == "array":
        return _array(value)
    if kind == "scalar":
        return np.dtype(found["dtype"]).type(value) if "dtype" in found else _array(value)[()]
    if kind in _TIMES:
        return _TIMES[kind](value)
    return base64.b64decode(value) if kind == "bytes" else str(value)


def _npy(array: np.ndarray[Any, Any]) -> str:
    """Return an array in NumPy's own format, as text."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return base64.b64encode(file.getvalue()).decode()


def _array(text: str) -> np.ndarray[Any, Any]:
    return np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)


def _text(name: str, doc: Any) -> str:
    """Return the text of a document."""
    tags = _Tags()
    text = json.dumps({"name": name, "doc": doc}, default=tags)
    if text.count(_TAGGED) == tags.made:
        return text
    return json.dumps({"name": name, "doc": _escaped(doc)}, default=tags)  # it has that key itself


def _with_text_keys(value: Any, depth: int = 50) -> Any:
    """Return a value whose dictionaries have keys of text only, and that ends at a depth."""
    if depth == 0:
        return f"{type(value).__name__} that contains itself"
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(part, depth - 1) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_text_keys(part, depth - 1) for part in value]
    return value


def _escaped(value: Any) -> Any:
    """Return a value whose dictionaries that have the key `TAG` stand as lists of pairs."""
    if isinstance(value, Mapping):
        pairs = [[key, _escaped(part)] for key, part in value.items()]
        return {TAG: "dict", "value": pairs} if TAG in value else dict(pairs)
    if isinstance(value, (list, tuple)):
        return [_escaped(part) for part in value]
    return value
