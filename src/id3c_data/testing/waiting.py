"""Reads that wait, and how a test sees that they do."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import Any, Final

__all__ = ["BLOCKED_S", "PATIENCE_S", "is_blocked"]

PATIENCE_S: Final = 30.0
"""How long a read that should return is waited for."""
BLOCKED_S: Final = 0.15
"""How long a read must not return; a reader looks at a file many times meanwhile."""


def is_blocked(*reads: Future[Any]) -> bool:
    """Say whether none of the reads returns."""
    return not wait_for(reads, BLOCKED_S, "FIRST_COMPLETED").done
