"""Build the parts of the static panel: rows and cells of one table, bars and small charts.

Presentational attributes stand beside the styles, for the hosts that take styles away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

from ipyvitals.render.sparkline import Range, sparkline
from ipyvitals.render.tones import TONES, Tone

__all__ = [
    "Columns",
    "SparklineRenderer",
    "bar",
    "cell",
    "pill",
    "quiet",
    "reading",
    "row",
    "table",
    "tint",
    "value",
]

Columns: TypeAlias = Mapping[str, Sequence[Any]]

GREY = "rgba(128,128,128,{})"
CHART_SECONDS = 300.0
COLUMNS = 4


def table(rows: Sequence[str]) -> str:
    """Return the panel: a table of four columns."""
    style = (
        "width:100%;max-width:820px;margin:4px 0;color:inherit;table-layout:fixed;"
        "border-collapse:collapse;"
        f"border:1px solid {GREY.format('.35')};font-size:13px;line-height:1.45"
    )
    return f'<table width="100%" style="{style}"><tbody>{"".join(rows)}</tbody></table>'


def row(*cells: str, line: bool = True, background: str = "none") -> str:
    """Return a row, with a line above it."""
    edge = f"1px solid {GREY.format('.25')}" if line else "0"
    return f'<tr style="background:{background};border:0;border-top:{edge}">{"".join(cells)}</tr>'


def cell(html: str, *, span: int = 1, right: bool = False, style: str = "") -> str:
    """Return a cell that spans `span` columns."""
    side = "right" if right else "left"
    look = (
        f"padding:9px 16px;border:0;text-align:{side};vertical-align:top;white-space:normal;"
        f"overflow-wrap:anywhere;{style}"
    )
    width = f'colspan="{span}"' if span > 1 else f'width="{100 // COLUMNS}%"'
    return f'<td {width} align="{side}" valign="top" style="{look}">{html}</td>'


def quiet(html: str) -> str:
    """Return text in a smaller, fainter type."""
    return f'<span style="opacity:.72;font-size:12px">{html}</span>'


def value(text: str, unit: str = "", tone: Tone | None = None) -> str:
    """Return a number as large as the panel shows it; both texts are escaped."""
    colour = f";color:{TONES[tone]}" if tone else ""
    number = (
        f'<b style="font-size:24px;line-height:1.25;letter-spacing:-.02em{colour}">'
        f"{escape(text)}</b>"
    )
    return f"{number} {quiet(escape(unit))}" if unit else number


def reading(text: str, tone: Tone | None = None) -> str:
    """Return a number at the right edge of its cell; the text is escaped."""
    colour = f";color:{TONES[tone]}" if tone else ""
    return f'<b style="float:right{colour}">{escape(text)}</b>'


def pill(word: str, tone: Tone) -> str:
    """Return a status in its colour."""
    look = f"padding:2px 9px;border-radius:99px;background:{tint(tone)};color:{TONES[tone]}"
    return f'<b style="font-size:12px;{look}">{escape(word)}</b>'


def tint(tone: Tone) -> str:
    """Return a tone as a ground to write on."""
    red, green, blue = (int(TONES[tone][start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},.13)"


def bar(percents: float | None, colour: str, *, height: int = 4) -> str:
    """Return a level as a bar; the number itself stands beside it."""
    width = min(100.0, max(0.0, percents or 0.0))
    shape = f"height:{height}px;border-radius:{height}px"
    return (
        f'<div style="{shape};margin:5px 0 3px;background:{GREY.format(".22")}">'
        f'<div style="{shape};width:{width:.1f}%;background:{colour}"></div></div>'
    )


class SparklineRenderer:
    """Draws the last five minutes of one column as a small chart.

    Parameters
    ----------
    history : mapping of str to sequence
        Columns of `Point`, equally long; may be empty.
    """

    def __init__(self, history: Columns) -> None:
        self._history = history
        at = history.get("at") or ()
        self._first = next(
            (place for place, one in enumerate(at) if one >= at[-1] - CHART_SECONDS), 0
        )

    def image(
        self,
        column: str,
        label: str,
        text: Callable[[float], str],
        span: Range,
        *,
        tone: Tone = "accent",
        threshold: float | None = None,
        fill: bool = False,
        height: int = 30,
    ) -> str:
        """Return one chart as an image; its alternative text gives the lowest and highest value."""
        values = self._history.get(column, ())[self._first :]
        known = [one for one in values if one is not None]
        address = known and sparkline(
            self._history["at"][self._first :],
            values,
            colour=TONES[tone],
            span=span,
            threshold=threshold,
            threshold_colour=TONES["warn"],
            fill=fill,
        )
        if not address:
            return ""
        alt = escape(f"{label}, last 5 minutes: {text(min(known))} to {text(max(known))}")
        return (
            f'<img src="{address}" alt="{alt}" title="{alt}" width="160" '
            f'height="{height}" style="display:block;width:100%;height:{height}px;margin:6px 0 0">'
        )
