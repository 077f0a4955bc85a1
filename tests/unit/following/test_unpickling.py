"""Pickles of documents give data, and call nothing."""

from __future__ import annotations

import datetime
import os
import pickle
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from id3c_data.errors import DocumentError
from id3c_data.following._unpickling import document_of

DOCUMENT = {
    "texts": ["a", b"b", bytearray(b"c")],
    "numbers": (1, 2.5, 3j, None, True),
    "sets": [{1}, frozenset({2}), range(3), slice(1, 2)],
    "ordered": OrderedDict(a=1),
    "times": [datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC), datetime.timedelta(1), datetime.date.min],
    "uid": uuid.UUID(int=1),
}


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
def test_data_come_out_as_they_went_in(protocol: int) -> None:
    assert document_of(pickle.dumps(DOCUMENT, protocol)) == DOCUMENT


@pytest.mark.parametrize(
    "value", [np.arange(6).reshape(2, 3), np.float32(2.5), np.array(["a", None], object)]
)
@pytest.mark.parametrize("protocol", [3, pickle.HIGHEST_PROTOCOL])
def test_arrays_and_their_scalars_come_out(value: Any, protocol: int) -> None:
    found = document_of(pickle.dumps({"data": value}, protocol))["data"]
    assert type(found) is type(value)
    np.testing.assert_array_equal(found, value)


class Call:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


@pytest.mark.parametrize("function", [os.mkdir, os.system, eval, exec, getattr, __import__])
def test_nothing_is_called(function: Any, tmp_path: Path) -> None:
    made = tmp_path / "made"
    for document in (Call(function, str(made)), {"a": [Call(function, str(made))]}):
        with pytest.raises(DocumentError, match="which is no data"):
            document_of(pickle.dumps(document))
    assert not made.exists()


def test_a_call_inside_an_array_is_refused(tmp_path: Path) -> None:
    array = np.array([Call(os.mkdir, str(tmp_path / "made"))], object)
    with pytest.raises(DocumentError):
        document_of(pickle.dumps(array))


def test_what_is_refused_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DocumentError):
        document_of(pickle.dumps(Call(os.system, "true")))
    assert "posix.system" in caplog.text
