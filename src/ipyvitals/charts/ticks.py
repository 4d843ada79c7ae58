"""Choose round numbers and times for the axes of charts without plotly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil, floor, isfinite, log10
from typing import Any

from ipyvitals.render.formatting import decimal_text, metric, short_count

__all__ = ["Tick", "log_ticks", "number_ticks", "time_ticks", "whole_step"]

Tick = tuple[float, str]

STEPS_SECONDS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400, 90 * 86_400, 365 * 86_400),
)


def number_ticks(
    low: float, high: float, most: int = 5, *, percent: bool = False, whole: bool = False
) -> list[Tick]:
    """Return at most `most` round numbers from `low` to `high`, and how they are written.

    Examples
    --------
    >>> number_ticks(0.0, 160.0)
    [(0.0, '0'), (50.0, '50'), (100.0, '100'), (150.0, '150')]
    >>> number_ticks(0.68, 1.0, percent=True)
    [(0.7, '70 %'), (0.8, '80 %'), (0.9, '90 %'), (1.0, '100 %')]
    """
    span = high - low
    if not (isfinite(span) and span > 0):
        return []
    size = 10.0 ** floor(log10(span / most))
    if whole:
        size = max(1.0, size)
    step = next(
        one * size
        for one in ((1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10))
        if floor(high / (one * size)) - ceil(low / (one * size)) < most
    )
    values = [round(place * step, 12) for place in range(ceil(low / step), floor(high / step) + 1)]
    write: Callable[[float], str] = (
        short_count if max(map(abs, values), default=0) >= 1000 else metric
    )
    return [(one, f"{decimal_text(one * 100, 6)} %" if percent else write(one)) for one in values]


def whole_step(low: float, high: float, most: int = 8) -> dict[str, Any]:
    """Return what makes plotly put the ticks of an axis of whole numbers at whole numbers.

    Examples
    --------
    >>> whole_step(1.0, 3.0)
    {'tick0': 0, 'dtick': 1}
    >>> whole_step(0.0, 1200.0)
    {'nticks': 8}
    """
    span = high - low
    if span > 4 * most:
        # Plotly's own ticks are whole, and adapt when somebody zooms.
        return {"nticks": most}
    return {"tick0": 0, "dtick": next(one for one in (1, 2, 5, 10) if span / one <= most)}


def log_ticks(low: float, high: float, most: int = 5) -> list[Tick]:
    """Return round numbers between two powers of ten, given and returned as their exponents.

    Examples
    --------
    >>> log_ticks(-2.0, 1.0)
    [(-2.0, '0.01'), (-1.0, '0.1'), (0.0, '1'), (1.0, '10')]
    """
    for digits in ((1, 2, 5), (1, 3), (1,)):
        values = [
            (log10(digit) + power, digit * 10.0**power)
            for power in range(floor(low), ceil(high) + 1)
            for digit in digits
        ]
        inside = [(place, metric(value)) for place, value in values if low <= place <= high]
        if len(inside) <= most:
            return inside
    return inside[:: -(-len(inside) // most)]


def time_ticks(first: float, last: float, most: int = 7) -> list[Tick]:
    """Return at most `most` round moments in UTC, given in Unix seconds.

    Examples
    --------
    >>> time_ticks(0.0, 3600.0)
    [(0.0, '1 Jan, 00:00'), (600.0, '00:10'), (1200.0, '00:20'), (1800.0, '00:30'),
     (2400.0, '00:40'), (3000.0, '00:50'), (3600.0, '01:00')]
    """
    step = next((one for one in STEPS_SECONDS if (last - first) / one < most), STEPS_SECONDS[-1])
    years = [datetime.fromtimestamp(one, UTC).year for one in (first, last)]
    day = "%b %Y" if years[0] != years[1] else "%b"
    ticks: list[Tick] = []
    before = ""
    at = ceil(first / step) * step
    while at <= last:
        when = datetime.fromtimestamp(at, UTC)
        date = f"{when.day} {when.strftime(day)}"
        clock = when.strftime("%H:%M:%S" if step < 60 else "%H:%M")
        text = clock if date == before else f"{date}, {clock}"
        ticks.append((float(at), date if step >= 86_400 else text))
        before = date
        at += step
    return ticks
