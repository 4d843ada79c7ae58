"""Numbers, times and sizes as people read them, in the panel's own words.

The page writes them by ``js/src/format.ts``; both give the same text. What is not known is a dash.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor, isfinite, log10

from ipyvitals.schema import Health, ModelSection, Status, format_uptime
from ipyvitals.schema.rules import COMPONENT_LABELS, RULE_UNITS

__all__ = [
    "UNKNOWN",
    "bytes_of",
    "bytes_text",
    "capacity",
    "component_label",
    "cores",
    "count",
    "evidence",
    "latency",
    "metric",
    "moment",
    "percent",
    "plural",
    "ratio",
    "ratio_plain",
    "ratio_whole",
    "roughly",
    "short_count",
    "status_word",
]

UNKNOWN = "\N{EN DASH}"
SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
STATUS_WORDS: dict[Status | Health, str] = {"active": "Live", "unknown": UNKNOWN}


def count(value: float | None) -> str:
    """Return every digit: ``2,410,733``."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def short_count(value: float | None) -> str:
    """Return ``99,999``, then ``124 k`` and ``1.2 M``: never wider than a tile."""
    if value is None or abs(value) < 1e5:
        return count(value)
    for size, unit in ((1e3, "k"), (1e6, "M"), (1e9, "G")):
        scaled = value / size
        if abs(scaled) < 999.5:
            return f"{scaled:.{1 if abs(scaled) < 9.95 else 0}f} {unit}"
    return f"{value:.1e}"


def ratio(value: float | None) -> str:
    """Return a ratio in percent without its sign; 100.0 and 0.0 only when it is exactly that.

    Examples
    --------
    >>> ratio(0.942), ratio(0.9996), ratio(None)
    ('94.2', '99.9', '–')
    """
    if value is None:
        return UNKNOWN
    text = f"{value * 100:.1f}"
    if text == "100.0" and value < 1:
        return "99.9"
    return "0.1" if text == "0.0" and value > 0 else text


def ratio_whole(value: float | None) -> str:
    """Return a ratio as a whole percentage; likewise 0 and 100 only when exact."""
    if value is None:
        return UNKNOWN
    percents = _round(value * 100)
    return f"{min(99, max(1, percents)) if 0 < value < 1 else percents} %"


def ratio_plain(value: float) -> str:
    """Return a threshold as it was set: ``85 %``, ``97.5 %``."""
    return f"{round(value * 100, 2):g} %"


def percent(value: float | None) -> str:
    """Return ``41 %``."""
    return UNKNOWN if value is None else f"{_round(value)} %"


def latency(seconds: float | None, digits: int = 2) -> str:
    """Return a short time in the unit that suits it.

    Examples
    --------
    >>> latency(0.000812), latency(0.0124, 3), latency(1.24)
    ('810 µs', '12.4 ms', '1.2 s')
    """
    if seconds is None:
        return UNKNOWN
    for size, unit in ((1e-6, "\N{MICRO SIGN}s"), (1e-3, "ms")):
        if seconds / size < 999.5:
            return f"{_significant(seconds / size, digits)} {unit}"
    return f"{_significant(seconds, digits)} s"


def metric(value: float | None) -> str:
    """Return a metric of a training run to four significant digits.

    Examples
    --------
    >>> metric(0.23184), metric(12_345.6), metric(0.0000123)
    ('0.2318', '12,346', '1.23e-05')
    """
    if value is None or not isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-4:
        return f"{value:.2e}"
    return count(value) if size >= 1000 else f"{value:.4g}"


def bytes_text(value: float | None) -> str:
    """Return ``4.9 GiB``, ``112 GiB``."""
    if value is None:
        return UNKNOWN
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
    number = f"{round(value, 2):g}"
    return f"{number} core" if number == "1" else f"{number} cores"


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
        return f"PSI {value:.2g} against {limit:.2g}"
    return f"{ratio(value)} % against {ratio_plain(limit)}"


def _round(value: float) -> int:
    # Halves go up, as in the page; `round` takes them to the even neighbour.
    return floor(value + 0.5)


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    whole = floor(log10(abs(rounded))) + 1
    return f"{rounded:.{max(0, digits - whole)}f}"


def _sized(value: float, scale: float, peer: float) -> tuple[str, str]:
    power = 0
    while power < len(SIZES) - 1 and scale >= 1024 ** (power + 1):
        power += 1
    size = 1024**power
    tenths = power > 0 and min(value, peer) / size < 9.95
    return f"{value / size:.{int(tenths)}f}", SIZES[power]
