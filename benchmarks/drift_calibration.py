"""Simulate drift detection: false alarms without drift, and rows until a change is found.

``python -m benchmarks.drift_calibration`` writes the two tables of ``docs/numbers.md``; it takes
about ten minutes. ``--quick`` takes a tenth of the streams.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats  # type: ignore[import-untyped]

from ipyvitals.drift.detector import Drift, DriftDetector
from ipyvitals.stats.streak import HysteresisSwitch
from ipyvitals.utils.notices import Notices

Sample: TypeAlias = npt.NDArray[Any]
Draw: TypeAlias = Callable[[np.random.Generator, int], Sample]

NUMBERS = Path(__file__).parents[1] / "docs" / "numbers.md"
REFERENCES = (30, 100, 1_000, 10_000)
CATEGORIES = (2, 5, 10, 20, 50, 100, 200, 1_000)
WINDOW = 500
STEP = WINDOW // 5
ALPHA = 0.01
LOOKS = 20
STREAMS = 400
CHANGED_STREAMS = 100
CHANGED_ROWS = 2_000
HOLD = 3


def categories(count: int, *, zipf: bool = False) -> Draw:
    """Return a sampler of texts, equally frequent or as in Zipf's law."""
    names = np.array([f"c{number}" for number in range(count)])
    weights = 1 / np.arange(1, count + 1) if zipf else np.ones(count)
    edges = np.cumsum(weights / weights.sum())

    def draw(random: np.random.Generator, rows: int) -> Sample:
        return names[np.minimum(np.searchsorted(edges, random.random(rows)), count - 1)]

    return draw


def mixed(share: float, value: float, rest: Draw) -> Draw:
    """Return a sampler of numbers of which a share is one value."""
    return lambda random, rows: np.where(random.random(rows) < share, value, rest(random, rows))


def normal(mean: float = 0.0, deviation: float = 1.0) -> Draw:
    """Return a sampler of normal numbers."""
    return lambda random, rows: random.normal(mean, deviation, rows)


def lognormal(random: np.random.Generator, rows: int) -> Sample:
    """Return skewed numbers."""
    return random.lognormal(0.0, 1.0, rows)


def poisson(mean: float) -> Draw:
    """Return a sampler of small integers."""
    return lambda random, rows: random.poisson(mean, rows)


def rounded(random: np.random.Generator, rows: int) -> Sample:
    """Return normal numbers with one decimal."""
    return np.round(random.normal(0.0, 1.0, rows), 1)


STABLE: dict[str, Draw] = {
    **{f"{count:,} categories, equal": categories(count) for count in CATEGORIES},
    **{f"{count:,} categories, Zipf": categories(count, zipf=True) for count in CATEGORIES},
    "normal": normal(),
    "lognormal": lognormal,
    "ties: one decimal": rounded,
    "ties: Poisson, mean 3": poisson(3),
    "ties: Poisson, mean 30": poisson(30),
    "mixture: 50 % zeros": mixed(0.5, 0.0, lognormal),
    "mixture: 90 % zeros": mixed(0.9, 0.0, lognormal),
    "sentinel: 5 % −999": mixed(0.05, -999.0, normal()),
    "sentinel: 1 % −999": mixed(0.01, -999.0, normal()),
    "missing: 10 % NaN": mixed(0.1, np.nan, normal()),
    "constant": mixed(1.0, 7.0, normal()),
    "constant but for 0.2 %": mixed(0.998, 7.0, normal()),
}

CHANGES: dict[str, tuple[Draw, Draw]] = {
    "normal, mean + 0.2": (normal(), normal(0.2)),
    "normal, mean + 0.3": (normal(), normal(0.3)),
    "normal, mean + 0.5": (normal(), normal(0.5)),
    "normal, deviation × 1.3": (normal(), normal(0.0, 1.3)),
    "lognormal × 1.5": (lognormal, lambda random, rows: 1.5 * lognormal(random, rows)),
    "normal, 5 % become −999": (normal(), mixed(0.05, -999.0, normal())),
    "50 % zeros, 10 % of all −1": (
        mixed(0.5, 0.0, lognormal),
        mixed(0.1, -1.0, mixed(0.5, 0.0, lognormal)),
    ),
    "Poisson, mean 3 to 3.5": (poisson(3), poisson(3.5)),
    "2 categories, 50 to 60 %": (
        categories(2),
        lambda random, rows: np.where(random.random(rows) < 0.6, "c0", "c1"),
    ),
    "10 categories, equal to Zipf": (categories(10), categories(10, zipf=True)),
    "10 categories, 5 % new": (
        categories(10),
        lambda random, rows: np.where(
            random.random(rows) < 0.05, "new", categories(10)(random, rows)
        ),
    ),
    "200 categories, 20 % new": (
        categories(200),
        lambda random, rows: np.where(
            random.random(rows) < 0.2, "new", categories(200)(random, rows)
        ),
    ),
    "200 categories, equal to Zipf": (categories(200), categories(200, zipf=True)),
}


def share_above(draw: Draw, reference: int, streams: int, seed: int = 1) -> float:
    """Return the share of looks above the threshold, without drift."""
    looks = above = 0
    for stream in range(streams):
        random = np.random.default_rng([seed, reference, stream])
        detector = _detector(draw(random, reference))
        detector.update(draw(random, WINDOW + STEP * (LOOKS - 1)), None)
        checks = detector.take_checks()
        looks += len(checks)
        above += sum(check.value > check.threshold for check in checks)
    return above / looks


def rows_until_found(change: tuple[Draw, Draw], streams: int) -> tuple[list[int], list[int]]:
    """Return the rows from a change to the verdict, of drift detection and of a classical test.

    The test is that of Kolmogorov and Smirnov for numbers, and chi-squared for categories, with
    the same `alpha` at the same looks; three looks in a row are a verdict for both. A change that
    is not found counts as found after `CHANGED_ROWS`.
    """
    before, after = change
    ours, theirs = [], []
    for stream in range(streams):
        random = np.random.default_rng([1, stream])
        reference = before(random, 1_000)
        rows = np.concatenate([before(random, WINDOW - STEP), after(random, CHANGED_ROWS)])
        detector = _detector(reference)
        detector.update(rows, None)
        ours.append(_first([check.value > check.threshold for check in detector.take_checks()]))
        ends = range(WINDOW, rows.size + 1, STEP)
        windows = [rows[end - WINDOW : end] for end in ends]
        theirs.append(_first([_p_value(reference, window) < ALPHA for window in windows]))
    return ours, theirs


def _detector(reference: Sample) -> DriftDetector:
    detector = DriftDetector(Drift(window=WINDOW, alpha=ALPHA), Notices(lambda: 0.0))
    detector.set_reference(reference)
    return detector


def _first(over: list[bool]) -> int:
    flags = np.array(over)
    turns = HysteresisSwitch(HOLD).update(flags, ~flags)
    return STEP * (turns[0] + 1) if turns else CHANGED_ROWS


def _p_value(reference: Sample, window: Sample) -> float:
    if reference.dtype.kind == "f":
        return float(stats.ks_2samp(reference, window).pvalue)
    values, codes = np.unique(np.concatenate([reference, window]), return_inverse=True)
    counts = [
        np.bincount(part, minlength=values.size)
        for part in (codes[: reference.size], codes[reference.size :])
    ]
    return float(stats.chi2_contingency(np.array(counts), correction=False).pvalue)


def calibration_table(streams: int) -> str:
    """Return the share of looks above the threshold as a table."""
    lines = [
        "| data without drift | " + " | ".join(f"{rows:,} rows" for rows in REFERENCES) + " |",
        "|---|" + "---|" * len(REFERENCES),
    ]
    for name, draw in STABLE.items():
        shares = [share_above(draw, rows, streams) for rows in REFERENCES]
        lines.append(f"| {name} | " + " | ".join(f"{100 * one:.2f} %" for one in shares) + " |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def power_table(streams: int) -> str:
    """Return the median of rows until a change is found as a table."""
    lines = [
        "| change | PSI | found | Kolmogorov-Smirnov or chi-squared | found |",
        "|---|---|---|---|---|",
    ]
    for name, change in CHANGES.items():
        cells = [_summary(rows) for rows in rows_until_found(change, streams)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def _summary(rows: list[int]) -> str:
    found = sum(one < CHANGED_ROWS for one in rows) / len(rows)
    median = f"{np.median(rows):,.0f} rows" if found > 0.5 else "–"
    return f"{median} | {100 * found:.0f} %"


def _write(name: str, table: str) -> None:
    start, end = f"<!-- drift {name} -->", f"<!-- end of drift {name} -->"
    text = NUMBERS.read_text(encoding="utf-8")
    before, rest = text.split(start)
    _, after = rest.split(end)
    NUMBERS.write_text(f"{before}{start}\n\n{table}\n\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Simulate, and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the streams; print only")
    quick = parser.parse_args().quick
    part = 10 if quick else 1
    calibration, power = calibration_table(STREAMS // part), power_table(CHANGED_STREAMS // part)
    if quick:
        print(calibration, power, sep="\n\n")
    else:
        _write("calibration", calibration)
        _write("power", power)


if __name__ == "__main__":
    main()
