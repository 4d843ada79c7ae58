"""Lay out the rows of a figure, their headings and axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipyvitals.charts.palette import Palette, plotly_template
from ipyvitals.charts.rows import Row, Scale

__all__ = ["TIME_AXIS", "axis_of", "heading", "height_px", "keys_of", "small", "stacked"]

ROW_PX, GAP_PX, TOP_PX, BOTTOM_PX = 96, 42, 88, 40
KEY_PX, LETTER_PX = 54, 6.6
"""What the line of a legend takes beside its text, and a letter of that."""
STROKES = {"solid": "──", "dash": "╌╌", "dot": "┈┈"}

TIME_AXIS: dict[str, Any] = {
    "type": "date",
    "hoverformat": "%-d %b %Y, %H:%M:%S UTC",
    "tickformatstops": [
        {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
        {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%-d %b"},
        {"dtickrange": [86_400_000, "M1"], "value": "%-d %b"},
        {"dtickrange": ["M1", None], "value": "%b %Y"},
    ],
}
"""Of moments in UTC."""


def stacked(rows: Sequence[Row], palette: Palette, latency: Scale) -> dict[str, Any]:
    """Return the layout of rows above each other, over one axis of time."""
    heights = [ROW_PX * row.weight for row in rows]
    whole = height_px(rows)
    template = plotly_template(palette)
    # Not of the axis alone: its type is guessed anew when a widget gets numbers for moments.
    template.layout.xaxis.type = "date"
    layout: dict[str, Any] = {
        "template": template,
        "height": TOP_PX + whole + BOTTOM_PX,
        "margin": {"l": 52, "r": 16, "t": TOP_PX, "b": BOTTOM_PX},
        "showlegend": False,
        "hoversubplots": "axis",
        "xaxis": {**TIME_AXIS, "anchor": axis_of(len(rows) - 1)},
        "annotations": [],
    }
    top = whole
    for place, (row, height) in enumerate(zip(rows, heights, strict=True)):
        domain = (max(0.0, (top - height) / whole), top / whole)
        top -= height + GAP_PX
        layout[axis_of(place).replace("y", "yaxis")] = {
            "anchor": "x",
            "domain": domain,
            "tickformat": row.tickformat,
            "rangemode": "tozero" if row.from_zero else "normal",
            "autorangeoptions": {"include": row.shown, "clipmax": row.most},
        }
        layout["annotations"].append(heading(_keys(row, palette, latency), domain[1], palette))
    return layout


def height_px(rows: Sequence[Row]) -> float:
    """Return the height of the rows and of the room between them."""
    return sum(ROW_PX * row.weight for row in rows) + GAP_PX * (len(rows) - 1)


def axis_of(place: int) -> str:
    """Return the name of the vertical axis of a row, counted from 0."""
    return f"y{place + 1}" if place else "y"


def heading(text: str, y: float, palette: Palette) -> dict[str, Any]:
    """Return a text above the left corner of a row that ends at `y`."""
    return {
        "text": text,
        # A mark near the left edge goes behind the letters, and not through them.
        "font": {"shadow": ", ".join([f"0 0 3px {palette.ground}"] * 4)},
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "xshift": -4,
        "y": y,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 5,
    }


def keys_of(names: Sequence[str], width_px: float) -> list[tuple[float, int]]:
    """Return where the keys of a legend are, about: pixels from the left, and the line.

    Examples
    --------
    >>> keys_of(["slow", "fast", "a name that takes a lot of room"], 300)
    [(0.0, 0), (80.4, 0), (0.0, 1)]
    """
    places, left, line = [], 0.0, 0
    for name in names:
        room = KEY_PX + LETTER_PX * len(name)
        if left and left + room > width_px:
            left, line = 0.0, line + 1
        places.append((left, line))
        left += room
    return places


def small(text: str, palette: Palette) -> str:
    """Return text in a smaller, fainter type."""
    return f'<span style="font-size:11px;color:{palette.muted}">{text}</span>'


def _keys(row: Row, palette: Palette, latency: Scale) -> str:
    """Return the name of a row, its unit, and which line is which."""
    unit = latency[1] if row.key == "latency" else row.unit
    text = f"<b>{row.title}</b>"
    if unit:
        text += f" {small(unit, palette)}"
    keys = []
    if row.key == "accuracy":
        keys.append(f'<span style="color:{palette.band_ink}">▇▇</span> 95 % interval')
    for line in row.lines:
        look = line.look(palette)
        if line.name != row.title:
            stroke = STROKES[str(look["dash"])]
            keys.append(f'<span style="color:{look["color"]}">{stroke}</span> {line.name}')
    return f"{text}   {small('   '.join(keys), palette)}" if keys else text
