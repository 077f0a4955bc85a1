"""Names: which ones can be, and which one was meant."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["as_python_reads", "did_you_mean", "is_identifier", "is_import_path"]


def is_identifier(name: object) -> bool:
    """Say whether it can be the name of a variable."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def as_python_reads(name: str) -> str:
    """Return what Python takes an identifier for: it knows one form of each character only (NFKC)."""
    return unicodedata.normalize("NFKC", name)


def is_import_path(path: object) -> bool:
    """Say whether it has the form ``package.module.name``."""
    return isinstance(path, str) and "." in path and all(is_identifier(part) for part in path.split("."))


def did_you_mean(wrong: str, right: Iterable[str], otherwise: str, *, cutoff: float = 0.6) -> str:
    """Return the next step for a wrong name: the nearest right one, or else what else to do.

    Parameters
    ----------
    wrong
        What is written.
    right
        Names that could have been meant.
    otherwise
        The next step where none of them is near.
    cutoff
        How near one has to be, from 0 to 1 (alike).
    """
    known = [name for name in right if not name.startswith("_")]
    by_lower_case = {name.lower(): name for name in known}
    longer = [name for name in known if name.startswith(f"{wrong}_")]
    if len(longer) == 1:
        return f"did you mean {longer[0]!r}?"
    nearest = get_close_matches(wrong.lower(), by_lower_case, n=1, cutoff=cutoff)
    return f"did you mean {by_lower_case[nearest[0]]!r}?" if nearest else otherwise
