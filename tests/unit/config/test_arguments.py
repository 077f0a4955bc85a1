"""What a class or creator takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from id3c_data.config import Arguments, find_by_import, import_by_path
from id3c_data.errors import ConfigError

ANNOTATED = """\
from __future__ import annotations
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Optional
if TYPE_CHECKING:
    from nowhere import Thing

def make(
    text: str,
    count: int | None,
    choice: Literal["a", 1],
    items: Sequence[str],
    table: Optional[dict[str, int]],
    thing: Thing,
    either: str | Thing,
    anything: object,
    default: bool = None,
    bare=3,
): ...
"""


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
    ],
)
def test_what_cannot_be_used_is_an_error_that_says_why(path: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        find_by_import(path)
    assert says in str(raised.value)


def test_what_cannot_be_called_is_said_to_be_of_its_type() -> None:
    assert find_by_import("math.pi").instance_of == "float"
    assert find_by_import("textwrap.indent").instance_of == ""


def test_what_cannot_be_called_is_no_class_to_import() -> None:
    with pytest.raises(ConfigError, match=r"^E202: math\.pi is float, which makes no device; "):
        import_by_path("math.pi")


def test_kinds_are_those_of_the_annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "annotated.py").write_text(ANNOTATED)
    monkeypatch.syspath_prepend(tmp_path)
    assert find_by_import("annotated.make").kinds == {
        "text": ("text",),
        "count": ("a whole number", "nothing"),
        "choice": ("text", "a whole number"),
        "items": ("a list",),
        "table": ("a mapping", "nothing"),
        "default": ("true or false", "nothing"),
    }
