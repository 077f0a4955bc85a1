"""What the tree of a file is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import Hdf5Error
from ._dataset_form import DatasetForm
from ._hops import Hop

__all__ = ["Branch", "Tree", "What"]

What = Literal["group", "dataset", "type", "source", "raw file", "unreadable"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One name in a file, or one place that a dataset takes its values from.

    Parameters
    ----------
    depth
        How many groups it lies in, from 1.
    name
        The name in its group; of a source, where in the dataset its values go; of a raw file, which bytes of
        the dataset it holds.
    what
        What it is, or leads to.
    hops
        The links from here to there, if there are any; a link that leads nowhere is the last of them.
    form
        Of a dataset.
    attributes
        How many there are.
    same_as
        Path of the same object, which stands elsewhere in the tree, and what is in it with it.
    error
        Why it cannot be read, or where a link fails.
    """

    depth: int
    name: str
    what: What
    hops: tuple[Hop, ...] = ()
    form: DatasetForm | None = None
    attributes: int = 0
    same_as: str = ""
    error: Hdf5Error | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """All that is in a file.

    Parameters
    ----------
    path
        The file.
    branches
        Each group before what is in it; names in the order of the file.
    changed
        Whether one of the files was written to while it was read.
    """

    path: Path
    branches: tuple[Branch, ...]
    changed: bool

    @property
    def errors(self) -> tuple[Hdf5Error, ...]:
        """Why which parts cannot be read, and which links lead nowhere."""
        return tuple(branch.error for branch in self.branches if branch.error is not None)
