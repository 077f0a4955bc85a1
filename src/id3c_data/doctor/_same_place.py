"""The proof that the write side and the read side of a pair of templates are one folder.

A folder with a name that nobody had before is made on the read side, and the IOC is asked whether it has it.
No file is written and no frame taken. One that was never made is asked for too: an IOC that has it would
prove nothing by having the other.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..h5api import Looker
from ..paths import PathTemplates
from ._folder_look import make_folder, remove_folder, subfolders
from ._folder_question import FolderQuestion

__all__ = ["Proof", "prove_same_place"]

_COMPARED = 5  # folders whose names are compared where none can be made


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found out.

    Parameters
    ----------
    outcome
        ``"same"`` and ``"different"`` are proven.
    how
        By what; or why neither could be.
    """

    outcome: Literal["same", "different", "unknown"]
    how: str


def prove_same_place(templates: PathTemplates, question: FolderQuestion, looker: Looker) -> Proof:
    """Find out whether both roots of a pair of templates are one folder.

    Parameters
    ----------
    templates
        The pair; the IOC is known to have its write root, and this machine its read root.
    question
        For the IOC.
    looker
        Looks at the file system.
    """
    root = Path(templates.read_base)
    never_made = root / _new_name()
    if question.has(str(templates.to_write(never_made)), expected=False):
        return Proof("unknown", "the IOC says of any folder that it has it")
    made = root / _new_name()
    try:
        looker.ask(make_folder, made)
    except OSError as error:
        return _by_names(templates, question, looker, error)
    try:
        seen = question.has(str(templates.to_write(made)), expected=True)
    finally:
        looker.ask(remove_folder, made)
    if seen:
        return Proof("same", "the IOC sees a folder that was made here for a moment")
    return Proof("different", f"the IOC does not see a folder that was made in {root} for a moment")


def _by_names(templates: PathTemplates, question: FolderQuestion, looker: Looker, refusal: OSError) -> Proof:
    """Compare what is there already; that can prove a difference, and never that there is none."""
    root = Path(templates.read_base)
    why = f"no folder can be made in {root} here ({refusal.strerror or refusal})"
    names = looker.ask(subfolders, root)[-_COMPARED:]
    for name in names:
        if not question.has(str(templates.to_write(root / name)), expected=True):
            return Proof("different", f"the IOC has no {name!r}, which is in {root} here")
    return Proof("unknown", why + (f"; the {len(names)} folders in it are on the IOC too" if names else ""))


def _new_name() -> str:
    return f".id3c_probe_{uuid.uuid4().hex}"
