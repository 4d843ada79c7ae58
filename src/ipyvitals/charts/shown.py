"""Figures of plotly that a saved notebook shows without plotly: as an image with its time."""

from __future__ import annotations

from html import escape
from time import time
from typing import Any
from urllib.parse import quote

import plotly.graph_objects as go

from ipyvitals.charts.svg import svg_of
from ipyvitals.render.formatting import moment

__all__ = ["RecordedFigure", "RecordedFigureWidget"]

LOOK = "display:block;width:100%;max-width:900px;height:auto"


class RecordedFigure(go.Figure):
    """A figure of plotly; where there is no plotly, as on GitHub, it is an image."""

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(*args, **kwargs)
        # Some of plotly's renderers bring HTML of their own, with all of its script.
        if bundle and "text/html" not in bundle:
            bundle |= {"text/html": _image(self), "text/plain": _words(self)}
        return bundle

    def _ipython_display_(self) -> None:
        if self._repr_mimebundle_():
            # IPython goes on and asks for all forms.
            raise NotImplementedError
        super()._ipython_display_()


class RecordedFigureWidget(go.FigureWidget):
    """A live figure; its image shows the moment at which the cell ran."""

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(*args, **kwargs)
        return {**bundle, "text/html": _image(self), "text/plain": _words(self)}


def _image(figure: go.Figure) -> str:
    address = "data:image/svg+xml," + quote(svg_of(figure), safe=" =:/,.()-'")
    words = escape(_words(figure))
    return f'<img src="{address}" alt="{words}" title="{words}" width="900" style="{LOOK}">'


def _words(figure: go.Figure) -> str:
    """Return what the image shows, for those who do not see it."""
    names = dict.fromkeys(trace.name for trace in figure.data)
    return f"Plot of {', '.join(names) or 'nothing yet'}, as of {moment(time())}, not live"
