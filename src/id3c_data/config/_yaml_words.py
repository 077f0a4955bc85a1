"""What PyYAML's errors mean to somebody who writes a devices.yml."""

from __future__ import annotations

import re

__all__ = ["ESCAPED_QUOTE", "in_words", "no_colon", "no_space", "no_space_after_dash"]

_QUOTES = "put the whole value in quotes"
_TAB = r"character '\\t'"
_WORDS: tuple[tuple[str, str, str], ...] = (
    (_TAB, "a tab stands where YAML takes spaces only", "put spaces in its place"),
    (
        "unknown escape character|expected escape sequence",
        "a backslash in double quotes begins an escape, and this is none",
        "use single quotes: backslashes stand for themselves there",
    ),
    (r"end of stream|<stream end>", "what begins here has no end", "close the quote or bracket"),
    (
        r"<block end>, but found '(<block \w+ start>|-|\?)'",
        "this line is indented in another way than those that it belongs to",
        "let it begin in the same column as its neighbours",
    ),
    (
        r"<block end>, but found '<scalar>'",
        "there is text after a value in quotes",
        "put a # before a comment",
    ),
    (
        r"mapping values are not allowed here",
        "a colon stands where a value is already",
        f"{_QUOTES}, or correct the indentation",
    ),
    (
        r"could not find expected ':'",
        "a name stands alone here",
        "write `name: value`, with a space after the colon",
    ),
    (r"character '(.)' that cannot start", "a value cannot start with this character", _QUOTES),
    (
        r"expected ',' or '([}\]])'",
        r"'\1' or a comma is missing before this",
        "close the bracket, or add the comma",
    ),
    (r"undefined alias '?([^']*)'?", r"no anchor &\1 stands before this", r"write &\1 where its value is"),
    (r"constructor for the tag '([^']*)'", r"the tag '\1' is no plain value", "write a plain value"),
    (r"another document", "a second document begins here", "take the line `---` away"),
)

ESCAPED_QUOTE = (
    "the backslash before the last quote makes that a part of the text, which goes on",
    "use single quotes: backslashes stand for themselves there",
)
"""What is wrong with a value such as ``"D:\\new\\"``, and what to do."""


def no_space(text: str) -> tuple[str, str]:
    """Return what is wrong with ``name:value``, and what to do."""
    name, _, value = text.partition(":")
    return f"there is no space after the colon of {text!r}", f"write `{name}: {value.strip()}`"


def no_space_after_dash(text: str) -> tuple[str, str]:
    """Return what is wrong with ``-name: value``, and what to do."""
    return f"there is no space after the dash of {text.strip()!r}", f"write `- {text[1:].strip()}`"


def no_colon(name: str, value: str) -> tuple[str, str]:
    """Return what is wrong with ``name value``, or ``name`` above what belongs to it, and what to do."""
    return f"there is no colon after {name!r}", f"write `{f'{name}: {value}'.rstrip()}`"


def in_words(error: str) -> tuple[str, str, str]:
    """Return the code of an error (E103, or E106 of a tab), what is wrong, and the next step."""
    code = "E106" if re.search(_TAB, error) else "E103"
    for pattern, what, next_step in _WORDS:
        if found := re.search(pattern, error):
            return code, found.expand(what), found.expand(next_step)
    return code, f"not YAML: {error}", "correct the syntax on this line or just before it"
