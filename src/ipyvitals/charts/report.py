"""Build a report: one HTML page with the last status and the charts, which loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ipyvitals.charts.palette import FONT, Palette
from ipyvitals.charts.svg import svg_of
from ipyvitals.errors import ArgumentValueError
from ipyvitals.render.formatting import count, moment, status_word
from ipyvitals.render.html import static_view
from ipyvitals.render.html_parts import Columns
from ipyvitals.schema import Snapshot

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["ChartKind", "check_charts", "report_page"]

ChartKind: TypeAlias = Literal["plotly", "svg"]
MOST_CHANGES = 100


def check_charts(charts: Any) -> ChartKind:
    """Return the kind of charts, or raise an error that says what there is."""
    if charts not in ("plotly", "svg"):
        raise ArgumentValueError(
            f"report(charts={charts!r}): expected 'plotly', which can be zoomed and hovered, or "
            "'svg', which runs no script."
        )
    return charts  # type: ignore[no-any-return]


def report_page(
    snapshot: Snapshot,
    history: Columns,
    figures: Sequence[tuple[str, Figure]],
    changes: Sequence[dict[str, Any]],
    palette: Palette,
    charts: ChartKind,
    runs: str = "",
) -> str:
    """Return the page.

    Parameters
    ----------
    snapshot : Snapshot
        The last status.
    history : mapping of str to sequence
        Columns of `Point`, for its small charts.
    figures : sequence of (str, Figure)
        Each with its heading.
    changes : sequence of dict
        Changes of status, oldest first: rows of the history of events, with ``at``.
    palette : Palette
    charts : {"plotly", "svg"}
        Whether the figures move, which takes a script of some megabytes, or stand still.
    runs : str
        HTML of a table of the training runs.
    """
    name = " ".join(filter(None, [snapshot.model.name, snapshot.model.version]))
    title = f"{name or snapshot.monitor}, {moment(snapshot.at, seconds=False)}"
    parts = [f"<h1>{escape(name or snapshot.monitor)}</h1>", static_view(snapshot, history)]
    for place, (heading, figure) in enumerate(figures):
        parts.append(f"<h2>{escape(heading)}</h2>")
        parts.append(svg_of(figure) if charts == "svg" else _plotly(figure, script=place == 0))
    if runs:
        parts.append(f"<h2>What the training runs took</h2>{runs}")
    parts.append(_changes(changes))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    if charts == "plotly":
        # plotly makes images for downloads of blobs, and draws with styles of its own.
        policy = (
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
            "img-src data: blob:; font-src data:"
        )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_style(palette)}</style>\n</head>\n"
        f"<body>\n{''.join(parts)}\n</body>\n</html>\n"
    )


def _plotly(figure: Figure, *, script: bool) -> str:
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=script,
        include_mathjax=False,
        config={"displaylogo": False, "responsive": True},
    )
    return html


def _changes(changes: Sequence[dict[str, Any]]) -> str:
    if not changes:
        return ""
    rows = []
    for change in reversed(changes[-MOST_CHANGES:]):
        data = change.get("data") or {}
        cells = (
            moment(change["at"]),
            str(change.get("model_id") or ""),
            f"{_word(data.get('old_status'))} → {_word(data.get('new_status'))}",
            str(data.get("reason") or ""),
        )
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    more = len(changes) - MOST_CHANGES
    note = f"<p>and {count(more)} before</p>" if more > 0 else ""
    head = "".join(f"<th>{name}</th>" for name in ("when", "model", "status", "why"))
    return (
        f'<h2>Changes of status</h2><table class="changes"><tr>{head}</tr>{"".join(rows)}</table>'
        f"{note}"
    )


def _word(status: Any) -> str:
    return status_word(status) if status else ""


def _style(palette: Palette) -> str:
    return (
        f"body{{margin:32px auto;max-width:1000px;padding:0 24px;background:{palette.ground};"
        f"color:{palette.ink};font:14px/1.45 {FONT}}}"
        "h1{font-size:22px;font-weight:600;margin:0 0 12px}"
        "h2{font-size:15px;font-weight:600;margin:36px 0 4px}"
        # In a notebook the status is narrower; here it is as wide as the charts.
        "body>table{max-width:none!important}"
        ".changes{border-collapse:collapse;width:100%;font-size:13px}"
        f".changes th{{color:{palette.muted};font-weight:400}}"
        ".changes th,.changes td{text-align:left;vertical-align:top;padding:5px 16px 5px 0;"
        f"border-bottom:1px solid {palette.faint}}}"
        "@media print{body{margin:0}}"
    )
