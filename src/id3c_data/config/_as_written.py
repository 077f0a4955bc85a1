"""What YAML made of a value that was written otherwise: `on` for true, `12:30` for 750."""

from __future__ import annotations

import re

import yaml

__all__ = ["as_written", "read_otherwise"]

_QUOTE = re.compile(r"put it in quotes.*")
_TEXT = "tag:yaml.org,2002:str"


def as_written(what: str, next_step: str, node: yaml.Node) -> tuple[str, str]:
    """Return a fault and its next step in words that know how the value is written in the file.

    Parameters
    ----------
    what, next_step
        Said of the value.
    node
        The value as it is written.
    """
    if not read_otherwise(node):
        return what, next_step
    next_step = _QUOTE.sub(lambda _: f'put it in quotes: "{node.value}"', next_step)
    if node.value not in what:
        what += f", as YAML reads {node.value}"
    return what, next_step


def read_otherwise(node: yaml.Node) -> bool:
    """Say whether a value is written without quotes, and yet is no text to YAML."""
    return isinstance(node, yaml.ScalarNode) and node.style is None and bool(node.value) and node.tag != _TEXT
