"""One figure with its bound, and the table of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

HEADINGS = ("work", "reached", "bound", "", "measured")


@dataclass(frozen=True)
class Row:
    """One figure; without a bound it is there to be read beside another."""

    work: str
    value: float
    shown: str
    """A format for the value and for its bound, such as ``"{:.2f} × the floor"``."""
    bound: float | None = None
    at_least: bool = False
    measured: str = ""
    """What the figure is made of, for people."""
    data: dict[str, Any] = field(default_factory=dict)
    """The same for programs."""

    @property
    def passed(self) -> bool | None:
        if self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def cells(self) -> tuple[str, ...]:
        bound = ""
        if self.bound is not None:
            bound = f"{'≥' if self.at_least else '≤'} {self.shown.format(self.bound)}"
        mark = {None: "", True: "✓", False: "✗"}[self.passed]
        return (self.work, self.shown.format(self.value), bound, mark, self.measured)

    def as_dict(self) -> dict[str, Any]:
        return {
            "work": self.work,
            "value": self.value,
            "bound": self.bound,
            "at_least": self.at_least,
            "passed": self.passed,
            "measured": self.measured,
            "data": self.data,
        }


def markdown(rows: Iterable[Row]) -> str:
    """Return the table, aligned so that it reads well in a terminal too."""
    lines = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(HEADINGS))]
    rule = tuple("-" * width for width in widths)

    def line(cells: tuple[str, ...]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    return "\n".join(line(cells) for cells in (lines[0], rule, *lines[1:]))
