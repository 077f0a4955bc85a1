"""What a link said, and what was found where it leads."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ._low_level import Node
from ._open import OpenFile

__all__ = ["Found", "Hop", "Way"]

Way = Literal["as it stands", "beside the real file", "path_map"]
"""How a file that a link names was found: its name as it stands, relative to the folder of the file with the
link; relative to where that file really is, if a symlink leads to it; or translated by the path map."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One link on the way to an object.

    Parameters
    ----------
    kind
        Which kind of link.
    holder
        The file that holds the link.
    name
        Path of the link in that file.
    target_file
        The file that the link names, as it stands there; empty for a soft link.
    target_path
        The path that the link names.
    taken
        The file that it led to, if it did.
    way
        How that file was found.
    """

    kind: Literal["soft", "external", "virtual", "raw"]
    holder: Path
    name: str
    target_file: str
    target_path: str
    taken: Path | None = None
    way: Way | None = None

    @property
    def where(self) -> str:
        """File and path of the link."""
        return f"{self.holder}: {self.name}"

    def __str__(self) -> str:
        target = f"{self.target_path} in {self.target_file}" if self.target_file else self.target_path
        if self.kind == "raw":
            return f"values in {self.target_file}"
        words = {"soft": "soft link", "external": "external link", "virtual": "source of virtual dataset"}
        return f"{words[self.kind]} to {target}"


@dataclass(frozen=True, slots=True)
class Found:
    """An object, its path in the file that holds it, and the links on the way to it.

    The files that were opened on the way stay open until `close`.
    """

    node: Node
    path: str
    file: OpenFile
    hops: tuple[Hop, ...]
    opened: ExitStack

    @property
    def where(self) -> str:
        """File and path of the object."""
        return f"{self.file.path}: {self.path}"

    def close(self) -> None:
        """Close the files that were opened on the way."""
        self.opened.close()

    def __enter__(self) -> Found:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
