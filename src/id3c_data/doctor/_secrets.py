"""Secrets struck out of texts that others will read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml

from ._hop import HopResult

__all__ = ["STRUCK", "Striker", "is_secret_name", "secrets_of_yaml"]

STRUCK = "<struck out>"

_NAME = (
    r"[\w.-]*(?:api[_-]?key|apikey|token|secret|passw(?:or)?d|passphrase|credential|private[_-]?key)[\w.-]*"
)
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_IN_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@'\"]*@", re.IGNORECASE)
_IN_QUERY = re.compile(rf"(?P<name>[?&;]{_NAME}=)[^\s&#'\"]+", re.IGNORECASE)
_IN_HEADER = re.compile(r"\b(?P<scheme>apikey|bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_ASSIGNED = re.compile(
    rf"""(?P<name>(?P<q>["']?){_NAME}(?P=q)\s*[:=]\s*)(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;}}\])]+)""",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\d{0,7}(\.\d*)?|true|false|null|~", re.IGNORECASE)  # settings, such as a lifetime
_SHORTEST = 4  # a shorter value would be struck out of the middle of words


class Striker:
    """Strikes out whatever looks like a secret, and every secret that is known, wherever it stands.

    Parameters
    ----------
    known
        Values that must not be told. Those of the environment, by the names of its variables, and of the
        user's part of URIs in it, are known anyway.
    """

    def __init__(self, known: Iterable[str | None] = ()) -> None:
        values = {value for value in known if value}
        for name, value in os.environ.items():
            if is_secret_name(name):
                values.add(value)
            values.update(_userinfo(value))
        self._known = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for value in self._known:
            text = text.replace(value, STRUCK)
        text = _IN_URI.sub(rf"\g<scheme>{STRUCK}@", text)
        text = _IN_QUERY.sub(rf"\g<name>{STRUCK}", text)
        text = _JSON_WEB_TOKEN.sub(STRUCK, text)
        text = _IN_HEADER.sub(rf"\g<scheme> {STRUCK}", text)
        return _ASSIGNED.sub(_assigned, text)

    def result(self, result: HopResult) -> HopResult:
        """Return what was found at a hop without secrets."""
        faults = (
            replace(f, what=self.text(f.what), where=self.text(f.where), next_step=self.text(f.next_step))
            for f in result.faults
        )
        seen = tuple(map(self.text, result.seen))
        return replace(result, seen=seen, faults=tuple(faults), values=self.value(result.values))

    def value(self, value: Any) -> Any:
        """Return a value as JSON has it, without secrets in its texts and under names of secrets."""
        if isinstance(value, Mapping):
            return {
                self.text(str(name)): STRUCK if is_secret_name(str(name)) else self.value(inner)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value


def _assigned(match: re.Match[str]) -> str:
    """Return a name with its value struck out, in the quotation marks that it had."""
    quote = match["value"][0] if match["value"][0] in "\"'" else ""
    return f"{match['name']}{quote}{STRUCK}{quote}"


def secrets_of_yaml(text: str) -> Iterator[str]:
    """Yield what stands under names of secrets in a YAML file; raises `yaml.YAMLError` where it is none."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    waiting: list[tuple[Any, bool]] = [(root, False)]
    met: set[int] = set()
    while waiting:
        node, secret = waiting.pop()
        if id(node) in met:  # of an alias
            continue
        met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [(value, secret or is_secret_name(str(key.value))) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(item, secret) for item in node.value]
        elif isinstance(node, yaml.ScalarNode) and secret and not _PLAIN.fullmatch(node.value):
            yield node.value


def is_secret_name(name: str) -> bool:
    """Say whether what is called so is a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def _userinfo(value: str) -> Iterable[str]:
    """Yield the passwords in URIs."""
    for match in _IN_URI.finditer(value):
        _, _, password = match[0].rpartition("://")[2].rstrip("@").partition(":")
        if password:
            yield password
