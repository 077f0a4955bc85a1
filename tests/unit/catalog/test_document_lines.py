from __future__ import annotations

import datetime
import json
import math
import threading
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from tiled.utils import safe_json_dump

from id3c_data.catalog._document_lines import TAG, document_of, line_of
from id3c_data.errors import DocumentError

ARRAYS = nps.arrays(
    st.one_of(
        nps.boolean_dtypes(),
        nps.integer_dtypes(),
        nps.floating_dtypes(sizes=(16, 32, 64)),
        nps.unicode_string_dtypes(max_len=4),
        nps.datetime64_dtypes(),
    ),
    nps.array_shapes(max_dims=2, max_side=3),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.datetimes(timezones=st.just(datetime.UTC) | st.none()),
    st.dates(),
    ARRAYS,
    ARRAYS.map(lambda array: array.ravel()[0]),
)
KEYS = st.one_of(st.text(), st.just(TAG))
DOCUMENTS = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)), max_size=5
)


def back(doc: Any) -> Any:
    name, found = document_of(line_of("event", doc))
    assert name == "event"
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in type, NaN and all."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    if isinstance(one, np.ndarray | np.generic):
        alike = type(one) is type(other) or isinstance(one, str | float)  # which NumPy's are themselves
        return alike and np.asarray(one).dtype == np.asarray(other).dtype and str(one) == str(other)
    return type(one) is type(other) and one == other


@given(DOCUMENTS)
@settings(max_examples=25, deadline=None)
def test_documents_come_back_as_they_were(doc: dict[str, Any]) -> None:
    assert same(doc, back(doc))


@given(DOCUMENTS)
@settings(max_examples=5, deadline=None)
def test_a_document_is_one_line_of_ascii(doc: dict[str, Any]) -> None:
    line = line_of("event", doc)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert line.isascii()


def test_the_catalog_gets_the_same_of_a_document_that_came_back() -> None:
    doc = {
        "time": 1.5,
        "when": datetime.datetime(2026, 11, 21, 8, 30, tzinfo=datetime.UTC),
        "spectrum": np.linspace(0, 1, 5, dtype="<f4"),
        "temperature": np.float64("nan"),
        "counts": np.uint32(7),
        "names": ("a", "b"),
        "mask": np.zeros((2, 2), bool),
    }
    assert safe_json_dump(back(doc)) == safe_json_dump(doc)


def test_values_of_kinds_that_json_writes_otherwise() -> None:
    doc = {"tuple": (1, 2), "set": {3}, "view": MappingProxyType({"a": 1}), "float": np.float64(0.1)}
    assert back(doc) == {"tuple": [1, 2], "set": [3], "view": {"a": 1}, "float": 0.1}


def test_structured_arrays_and_arrays_of_objects() -> None:
    rows = np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", ">f8")])
    objects = np.array([[1, None], ["x", 2.5]], dtype=object)
    found = back({"rows": rows, "objects": objects})
    assert found["rows"].dtype == rows.dtype
    assert found["rows"].tobytes() == rows.tobytes()
    assert found["objects"].shape == (2, 2)
    assert found["objects"].tolist() == objects.tolist()


def test_what_nobody_can_write_is_kept_as_text() -> None:
    lock = threading.Lock()
    endless: list[Any] = []
    endless.append(endless)
    found = back({"lock": lock, "keys": {(1, 2): 3}, "endless": endless})
    assert found["lock"] == repr(lock)
    assert found["keys"] == {"(1, 2)": 3}
    assert "contains itself" in json.dumps(found["endless"])


def test_nothing_is_unpickled() -> None:
    evil = np.array([1, 2], dtype=object)
    assert b"gASV" not in line_of("event", {"evil": evil})  # how a pickle in base64 begins
    with pytest.raises(DocumentError):
        document_of(b'{"name": "event", "doc": {"a": {"$id3c": "array", "value": "gASVAAAA"}}}\n')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b'{"name": 1, "doc": {}}\n',
        b'{"name": "event", "doc": [',
        b"\0\0\n",
        b"null\n",
    ],
)
def test_a_line_that_is_no_document_is_told(line: bytes) -> None:
    with pytest.raises(DocumentError, match="is no document"):
        document_of(line)
