"""The tree of a file as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from ..errors import Hdf5Error, LinkOutsideRoots
from ._branch import Branch, Tree
from ._hops import Hop

__all__ = ["lines_of"]


_WORDS: Final = {"type": "named type", "raw file": "raw file"}


def lines_of(tree: Tree) -> Iterator[str]:
    """Yield a line for the file, one for each name in it, and one that counts them.

    What a terminal could take for a command is escaped, as the names come from a file.
    """
    yield _shown(str(tree.path))
    for branch in tree.branches:
        yield _shown("  " * branch.depth + "  ".join(_words(branch)))
    yield _shown(_summary(tree))


def _words(branch: Branch) -> Iterator[str]:
    """Yield what there is to say about a branch."""
    yield branch.name + "/" * (branch.what == "group" and not branch.hops)
    yield from (_hop_words(hop) for hop in branch.hops)
    if branch.what in _WORDS:
        yield _WORDS[branch.what]
    if branch.form is not None:
        yield str(branch.form)
    elif branch.what == "group" and branch.hops:
        yield "group"
    if branch.attributes:
        yield _count(branch.attributes, "attribute")
    if branch.same_as and not (branch.hops and branch.hops[-1].target_path == branch.same_as):
        yield f"the same as {branch.same_as}"
    if branch.error is not None:
        yield _error_words(branch.error, branch.hops)


def _hop_words(hop: Hop) -> str:
    """Return where a link leads, and how its file was found."""
    arrow = "<-" if hop.kind in ("virtual", "raw") else "->"
    target = f"{arrow} {':'.join(part for part in (hop.target_file, hop.target_path) if part)}"
    if hop.way is None:
        return target
    return f"{target} ({hop.way})" if hop.way == "as it stands" else f"{target} ({hop.way}: {hop.taken})"


def _error_words(error: Hdf5Error, hops: tuple[Hop, ...]) -> str:
    """Return why something cannot be read, without saying again which link this is."""
    what = error.what
    for hop in hops:
        what = what.removeprefix(f"{hop}: ")
    next_step = f"; {error.next_step}" if error.next_step else ""
    if isinstance(error, LinkOutsideRoots):
        return f"REFUSED: {what}{next_step}"
    nowhere = hops and hops[-1].taken is None
    return f"{'LEADS NOWHERE' if nowhere else 'CANNOT BE READ'}: {what}{next_step}"


def _summary(tree: Tree) -> str:
    """Return how many there are of what."""
    counts = Counter(_noun(branch) for branch in tree.branches)
    words = [_count(counts[noun], noun) for noun in ("group", "dataset", "link")]
    if counts["source"]:
        words.append(_count(counts["source"], "source") + " of virtual datasets")
    if counts["raw file"]:
        words.append(_count(counts["raw file"], "raw file"))
    text = ", ".join(words)
    if tree.errors:
        text += f"; {len(tree.errors)} cannot be read"
    return text + "; files were written to meanwhile" * tree.changed


def _noun(branch: Branch) -> str:
    return "link" if branch.hops and branch.what not in ("source", "raw file") else branch.what


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _shown(text: str) -> str:
    """Return a text with what is not printable escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
