"""Convert the markup of plotly's texts to SVG."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

__all__ = ["svg_text"]

LINE_EM = 1.3


def svg_text(
    markup: str,
    x: float,
    y: float,
    *,
    size: float = 12,
    anchor: str = "start",
    colour: str = "",
    halo: str = "",
) -> str:
    """Return a text with its first base line at `y`.

    Parameters
    ----------
    markup : str
        May have ``<b>``, ``<br>`` and ``<span style="…">``; all else is text.
    x, y, size : float
        Pixels.
    anchor : {"start", "middle", "end"}
        Which end of the text `x` is.
    colour : str
        That of the page by default.
    halo : str
        Colour of an edge around the letters, over what is behind them; none by default.

    Examples
    --------
    >>> svg_text("<b>a</b> &lt; b", 0, 12)
    '<text x="0.0" y="12.0" font-size="12"><tspan font-weight="600">a</tspan> &lt; b</text>'
    """
    spans = _MarkupParser(x)
    spans.feed(markup)
    spans.close()
    side = "" if anchor == "start" else f' text-anchor="{anchor}"'
    fill = f' fill="{colour}"' if colour else ""
    if halo:
        fill += f' stroke="{halo}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{side}{fill}>{"".join(spans.parts)}'
        "</text>"
    )


class _MarkupParser(HTMLParser):
    def __init__(self, x: float) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._x = x

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "b":
            self.parts.append('<tspan font-weight="600">')
        elif tag == "br":
            self.parts.append(f'<tspan x="{self._x:.1f}" dy="{LINE_EM}em"></tspan>')
        elif tag == "span":
            style = dict(attrs).get("style") or ""
            style = style.replace("color:", "fill:")
            self.parts.append(f'<tspan style="{escape(style)}">')

    def handle_endtag(self, tag: str) -> None:
        if tag in ("b", "span"):
            self.parts.append("</tspan>")

    def handle_data(self, data: str) -> None:
        # Three blanks stand between the keys of a row; SVG would make one of them.
        self.parts.append(escape(data, quote=False).replace("   ", "\u2003"))
