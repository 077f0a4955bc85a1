"""What a class or creator takes."""

from __future__ import annotations

import pytest

from id3c_data.config import Arguments, find_by_import
from id3c_data.errors import ConfigError


def test_class_is_followed_to_its_bases_as_far_as_it_hands_arguments_on() -> None:
    takes = find_by_import("ophyd.EpicsMotor")
    assert not takes.any_name
    assert {"prefix", "name", "labels"} <= set(takes.names)
    assert takes.required == ("name",)


def test_function_with_any_keywords_takes_any_name() -> None:
    assert find_by_import("types.SimpleNamespace").any_name


def test_function_without_them_takes_those_of_its_signature() -> None:
    assert find_by_import("textwrap.indent") == Arguments(
        ("text", "prefix", "predicate"), ("text", "prefix"), any_name=False
    )


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("textwrap.indnt", "did you mean 'indent'?"),
        ("textwrapp.indent", "No module named 'textwrapp'"),
        ("math.pi", "math.pi is float, which makes no device"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_says_why(path: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        find_by_import(path)
    assert says in str(raised.value)
