"""The table of all benchmarks: each script hands in its rows, `make bench` prints them all at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from _contest import Figure

__all__ = ["LIMIT", "ROWS_VARIABLE", "Row", "hand_in", "lines_of", "missed_in", "rows_in"]

ROWS_VARIABLE = "BENCHMARK_ROWS"
"""Environment variable with the file that rows are handed in to."""

LIMIT = "limit"
"""The peer of a row whose figures are to stay below the one given."""

_COLUMNS = {"fast": "with `fast`", "wheels": "wheels only"}


@dataclass(frozen=True)
class Row:
    """What was measured, the peer's figures, and ours against them.

    Parameters
    ----------
    what
        What was done.
    peer
        Who else did it.
    unit
        Of the figures.
    of_peer
        Median and best of the peer.
    of_ours
        By column (``fast``, ``wheels``): median and best, and peak memory in MB.
    goals
        By column: what the ratio of our median to the peer's is to be, at least.
    """

    what: str
    peer: str
    of_peer: tuple[float, float]
    of_ours: Mapping[str, tuple[float, float, float]]
    goals: Mapping[str, float]
    unit: str = "frames/s"

    @classmethod
    def of(
        cls,
        what: str,
        figures: Mapping[str, Figure],
        peer: str,
        goals: Mapping[str, float],
        unit: str = "frames/s",
    ) -> Row:
        """Return the row of a contest."""
        of_ours = {
            column: (figures[column].median, figures[column].best, figures[column].peak_mb)
            for column in _COLUMNS
            if column in figures
        }
        return cls(what, peer, (figures[peer].median, figures[peer].best), of_ours, dict(goals), unit)

    def ratio(self, column: str) -> float:
        """Return how our median relates to the peer's."""
        return self.of_ours[column][0] / self.of_peer[0]

    def goal(self, column: str) -> str:
        """Return what the ratio is to be, in words."""
        if self.peer == LIMIT:
            return "at most 1"
        return f"{self.goals[column]:g}" if column in self.goals else ""

    def missed(self, column: str) -> bool:
        """Say whether a goal was missed."""
        if column not in self.of_ours:
            return False
        ratio = self.ratio(column)
        return ratio > 1 if self.peer == LIMIT else ratio < self.goals.get(column, 0)


def hand_in(*rows: Row) -> None:
    """Print rows, and hand them in for the table of all."""
    print("\n".join(lines_of(list(rows))))
    path = os.environ.get(ROWS_VARIABLE)
    if path:
        with Path(path).open("a") as file:
            file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)


def rows_in(path: Path) -> list[Row]:
    """Return the rows that were handed in to a file."""
    return [Row(**json.loads(line)) for line in path.read_text().splitlines()]


def missed_in(rows: list[Row]) -> list[str]:
    """Return in words which goals were missed."""
    return [
        f"{row.what}, {title}: {row.ratio(column):.2f} where {row.goal(column)} is the goal"
        for row in rows
        for column, title in _COLUMNS.items()
        if row.missed(column)
    ]


def lines_of(rows: list[Row]) -> list[str]:
    """Return rows as a Markdown table: medians, in brackets the best; ratios with their goals."""
    head = ["", "peer", "unit"]
    for title in _COLUMNS.values():
        head += [title, "ratio", "goal", "peak MB"]
    table = [head, *map(_cells, rows)]
    widths = [max(len(line[k]) for line in table) for k in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in table
    ]
    return [lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]]


def _cells(row: Row) -> list[str]:
    cells = [row.what, f"{row.peer}: {_figures(row.of_peer)}", row.unit]
    for column in _COLUMNS:
        if column not in row.of_ours:
            cells += ["", "", "", ""]
            continue
        bold = "**" if row.missed(column) else ""
        cells += [
            _figures(row.of_ours[column]),
            f"{bold}{row.ratio(column):.2f}{bold}",
            row.goal(column),
            f"{row.of_ours[column][2]:.0f}",
        ]
    return cells


def _figures(figures: tuple[float, ...]) -> str:
    return f"{_short(figures[0])} ({_short(figures[1])})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
