"""What the user's terminal wants."""

from __future__ import annotations

import os

__all__ = ["colours_wanted"]


def colours_wanted() -> bool:
    """Say whether the user has nothing against colours; where the output is no terminal, click drops them."""
    return not os.environ.get("NO_COLOR")  # https://no-color.org
