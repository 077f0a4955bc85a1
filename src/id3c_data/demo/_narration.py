"""What the demo says, step by step, with the time that each step took."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Narration"]

_WIDTH = 100


class Narration:
    """Numbers the steps and tells them.

    Parameters
    ----------
    tell
        Takes a line of text.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self.tell = tell
        self._number = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Tell a step's title before it, and what was found, with the time it took, when it is done."""
        self._number += 1
        self.tell(f"{self._number}. {title}")
        found: list[str] = []
        start = time.monotonic()
        yield found.append
        for line in found:
            self.tell(textwrap.indent(textwrap.fill(line, _WIDTH, break_long_words=False), "   "))
        self.tell(f"   ({time.monotonic() - start:.1f} s)")
