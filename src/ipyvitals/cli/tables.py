"""Render the list as plain columns, or as a table in colour where rich is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.runs import ago, run_text
from ipyvitals.render import formatting as fmt
from ipyvitals.render.formatting import UNKNOWN
from ipyvitals.render.tones import status_tone

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["NOTHING", "plain_table", "printable", "rich_table"]

HEADINGS = (
    "MONITOR",
    "MODEL",
    "STATUS",
    "ACCURACY",
    "PREDICTIONS",
    "/MIN",
    "P95",
    "LAST RUN",
    "WORKERS",
    "HEARD",
    "WHERE",
)
MODEL, STATUS, RUN, WORKERS = map(HEADINGS.index, ("MODEL", "STATUS", "LAST RUN", "WORKERS"))
LEAST_NEEDED = [
    HEADINGS.index(name)
    for name in (
        "LAST RUN",
        "WORKERS",
        "P95",
        "PREDICTIONS",
        "MONITOR",
        "HEARD",
        "/MIN",
        "WHERE",
        "ACCURACY",
    )
]
"""Columns in the order in which a narrow terminal drops them."""
STATUS_LEAST, GAP = 20, 2
NUMBERS = {"PREDICTIONS", "/MIN", "P95"}
STYLES: dict[str, str] = {"accent": "blue", "ok": "green", "warn": "yellow", "bad": "red"}
NOTHING = "No monitors yet."
TROUBLE = ("degraded", "unhealthy", "failed")


def plain_table(entries: Sequence[ModelEntry], now: float) -> str:
    """Return aligned columns; nothing without entries."""
    if not entries:
        return ""
    lines = [HEADINGS, *(_cells(one, now) for one in entries)]
    shown = _used(lines[1:])
    widths = {place: max(len(line[place]) for line in lines) for place in shown}

    def aligned(line: Sequence[str]) -> str:
        cells = (
            line[place].rjust(widths[place])
            if HEADINGS[place] in NUMBERS
            else line[place].ljust(widths[place])
            for place in shown
        )
        return "  ".join(cells).rstrip()

    return "\n".join(aligned(line) for line in lines)


def rich_table(entries: Sequence[ModelEntry], now: float, width: int) -> RenderableType:
    """Return a table of rich that fits into `width` columns of a terminal.

    Where there is little room, first the reason of a status is cut, then whole columns go.
    """
    from rich.table import Table
    from rich.text import Text

    lines = [_cells(one, now) for one in entries]
    shown = _fitting(lines, width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for place in shown:
        heading = HEADINGS[place]
        table.add_column(
            heading,
            justify="right" if heading in NUMBERS else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=shown[place],
        )
    for one, line in zip(entries, lines, strict=True):
        cells = {place: Text(line[place]) for place in shown}
        tone = status_tone(one.status or "unknown") if one.live else "muted"
        cells[MODEL].stylize("bold")
        cells[STATUS].stylize(STYLES.get(tone, "dim"))
        table.add_row(*cells.values(), style="" if one.live else "dim")
    return table


def _fitting(lines: Sequence[Sequence[str]], width: int) -> dict[int, int]:
    """Return the places of the columns for which there is room, and how wide each is."""
    wide = {place: max(len(line[place]) for line in (HEADINGS, *lines)) for place in _used(lines)}
    wanted = wide[STATUS]
    wide[STATUS] = min(wanted, STATUS_LEAST)
    for place in LEAST_NEEDED:
        if sum(wide.values()) + GAP * len(wide) <= width:
            break
        wide.pop(place, None)
    spare = width - sum(wide.values()) - GAP * len(wide)
    wide[STATUS] = min(wanted, wide[STATUS] + max(0, spare))
    return wide


def _used(lines: Sequence[Sequence[str]]) -> list[int]:
    """Return the places of the columns; those of runs and workers only where they say something."""
    empty = [place for place in (RUN, WORKERS) if all(line[place] == UNKNOWN for line in lines)]
    return [place for place in range(len(HEADINGS)) if place not in empty]


def _cells(one: ModelEntry, now: float) -> tuple[str, ...]:
    called = " ".join(filter(None, [one.name or one.model_id, one.version]))
    heard = UNKNOWN if one.last_at is None else ago(now - one.last_at)
    where = one.notebook or one.kernel_id or "history"
    if one.source == "store" and one.notebook is not None:
        where = f"{one.notebook}, history"
    cells = (
        one.monitor,
        called or UNKNOWN,
        run_text(one, now) if _is_run(one) else _status(one),
        _accuracy(one),
        fmt.count(one.total_predictions),
        fmt.short_count(one.predictions_per_minute),
        fmt.latency(one.latency_p95_seconds),
        UNKNOWN if one.run_state is None or _is_run(one) else run_text(one, now),
        UNKNOWN if one.workers is None else f"{one.workers_heard} of {one.workers}",
        heard,
        where,
    )
    return tuple(map(printable, cells))


def _is_run(one: ModelEntry) -> bool:
    """Return whether a run says more than a status: where no model is known but its training."""
    if one.run_state is None or one.lost is not None:
        return False
    trains_only = one.model_id is None and one.status not in TROUBLE
    return trains_only or (one.status == "training" and not one.live)


def _status(one: ModelEntry) -> str:
    if one.lost is not None:
        return f"Training lost: {one.lost}" if one.lost else "Training lost"
    if one.status is None:
        return UNKNOWN
    word = fmt.status_word(one.status)
    if not one.live:
        return word if one.status in ("stopped", "failed") else f"was {word.lower()}"
    if one.progress is not None:
        return f"{word} {fmt.progress(one.progress)}"
    return f"{word}: {one.reason}" if one.reason and one.status in TROUBLE else word


def _accuracy(one: ModelEntry) -> str:
    text = fmt.ratio_text(one.current_accuracy)
    if one.current_accuracy is None or one.accuracy_low is None or one.accuracy_high is None:
        return text
    return f"{text} ({fmt.ratio(one.accuracy_low)}{UNKNOWN}{fmt.ratio(one.accuracy_high)})"


def printable(text: str) -> str:
    """Replace control characters, which a terminal would obey; names come from other people."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
