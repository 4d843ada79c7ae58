"""Draw statuses and deployments as marks across a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipyvitals.charts.palette import Palette
from ipyvitals.charts.tables import Texts, plain, records
from ipyvitals.charts.times import PIXELS, Places, TimeAxis, moments
from ipyvitals.render.formatting import moment, ratio, status_word
from ipyvitals.stats.downsampling import Floats, pixel_indices

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DeploymentMark", "StatusBand", "bands_of", "deployments_of", "marks"]

BAD_FIRST = ("failed", "unhealthy", "degraded", "training", "stopped", "idle")
"""Statuses that are shown as bands; of several in one pixel, the first one counts."""
OPACITY = {"idle": 0.05, "stopped": 0.09, "training": 0.07}
LABEL_SHARE = 0.09
"""A mark that has less room than this share of the width is not named."""
MOST_NAMED = 40
FLAG_PX = 38
"""How far the mark of a deployment stands out at the top."""


class StatusBand(NamedTuple):
    """A span of time in one status; Unix seconds."""

    first: float
    last: float
    status: str


class DeploymentMark(NamedTuple):
    """A deployment: the time, in Unix seconds, and the model that became active."""

    at: float
    model_id: str
    name: str
    about: str


def bands_of(times: TimeAxis, statuses: Texts) -> list[StatusBand]:
    """Return the spans in which a model had any status but live.

    A span is never thinner than a pixel, so that no failure is overlooked.

    Examples
    --------
    >>> statuses = np.array(["active", "degraded", "degraded", "active"], dtype=object)
    >>> bands_of(TimeAxis(np.arange(4.0)), statuses)
    [StatusBand(first=1.0, last=3.0, status='degraded')]
    """
    at = times.at
    if len(at) == 0:
        return []
    ranks = np.full(len(at), len(BAD_FIRST))
    for rank, status in enumerate(BAD_FIRST):
        ranks[statuses == status] = rank
    # Each row holds until the next one, unless nobody watched in between.
    lasts = np.append(at[1:], at[-1])
    lasts[times.ends - 1] = at[times.ends - 1]
    changes = _changes(at, lasts, ranks)
    if len(changes) > PIXELS:
        # Of a status that flaps, each pixel shows the worst.
        starts = np.flatnonzero(np.diff(pixel_indices(at, PIXELS), prepend=-1))
        ranks = np.minimum.reduceat(ranks, starts)
        lasts = np.maximum.reduceat(lasts, starts)
        at = at[starts]
        changes = _changes(at, lasts, ranks)
    thinnest = (lasts[-1] - at[0]) / PIXELS
    return [
        StatusBand(
            float(at[first]), float(max(lasts[last - 1], at[first] + thinnest)), BAD_FIRST[rank]
        )
        for first, last in zip(np.append(0, changes), np.append(changes, len(at)), strict=True)
        if (rank := ranks[first]) < len(BAD_FIRST)
    ]


def _changes(at: Floats, lasts: Floats, ranks: NDArray[np.int_]) -> Places:
    """Return the places at which another status begins, or the same one after a pause."""
    return np.flatnonzero((np.diff(ranks) != 0) | (lasts[:-1] < at[1:])) + 1


def deployments_of(models: pd.DataFrame) -> list[DeploymentMark]:
    """Return the deployments in the table of models, in the order of time."""
    return [
        deployment(
            row["at"],
            str(row.get("model_id")),
            row.get("name"),
            row.get("version"),
            row.get("baseline_accuracy"),
        )
        for row in records(models)
    ]


def deployment(
    at: float, model_id: str, name: str | None, version: str | None, baseline: float | None
) -> DeploymentMark:
    """Return a mark of a model that became the active one."""
    called = " ".join(str(part) for part in (name or model_id, version) if part)
    facts = [called, f"deployed {moment(at)}"]
    if baseline is not None:
        facts.append(f"baseline accuracy {ratio(float(baseline))} %")
    return DeploymentMark(at, model_id, called, "<br>".join(map(plain, facts)))


def marks(
    bands: list[StatusBand],
    deployments: list[DeploymentMark],
    span: tuple[float, float],
    palette: Palette,
    height_px: float,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return shapes and annotations of a figure.

    Parameters
    ----------
    bands, deployments
        What to mark.
    span : tuple of float
        The time that is shown, in Unix seconds.
    palette : Palette
    height_px : float
        Of all rows together.
    """
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    room = (span[1] - span[0]) * LABEL_SHARE
    for band in bands:
        colour = _colour(band.status, palette)
        shapes.append(
            {
                "type": "rect",
                "layer": "below",
                "xref": "x",
                "yref": "paper",
                "x0": _day(band.first),
                "x1": _day(band.last),
                "y0": 0,
                "y1": 1,
                "line": {"width": 0},
                "fillcolor": colour,
                "opacity": OPACITY.get(band.status, 0.13),
            }
        )
        if band.last - band.first >= room:
            text = f'<span style="color:{colour}">{status_word(band.status)}</span>'  # type: ignore[arg-type]
            notes.append(_note(band.first, text, yanchor="top", xshift=4))
    free_from = -np.inf
    for place, one in enumerate(deployments):
        if not span[0] <= one.at <= span[1]:
            continue
        shapes.append(
            {
                "type": "line",
                "xref": "x",
                "yref": "paper",
                "x0": _day(one.at),
                "x1": _day(one.at),
                "y0": 0,
                "y1": 1 + FLAG_PX / height_px,
                "line": {"color": palette.ink, "width": 1, "dash": "dot"},
            }
        )
        named = one.at >= free_from and len(deployments) - place <= MOST_NAMED
        text = one.name if named else "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"
        near_end = one.at > span[1] - room
        notes.append(
            _note(
                one.at,
                plain(text),
                yanchor="top",
                yshift=FLAG_PX + 4,
                xshift=0 if not named else -3 if near_end else 3,
                xanchor=("right" if near_end else "left") if named else "center",
                hovertext=one.about,
            )
        )
        if named:
            free_from = one.at + 1.6 * room
    return shapes, notes


def _note(at: float, text: str, **more: Any) -> dict[str, Any]:
    place = {"x": _day(at), "xref": "x", "xanchor": "left", "y": 1, "yref": "paper"}
    return {**place, "text": text, "font": {"size": 11}, **more}


def _colour(status: str, palette: Palette) -> str:
    if status in ("failed", "unhealthy"):
        return palette.bad
    return {"degraded": palette.warn, "training": palette.accent}.get(status, palette.muted)


def _day(at: float) -> Any:
    return moments(np.array([at]))[0].item()
