"""Render the figures of this package as plain SVG, for pages that run no script."""

from __future__ import annotations

from html import escape, unescape
from math import log10
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.charts.layout import keys_of
from ipyvitals.charts.palette import FONT
from ipyvitals.charts.svg_text import svg_text
from ipyvitals.charts.ticks import Tick, log_ticks, number_ticks, time_ticks
from ipyvitals.stats.downsampling import Floats

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["svg_of"]

WIDTH_PX = 900
LEGEND_PX, LEGEND_LINE_PX = 24, 22
MOST_TICKS = 8
"""Of an axis of numbers from left to right."""
DASHES = {"dash": "6 4", "dot": "2 3", "dashdot": "6 3 2 3"}
LETTER_PX, SMALL_LETTER_PX = 6.6, 5.4
"""Width of a letter of an axis, and of one in a table, about."""
SIDES = {"left": "start", "center": "middle", "right": "end"}


def svg_of(figure: Figure) -> str:
    """Return a figure of this package as SVG, which is as wide as the page lets it be.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        As `timeline` and `compare` make them: rows of lines, with bands and marks.
    """
    layout = figure.layout.to_plotly_json()
    return _SvgRenderer(layout, [trace.to_plotly_json() for trace in figure.data]).draw()


class _SvgRenderer:
    def __init__(self, layout: dict[str, Any], traces: list[dict[str, Any]]) -> None:
        self._layout = layout
        look = layout["template"].get("layout", layout["template"])
        self._ink, self._ground = look["font"]["color"], look["paper_bgcolor"]
        self._muted = look["xaxis"]["tickfont"]["color"]
        self._faint = look["xaxis"]["gridcolor"]
        margin = layout["margin"]
        self._left, self._top = margin["l"], margin["t"]
        self._width = WIDTH_PX - margin["l"] - margin["r"]
        self._height = layout["height"] - margin["t"] - margin["b"]
        self._dated = layout["xaxis"].get("type") == "date"
        self._traces = [
            {**one, "x": self._numbers(one["x"]), "y": np.asarray(one["y"], dtype=float)}
            for one in traces
            if one.get("x") is not None and len(one["x"])
        ]
        self._tables = [one for one in traces if one.get("type") == "table"]
        self._span = self._whole_span()

    def draw(self) -> str:
        """Return the whole."""
        height = self._layout["height"]
        parts = [self._shape(one) for one in self._layout.get("shapes", ())]
        axes = [name for name in self._layout if name.startswith("yaxis")]
        parts += [self._panel(f"y{name[5:]}") for name in axes]
        parts += [self._note(one) for one in self._layout.get("annotations", ())]
        parts += [self._title(), self._legend(), *map(self._table, self._tables)]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height:.0f}" '
            f'width="100%" role="img" font-family=\'{FONT}\' fill="{self._ink}">'
            f'<rect width="100%" height="100%" fill="{self._ground}"/>{"".join(parts)}</svg>'
        )

    # Where things are

    def _numbers(self, values: Any) -> Floats:
        if self._dated and np.asarray(values).dtype.kind == "f":
            return np.asarray(values, dtype=float) / 1e3
        if self._dated:
            moments = np.asarray(values, dtype="datetime64[ms]")
            numbers = moments.astype(float) / 1e3
            numbers[np.isnat(moments)] = np.nan
            return numbers
        return np.asarray(values, dtype=float)

    def _whole_span(self) -> tuple[float, float]:
        given = self._layout["xaxis"].get("range")
        known = [self._numbers(given)] if given else [one["x"] for one in self._traces]
        first, last = _limits(known)
        return first, last if last > first else first + 1.0

    def _box(self, axis: str) -> tuple[float, float, float, float]:
        """Return left, right, top and bottom of a panel."""
        y = self._layout[f"yaxis{axis[1:]}"]
        x = self._layout.get(f"xaxis{y['anchor'][1:]}", {})
        low, high = y.get("domain", (0, 1))
        left, right = x.get("domain", (0, 1))
        return (
            self._left + left * self._width,
            self._left + right * self._width,
            self._top + (1 - high) * self._height,
            self._top + (1 - low) * self._height,
        )

    def _x(self, value: Any, box: tuple[float, float, float, float] | None = None) -> Any:
        left, right = box[:2] if box else (self._left, self._left + self._width)
        first, last = self._span
        return left + (value - first) / (last - first) * (right - left)

    # What is drawn

    def _panel(self, axis: str) -> str:
        box = self._box(axis)
        left, right, top, bottom = box
        traces = [one for one in self._traces if one.get("yaxis", "y") == axis]
        y = self._layout[f"yaxis{axis[1:]}"]
        if y.get("visible") is False:
            return ""
        wanted = y.get("autorangeoptions", {})
        include, most = wanted.get("include"), wanted.get("clipmax")
        reached = [] if include is None else [np.array([float(include)])]
        low, high = _limits([*(one["y"] for one in traces), *reached])
        if y.get("rangemode") == "tozero":
            low, high = min(0.0, low), high * 1.06 if high > 0 else 1.0
        else:
            spare = (high - low) * 0.06 or max(abs(high) * 0.05, 0.01)
            low, high = low - spare, high + spare
        high = high if most is None else min(high, most)
        if y.get("range"):
            low, high = y["range"]
        logarithmic = y.get("type") == "log"
        if logarithmic:
            above = [one["y"][one["y"] > 0] for one in traces]
            low, high = (log10(one) for one in _limits(above))
            spare = (high - low) * 0.06 or 0.1
            low, high = low - spare, high + spare

        def place(value: Any) -> Any:
            return bottom - (value - low) / (high - low) * (bottom - top)

        parts = []
        percent = "%" in y.get("tickformat", "")
        ticks = log_ticks(low, high) if logarithmic else number_ticks(low, high, percent=percent)
        for value, text in ticks:
            at = place(value)
            parts.append(
                f'<path d="M{left:.1f} {at:.1f}H{right:.1f}" stroke="{self._faint}"/>'
                + svg_text(text, left - 6, at + 4, size=11, anchor="end", colour=self._muted)
            )
        below = max(self._box(f"y{name[5:]}")[3] for name in self._layout if "yaxis" in name)
        if not self._dated or bottom == below:
            ticks = time_ticks(*self._span) if self._dated else self._number_ticks()
            for value, text in ticks:
                # A label at an edge moves inwards, so that it is not cut.
                room = LETTER_PX * len(text) / 2
                x = min(max(float(self._x(value, box)), room), WIDTH_PX - room)
                parts.append(
                    svg_text(text, x, bottom + 16, size=11, anchor="middle", colour=self._muted)
                )
        for one in traces:
            values = _logs(one["y"]) if logarithmic else one["y"]
            parts.append(_line(one, self._x(one["x"], box), place(values)))
        return "".join(parts)

    def _number_ticks(self) -> list[Tick]:
        whole = self._layout["xaxis"].get("tickformat") == ",d"
        return number_ticks(*self._span, MOST_TICKS, whole=whole)

    def _shape(self, shape: dict[str, Any]) -> str:
        x0, x1 = (float(self._x(one)) for one in self._numbers([shape["x0"], shape["x1"]]))
        y0, y1 = (self._top + (1 - shape[name]) * self._height for name in ("y0", "y1"))
        if shape["type"] == "rect":
            return (
                f'<rect x="{x0:.1f}" y="{y1:.1f}" width="{max(1.0, x1 - x0):.1f}" '
                f'height="{y0 - y1:.1f}" fill="{shape["fillcolor"]}" '
                f'fill-opacity="{shape["opacity"]}"/>'
            )
        line = shape["line"]
        return (
            f'<path d="M{x0:.1f} {y0:.1f}V{y1:.1f}" stroke="{line["color"]}" '
            f'stroke-dasharray="{DASHES["dot"]}"/>'
        )

    def _note(self, note: dict[str, Any]) -> str:
        if note.get("xref") == "paper":
            x = self._left + note["x"] * self._width
        else:
            x = float(self._x(self._numbers([note["x"]])[0]))
        size = note.get("font", {}).get("size", 12)
        y = self._top + (1 - note["y"]) * self._height - note.get("yshift", 0)
        y += size if note.get("yanchor") == "top" else 0
        anchor = SIDES[note.get("xanchor", "left")]
        halo = self._ground if "shadow" in note.get("font", {}) else ""
        x += note.get("xshift", 0)
        return svg_text(note["text"], x, y, size=size, anchor=anchor, halo=halo)

    def _title(self) -> str:
        text = self._layout.get("title", {}).get("text")
        return svg_text(text, self._left, 28, size=15) if text else ""

    def _table(self, table: dict[str, Any]) -> str:
        widths = table["columnwidth"]
        scale = self._width / sum(widths)
        lefts = [self._left + scale * sum(widths[:place]) for place in range(len(widths))]
        line_px = int(table["cells"]["height"])
        top = self._top + (1 - table["domain"]["y"][1]) * self._height
        room = int((1 - table["domain"]["y"][0]) * self._height + self._top - top)
        rows = [table["header"]["values"], *zip(*table["cells"]["values"], strict=True)]
        parts = []
        for place, cells in enumerate(rows[: room // line_px]):
            colour = self._muted if place == 0 else ""
            for left, width, text in zip(lefts, widths, cells, strict=True):
                letters = int(width * scale / SMALL_LETTER_PX) - 1
                y = top + line_px * (place + 0.7)
                parts.append(svg_text(_cut(text, letters), left, y, size=10, colour=colour))
        return "".join(parts)

    def _legend(self) -> str:
        shown = [one for one in self._traces if one.get("showlegend")]
        places = keys_of([one["name"] for one in shown], self._width)
        parts = []
        for one, (left, line) in zip(shown, places, strict=True):
            x, y = self._left + left, LEGEND_PX + LEGEND_LINE_PX * line
            dash = DASHES.get(one["line"].get("dash", ""))
            parts.append(
                f'<path d="M{x:.0f} {y - 4}h24" stroke="{one["line"]["color"]}" stroke-width="2"'
                + (f' stroke-dasharray="{dash}"/>' if dash else "/>")
                + svg_text(one["name"], x + 30, y)
            )
        return "".join(parts)


def _logs(values: Floats) -> Floats:
    """Return the exponents of values; NaN of those that have none."""
    return np.log10(np.where(values > 0, values, np.nan))


def _cut(text: str, letters: int) -> str:
    """Return a text that fits; what is cut off is an ellipsis."""
    words = unescape(text)
    return text if len(words) <= letters else escape(words[: max(1, letters - 1)]) + "…"


def _limits(values: list[Floats]) -> tuple[float, float]:
    known = [one[np.isfinite(one)] for one in values]
    known = [one for one in known if one.size]
    if not known:
        return 0.0, 1.0
    return float(min(one.min() for one in known)), float(max(one.max() for one in known))


def _line(trace: dict[str, Any], x: Floats, y: Floats) -> str:
    known = np.isfinite(x) & np.isfinite(y)
    ends = np.flatnonzero(known[1:] != known[:-1]) + 1
    path = ""
    for piece in np.split(np.arange(len(x)), ends):
        if len(piece) == 0 or not known[piece[0]]:
            continue
        points = [f"{one:.1f} {other:.1f}" for one, other in zip(x[piece], y[piece], strict=True)]
        if trace["line"].get("shape") == "hv":
            points = [
                points[0],
                *(f"{x[at]:.1f} {y[at - 1]:.1f}L{x[at]:.1f} {y[at]:.1f}" for at in piece[1:]),
            ]
        path += "M" + "L".join(points) + ("h.1" if len(piece) == 1 else "")
    if not path:
        return ""
    if trace.get("fill") == "toself":
        return f'<path d="{path}" fill="{trace["fillcolor"]}"/>'
    line = trace["line"]
    dash = DASHES.get(line.get("dash", ""))
    cap = "butt" if dash else "round"
    return (
        f'<path d="{path}" fill="none" stroke="{line["color"]}" '
        f'stroke-width="{line.get("width", 1.5)}" stroke-linejoin="round" stroke-linecap="{cap}"'
        + (f' stroke-dasharray="{dash}"' if dash else "")
        + (f' opacity="{trace["opacity"]}"' if "opacity" in trace else "")
        + "/>"
    )
