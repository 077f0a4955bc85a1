"""The tree of errors."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from pathlib import Path

import pytest

from id3c_data import errors
from id3c_data.errors import FrameNotWritten, Id3cDataError, MissingExtra

NAMES = {name: value for name, value in vars(errors).items() if inspect.isclass(value) and name != "Path"}
CLASSES = {
    name: value for name, value in NAMES.items() if value.__name__ == name
}  # without other names of one
DRAWN = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+)(?: \((?P<builtins>[\w, ]+)\))?", re.MULTILINE)


def example(cls: type[Id3cDataError]) -> Id3cDataError:
    """Return an error of that class with every argument given."""
    required = {
        FrameNotWritten: (3, 2, Path("/data/a_master.h5"), "the run was aborted"),
        MissingExtra: ("softioc", "sim"),
    }
    return cls(*required.get(cls, ("what", "where", "next step")))


def drawn_tree() -> dict[str, tuple[str | None, list[str]]]:
    """Return from the docstring's drawing: class -> (its parent, its built-ins)."""
    drawing = (errors.__doc__ or "").split("::\n")[1]
    tree: dict[str, tuple[str | None, list[str]]] = {}
    branch: list[tuple[int, str]] = []
    for line in DRAWN.finditer(drawing):
        depth = len(line["indent"])
        branch = [above for above in branch if above[0] < depth]
        tree[line["name"]] = (
            branch[-1][1] if branch else None,
            (line["builtins"] or "").replace(",", "").split(),
        )
        branch.append((depth, line["name"]))
    return tree


def own_parents(cls: type) -> tuple[str | None, list[str]]:
    """Return a class's parent within the tree, and its further built-in bases."""
    parents = [base for base in cls.__bases__ if issubclass(base, Id3cDataError)]
    builtins = [base for base in cls.__bases__ if base not in parents and base is not Exception]
    return (parents[0].__name__ if parents else None, [base.__name__ for base in builtins])


def test_drawn_tree_is_the_tree_of_classes() -> None:
    assert drawn_tree() == {name: own_parents(cls) for name, cls in CLASSES.items()}


def test_all_names_every_error_sorted() -> None:
    assert errors.__all__ == sorted(NAMES)


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
def test_every_error_survives_pickling(cls: type[Id3cDataError]) -> None:
    error = example(cls)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(again) is cls
        assert vars(again) == vars(error)
        assert str(again) == str(error)


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
def test_every_error_is_made_as_a_dask_cluster_makes_it(cls: type[Id3cDataError]) -> None:
    assert type(cls.__new__(cls)) is cls


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
def test_every_error_says_what_and_the_next_step(cls: type[Id3cDataError]) -> None:
    error = example(cls)
    assert str(error) == (f"{error.where}: " if error.where else "") + f"{error.what}; {error.next_step}"
    assert error.what
    assert error.next_step


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (2, "frame 7 is not there, the first 2 are; read frames 0 to 1, or see whether"),
        (1, "frame 7 is not there, the first is; read frame 0, or see whether"),
        (0, "frame 7 is not there; see whether"),
    ],
)
def test_frame_not_written_says_what_can_be_read(written: int, says: str) -> None:
    assert f"/data/a_master.h5: {says}" in str(FrameNotWritten(7, written, Path("/data/a_master.h5")))


def test_frame_not_written_takes_no_run_for_stopped_that_may_have_been_good() -> None:
    next_step = FrameNotWritten(7, 0, Path("/data/a_master.h5")).next_step
    assert next_step.startswith("see whether a file was moved, deleted or cut short")
    assert "id3c-data doctor /data/a_master.h5" in next_step


@pytest.mark.parametrize("error", [errors.BrokenLink, errors.DetectorTimeout, errors.FileNameTaken])
def test_arguments_stay_whole_also_beside_an_os_error(error: type[errors.Id3cDataError]) -> None:
    assert error("what", "where", "next").args == ("what", "where", "next")
