"""Define the colours and the type of the figures, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ipyvitals.charts.theme import page_theme
from ipyvitals.errors import ArgumentValueError

__all__ = ["FONT", "PALETTES", "Palette", "Template", "palette_of", "plotly_template"]

Template: TypeAlias = Literal["light", "dark"]

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'


@dataclass(frozen=True)
class Palette:
    """One colour a role."""

    ground: str
    ink: str
    muted: str
    """Of what is read second: axes, lines beside the one that matters."""
    faint: str
    """Of the grid."""
    accent: str
    band: str
    """The accent as a ground to draw on."""
    band_ink: str
    """The same without a ground below."""
    warn: str
    bad: str
    runs: tuple[str, ...]
    """Lines that are compared, the first one in the accent."""


PALETTES: dict[Template, Palette] = {
    "light": Palette(
        ground="#ffffff",
        ink="#1b1f24",
        muted="#626a73",
        faint="#e9ecef",
        accent="#2159b8",
        band="rgba(33,89,184,0.14)",
        band_ink="#d3deef",
        warn="#8f5400",
        bad="#b3261e",
        runs=(
            *("#2159b8", "#b3541e", "#2f7d6b", "#8a4fa3", "#7a6a1f", "#b23a6f", "#4a5a6a"),
            "#3f8fc4",
        ),
    ),
    "dark": Palette(
        ground="#16181c",
        ink="#e8eaed",
        muted="#9aa3ad",
        faint="#292d33",
        accent="#7cacf8",
        band="rgba(124,172,248,0.17)",
        band_ink="#2e3a4e",
        warn="#f2b64c",
        bad="#f28b82",
        runs=(
            *("#7cacf8", "#f0a36b", "#74cdb8", "#c79be0", "#d3c264", "#f08fb8", "#aab6c3"),
            "#5fc3ee",
        ),
    ),
}


def palette_of(template: str | None) -> Palette:
    """Return the colours of a template; by default those of the page, see `page_theme`.

    Raises
    ------
    ArgumentValueError
        When it is neither ``"light"`` nor ``"dark"``.
    """
    if template is None:
        template = page_theme()
    known = {str(one): palette for one, palette in PALETTES.items()}
    if str(template) not in known:
        raise ArgumentValueError(
            f"template={template!r}: expected 'light' or 'dark'; any of plotly's own can be set "
            "on the figure, by figure.update_layout(template=…)."
        )
    return known[template]


def plotly_template(palette: Palette) -> Any:
    """Return the look that all figures share."""
    import plotly.graph_objects as go

    axis = {
        "gridcolor": palette.faint,
        "linecolor": palette.faint,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"color": palette.muted, "size": 11},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 12, "color": palette.ink},
            "paper_bgcolor": palette.ground,
            "plot_bgcolor": palette.ground,
            "colorway": palette.runs,
            "hovermode": "x unified",
            "hoverlabel": {
                "bgcolor": palette.ground,
                "bordercolor": palette.muted,
                "font": {"family": FONT, "size": 12, "color": palette.ink},
                "namelength": -1,
            },
            "title": {
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yanchor": "top",
                "pad": {"t": 14},
                "font": {"size": 15, "color": palette.ink},
            },
            "xaxis": {
                **axis,
                "showgrid": False,
                "showspikes": True,
                "spikemode": "across",
                "spikesnap": "hovered data",
                "spikethickness": 1,
                "spikedash": "solid",
                "spikecolor": palette.muted,
            },
            "yaxis": {**axis, "nticks": 5, "showline": False, "fixedrange": True},
            "annotationdefaults": {
                "showarrow": False,
                "font": {"size": 12, "color": palette.ink},
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1,
                "yanchor": "bottom",
                "bgcolor": "rgba(0,0,0,0)",
            },
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": palette.muted,
                "activecolor": palette.accent,
            },
        }
    )
