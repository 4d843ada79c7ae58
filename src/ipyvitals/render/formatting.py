"""Numbers, durations and sizes as text, as the panel writes them; unknown is a dash.

The page writes the same texts (``js/src/format.ts``), and both are checked against the cases in
``tests/contract/formats.json``. The rule of rounding is in ``docs/numbers.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import wraps
from math import floor, isfinite
from typing import Concatenate, ParamSpec

from ipyvitals.schema import Health, ModelSection, Status, format_uptime
from ipyvitals.schema.generated import COMPONENT_LABELS, RULE_UNITS

__all__ = [
    "UNKNOWN",
    "bytes_of",
    "bytes_text",
    "capacity",
    "component_label",
    "cores",
    "cores_used",
    "count",
    "decimal_text",
    "error_size",
    "evidence",
    "latency",
    "metric",
    "moment",
    "percent",
    "plural",
    "progress",
    "psi",
    "ratio",
    "ratio_plain",
    "ratio_text",
    "ratio_whole",
    "resumed",
    "roughly",
    "short_count",
    "status_word",
    "tenths",
]

UNKNOWN = "\N{EN DASH}"
SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
STATUS_WORDS: dict[Status | Health, str] = {"active": "Live", "unknown": UNKNOWN}
EXACT = Context(prec=700, rounding=ROUND_HALF_UP)
"""Holds the decimal of every float."""

P = ParamSpec("P")


def _or_dash(
    write: Callable[Concatenate[float, P], str],
) -> Callable[Concatenate[float | None, P], str]:
    """Let a function return a dash for a number that is unknown, infinite or NaN."""

    @wraps(write)
    def written(value: float | None, /, *args: P.args, **keys: P.kwargs) -> str:
        if value is None or not isfinite(value):
            return UNKNOWN
        return write(value, *args, **keys)

    return written


@_or_dash
def count(value: float) -> str:
    """Return every digit: ``2,410,733``."""
    return f"{Decimal(_rounded(value, 0)):,f}"


@_or_dash
def short_count(value: float) -> str:
    """Return ``99,999``, then ``124 k`` and ``1.2 M``: never wider than a tile."""
    if abs(value) < 99_999.5:
        return count(value)
    for power, unit in ((-3, "k"), (-6, "M"), (-9, "G")):
        scaled = _shifted(value, power)
        if abs(scaled) < 999.5:
            return f"{_rounded(scaled, 1 if abs(scaled) < 9.95 else 0)} {unit}"
    return _scientific(value, 1)


@_or_dash
def tenths(value: float) -> str:
    """Return percents without their sign; 100.0 and 0.0 only when it is exactly that."""
    return _inside(value, 1)


@_or_dash
def ratio(value: float) -> str:
    """Return a ratio in percent, likewise: ``94.2``, and ``99.9`` of 0.9996."""
    return tenths(_shifted(value, 2))


@_or_dash
def ratio_text(value: float) -> str:
    """Return a ratio in percent with its sign: ``94.2 %``."""
    text = ratio(value)
    return text if text == UNKNOWN else f"{text} %"


@_or_dash
def percent(value: float) -> str:
    """Return ``41 %``; likewise 0 and 100 only when exact."""
    return f"{_inside(value, 0)} %"


@_or_dash
def progress(percents: float) -> str:
    """Return how much of a run is done: whole percents that are reached, ``41 %`` of 41.9."""
    # A share such as 57 / 100 * 100 lies a hair below what it means.
    reached = floor(float(_rounded(percents, 6)))
    return f"{min(reached, 99) if percents < 100 else reached} %"


@_or_dash
def ratio_whole(value: float) -> str:
    """Return a ratio as a whole percentage, likewise."""
    return percent(_shifted(value, 2))


def ratio_plain(value: float) -> str:
    """Return a threshold as it was set: ``85 %``, ``97.5 %``."""
    return f"{decimal_text(_shifted(value, 2), 4)} %"


def decimal_text(value: float, digits: int) -> str:
    """Return a number with at most `digits` decimals, without zeros at its end."""
    text = _rounded(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


@_or_dash
def latency(seconds: float, digits: int = 2) -> str:
    """Return a short time in the unit that suits it: ``812 µs``, ``12.4 ms``, ``1.2 s``."""
    for power, unit in ((6, "\N{MICRO SIGN}s"), (3, "ms")):
        scaled = _shifted(seconds, power)
        if scaled < 999.5:
            return f"{_significant(scaled, digits)} {unit}"
    return f"{_significant(seconds, digits)} s"


@_or_dash
def error_size(value: float) -> str:
    """Return an error in the unit of its target: ``0.213``, ``12.3``, ``1,369``."""
    if value >= 1e12 or 0 < value < 1e-4:
        return _scientific(value, 1)
    return _significant(value, 3) if value < 999.5 else short_count(value)


@_or_dash
def psi(value: float) -> str:
    """Return a population stability index: ``0.31``, ``0.04``, ``<0.001``."""
    return "<0.001" if 0 < value < 0.001 else _shortest(value, 2)


@_or_dash
def metric(value: float) -> str:
    """Return a metric of a training run: ``0.2318``, ``4``, and 3.9996 as ``4.000``."""
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-4:
        return _scientific(value, 2)
    return count(value) if size >= 999.95 else _shortest(value, 4)


@_or_dash
def bytes_text(value: float) -> str:
    """Return ``4.9 GiB``, ``112 GiB``."""
    text, unit = _sized(value, value, value)
    return f"{text} {unit}"


def bytes_of(used: float | None, whole: float | None) -> str:
    """Return ``4.9 of 8.0 GiB``: both in the unit of the whole."""
    if used is None or whole is None:
        return "" if used is None else bytes_text(used)
    part, unit = _sized(used, whole, used)
    return f"{part} of {_sized(whole, whole, used)[0]} {unit}"


def capacity(value: float | None) -> str:
    """Return a whole size without tenths: ``8 GiB``."""
    return "" if value is None else bytes_text(value).replace(".0 ", " ")


def cores(value: float | None) -> str:
    """Return ``4 cores``, ``1 core``, ``1.5 cores``."""
    if value is None:
        return ""
    number = decimal_text(value, 2)
    return f"{number} core" if number == "1" else f"{number} cores"


def cores_used(percents: float | None, limit: float | None) -> str:
    """Return ``3.2 of 4 cores``, of percents of them all."""
    if percents is None or limit is None:
        return ""
    used = percents / 100 * limit
    return f"{_rounded(used, 1 if used < 99.95 else 0)} of {cores(limit)}"


def moment(at: float | None, *, seconds: bool = True) -> str:
    """Return a moment, given in Unix seconds, that reads the same everywhere.

    Examples
    --------
    >>> moment(1_767_323_045), moment(1_767_323_045, seconds=False)
    ('2 Jan 2026, 03:04:05 UTC', '2 Jan 2026, 03:04 UTC')
    """
    if at is None:
        return UNKNOWN
    try:
        when = datetime.fromtimestamp(at, UTC)
    except (OverflowError, OSError, ValueError):
        return UNKNOWN
    return f"{when.day} {when.strftime('%b %Y, %H:%M:%S' if seconds else '%b %Y, %H:%M')} UTC"


def roughly(seconds: float) -> str:
    """Return a duration in one unit: ``4 min``, ``2 h``."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def plural(n: int, word: str) -> str:
    """Return ``1 label``, ``2 labels``."""
    return f"{count(n)} {word}" if n == 1 else f"{count(n)} {word}s"


def resumed(model: ModelSection) -> str:
    """Return from which moment and total a model goes on; empty for one that began here.

    Examples
    --------
    >>> resumed(ModelSection(resumed_from_at=0.0, resumed_predictions=1))
    'Goes on from 1970-01-01 00:00:00 UTC, 1 prediction'
    """
    if model.resumed_predictions is None:
        return ""
    at = "" if model.resumed_from_at is None else f" from {moment(model.resumed_from_at)}"
    return f"Goes on{at}, {plural(model.resumed_predictions, 'prediction')}"


def status_word(status: Status | Health) -> str:
    """Return what the panel calls a status or a health."""
    return STATUS_WORDS.get(status) or status.title()


def component_label(name: str) -> str:
    """Return the word for a component of the machine; that of a newer version is its name.

    Examples
    --------
    >>> component_label("gpu_memory"), component_label("swap_space")
    ('GPU memory', 'swap space')
    """
    return COMPONENT_LABELS.get(name) or name.replace("_", " ")


def limiter_text(name: str) -> str:
    """Return what is wrong with the component that decides the health of the machine.

    Of a CPU the wait counts, and not the load.

    Examples
    --------
    >>> limiter_text("cpu"), limiter_text("gpu_memory")
    ('waiting for a CPU', 'GPU memory high')
    """
    return "waiting for a CPU" if name == "cpu" else f"{component_label(name)} high"


def evidence(model: ModelSection) -> str:
    """Return what a rule saw against what it allows, in the unit of that rule."""
    rule, value, limit = model.reason_rule, model.reason_value, model.reason_threshold
    if rule is None or value is None or limit is None:
        return ""
    unit = RULE_UNITS.get(rule, "ratio")
    if unit == "latency":
        return f"{latency(value, 3)} against {latency(limit, 3)}"
    if unit == "duration":
        return f"{format_uptime(value)} against {format_uptime(limit)}"
    if unit == "psi":
        return f"PSI {psi(value)} against {psi(limit)}"
    return f"{ratio(value)} % against {ratio_plain(limit)}"


def _rounded(value: float, digits: int) -> str:
    """Round halves up, away from zero, on the decimal that the number prints as."""
    exact = Decimal(repr(float(value)))
    return f"{exact.quantize(Decimal(1).scaleb(-digits), context=EXACT):f}"


def _shifted(value: float, power: int) -> float:
    """Multiply by a power of ten without the error of a multiplication: 0.2825 is 28.25 %."""
    return float(Decimal(repr(float(value))).scaleb(power))


def _inside(percents: float, digits: int) -> str:
    """Round percents; what lies between 0 and 100 does not become either."""
    text = _rounded(percents, digits)
    step = 10.0**-digits
    if percents > 0 and float(text) == 0:
        return _rounded(step, digits)
    return _rounded(100 - step, digits) if percents < 100 and float(text) == 100 else text


def _significant(value: float, digits: int) -> str:
    """Write `digits` significant digits, and never fewer than the whole ones."""
    if value == 0:
        return "0"
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(repr(float(value)))
    return _rounded(value, max(0, digits - 1 - rounded.adjusted()))


def _shortest(value: float, digits: int) -> str:
    """Write `digits` significant digits without zeros at the end; 3.9996 stays ``4.000``."""
    text = _significant(value, digits)
    if abs(value) < 1 and abs(float(text)) == 1:
        return f"{'-' if value < 0 else ''}0.{'9' * digits}"
    if float(text).is_integer() and float(text) != value:
        return text
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float, digits: int) -> str:
    """Write ``1.23e-5``, with `digits` digits behind the point."""
    exact = Decimal(repr(float(value)))
    rounded = Context(prec=digits + 1, rounding=ROUND_HALF_UP).plus(exact)
    power = rounded.adjusted()
    return f"{rounded.scaleb(-power):.{digits}f}e{power:+d}"


def _sized(value: float, scale: float, peer: float) -> tuple[str, str]:
    power = 0
    while power < len(SIZES) - 1 and scale / 1024**power >= 1023.5:
        power += 1
    size = 1024**power
    tenths = power > 0 and min(value, peer) / size < 9.95
    return _rounded(value / size, 1 if tenths else 0), SIZES[power]
