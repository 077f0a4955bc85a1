"""Whatever stands in a file, checking it ends without a traceback; and its form is not its content."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from id3c_data.config import Arguments, Problem, load

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*.yml"))
RIGHT = [file for file in FILES if file.parent.name == "right" and "id3c: ignore" not in file.read_text()]

SPECIAL = st.sampled_from(
    [*"{}[]:,-#&*!|>'\"%@`?\t\n \\0~=<", "<<: ", "*a", "&a ", "!!", "null", "---\n", "? "]
)
PIECE = st.one_of(
    SPECIAL,
    st.text(max_size=5),
    st.sampled_from(["on", "1", "1.5", "2026-11-20", "2026-99-99", "[]", "{}", "%Y", "# id3c: ignore=W203"]),
)
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 20), PIECE)
COMMENTS = st.sampled_from(["", "#", "# seen to be right", "# 'it' is: {so} \"far\""])

anything_goes = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties") / "devices.yml"


def found(paths: Sequence[str]) -> dict[str, Arguments]:
    """Say of each class that it takes what most devices take, so that no time goes into imports."""
    names = ("name", "prefix", "labels", "value")
    takes = Arguments(names, ("name",), any_name=False, kinds={"value": ("a number", "nothing")})
    return dict.fromkeys(paths, takes)


def problems_of(file: Path) -> tuple[Problem, ...]:
    return load([file], find=found).problems


@anything_goes
@given(start=st.sampled_from(FILES), edits=st.lists(EDIT, min_size=1, max_size=4))
def test_mutated_file_ends_with_problems_at_most(
    file: Path, start: Path, edits: list[tuple[float, int, str]]
) -> None:
    text = start.read_text()
    for share, removed, piece in edits:
        place = int(share * len(text))
        text = text[:place] + piece + text[place + removed :]
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    for problem in problems_of(file):
        assert problem.line >= 1
        assert 1 <= problem.column < problem.end_column
        assert problem.what
        assert problem.next_step


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.dates(),
        st.sampled_from(["hdf1", "cam", "name", "/data/%Y/", "id3c_data.devices.Eiger2Cam"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["class", "suffix", "hdf1", "cam", "write_path_template", "read_path_template", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ARGUMENTS = [
    "name", "prefix", "labels", "plugins", "plugin_defaults", "hinted", "writer", "num_images", "file_prefix",
    "write_path_template", "read_path_template", "write_root", "path_semantics", "value", "class",
]  # fmt: skip


@anything_goes
@given(
    creator=st.sampled_from(
        [
            "ophyd.Signal",
            "apstools.devices.ad_creator",
            "id3c_data.devices.Eiger2Detector",
            "id3c_data.devices.eiger2_creator",
        ]
    ),
    devices=st.lists(st.dictionaries(st.sampled_from(ARGUMENTS), values, max_size=8), max_size=3),
)
def test_any_values_end_with_problems_at_most(
    file: Path, creator: str, devices: list[dict[str, Any]]
) -> None:
    file.write_text(yaml.safe_dump({creator: devices}, allow_unicode=True), encoding="utf-8")
    for problem in problems_of(file):
        assert "\n" not in problem.what
        assert 1 <= problem.column < problem.end_column


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_end_with_problems_at_most(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert isinstance(problems_of(file), tuple)


@anything_goes
@given(
    start=st.sampled_from(RIGHT),
    order=st.randoms(use_true_random=False),
    flow=st.booleans(),
    style=st.sampled_from([None, "'", '"']),
    indent=st.integers(2, 8),
    comments=st.lists(COMMENTS, min_size=1, max_size=8),
)
def test_reformatted_file_stays_right(
    file: Path, *, start: Path, order: random.Random, flow: bool, style: Any, indent: int, comments: list[str]
) -> None:
    content = shuffled(yaml.safe_load(start.read_text()), order)
    text = yaml.safe_dump(
        content, default_flow_style=flow, default_style=style, indent=indent, sort_keys=False, width=10_000
    )
    lines = text.splitlines()
    for number, comment in enumerate(comments):
        place = order.randrange(len(lines))
        if number % 2:
            lines.insert(place, comment)
        elif not lines[place].startswith("#"):
            lines[place] += f" {comment}"
    file.write_text("\n".join(lines) + "\n")
    assert load([file], imports=False).problems == ()


def shuffled(value: Any, order: random.Random) -> Any:
    """Return the same content with the keys of its mappings in another order."""
    if isinstance(value, dict):
        pairs = [(key, shuffled(inner, order)) for key, inner in value.items()]
        order.shuffle(pairs)
        return dict(pairs)
    return [shuffled(inner, order) for inner in value] if isinstance(value, list) else value
