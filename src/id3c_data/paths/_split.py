"""A template in two pieces: the fixed part, and the part that changes with time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ._lexical import PathSemantics

__all__ = ["Split", "join", "split"]

_WINDOWS_ANCHOR = re.compile(r"([A-Za-z]:|[\\/]{2}[^\\/]+[\\/]+[^\\/]+)(?:[\\/]+|$)")


@dataclass(frozen=True, slots=True)
class Split:
    r"""A template's anchor, and its components before and from the first one with a directive.

    Parameters
    ----------
    anchor
        ``"/"``, ``"D:\"``, ``"\\server\share\"``, or empty for a relative template.
    static, dynamic
        Components; those of ``dynamic`` start with the first one that holds a directive.
    separator
        Of this side.
    """

    anchor: str
    static: tuple[str, ...]
    dynamic: tuple[str, ...]
    separator: str

    @property
    def parts(self) -> tuple[str, ...]:
        """All components below the anchor."""
        return self.static + self.dynamic

    @property
    def base(self) -> str:
        """The fixed part, without a separator at its end unless it is an anchor."""
        return self.anchor + self.separator.join(self.static)

    def expanded(self, moment: datetime) -> str:
        """Return the folder for a moment, with a separator at its end."""
        parts = (*self.static, *(moment.strftime(part) for part in self.dynamic))
        return self.anchor + "".join(part + self.separator for part in parts)


def split(text: str, semantics: PathSemantics) -> Split:
    """Take a template apart; empty components and ``.`` mean nothing and are left out."""
    anchor = _anchor(text, semantics)
    pattern = r"[\\/]+" if semantics == "windows" else r"/+"
    rest = text[len(anchor) :]
    components = [part for part in re.split(pattern, rest) if part not in ("", ".")]
    first = next((i for i, part in enumerate(components) if "%" in part), len(components))
    separator = "\\" if semantics == "windows" else "/"
    return Split(_clean(anchor, semantics), tuple(components[:first]), tuple(components[first:]), separator)


def join(write: str, write_root: str | None, semantics: PathSemantics) -> Split:
    """Take the write side apart, a relative template after its root."""
    if write_root is None or split(write, semantics).anchor:
        return split(write, semantics)
    return split(write_root + ("\\" if semantics == "windows" else "/") + write, semantics)


def _anchor(text: str, semantics: PathSemantics) -> str:
    if semantics == "posix":
        return text[: len(text) - len(text.lstrip("/"))]
    match = _WINDOWS_ANCHOR.match(text)
    if match is None or (match[0] == match[1] and match[1].endswith(":")):
        return ""  # "data" and "D:data" both start from a folder that only the IOC's process knows
    return match[0]


def _clean(anchor: str, semantics: PathSemantics) -> str:
    if semantics == "posix":
        return anchor[:1]
    return anchor.replace("/", "\\").rstrip("\\") + "\\" if anchor else ""
