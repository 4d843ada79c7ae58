"""Read training runs of any form: one curve a metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ipyvitals.charts.tables import HistoryTable
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.render.formatting import moment
from ipyvitals.stats.downsampling import Floats
from ipyvitals.storage.run_filter import RunFilter
from ipyvitals.storage.summaries import StoredRun

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["By", "MetricCurve", "RunCurves", "runs_of"]

By: TypeAlias = Literal["step", "time"]

NO_FILTER = RunFilter()
ENDS = ("failed", "stopped", "lost")
LONG = {"run", "metric", "value"}
EXPECTED = (
    "expected a Store, a Monitor, a DataFrame as history('training') returns it, a list of those, "
    "or a dict of a DataFrame a run, with one column a metric"
)


@dataclass(frozen=True)
class MetricCurve:
    """One metric of one run, in the order of time."""

    steps: Floats
    seconds: Floats
    """Since the run began; NaN where times are not known."""
    values: Floats
    low: Floats | None = None
    high: Floats | None = None
    """Of a thinned curve, in which each value is the mean of some in a row."""
    counts: Floats | None = None


@dataclass(frozen=True)
class RunCurves:
    """One training run."""

    name: str
    curves: dict[str, MetricCurve]
    when: str = ""
    """When it began; part of the name where several runs have the same."""
    end: str = ""
    """How it ended, unless it completed."""
    stored_id: str = ""
    stored: StoredRun | None = None
    """Its summary, where the source has one."""


def runs_of(runs: Any, wanted: RunFilter = NO_FILTER) -> list[RunCurves]:
    """Return the runs that have metrics, in the order in which they began.

    Parameters
    ----------
    runs : Store, Monitor, DataFrame, list or dict
    wanted : RunFilter
        Conditions on runs; only for sources that have summaries.

    Raises
    ------
    ArgumentTypeError
        When `runs` has no form that is known.
    ArgumentValueError
        When there are conditions, and a source has no summaries.
    """
    return _unique([run for run in _found(runs, wanted) if run.curves])


def _found(runs: Any, wanted: RunFilter) -> Iterator[RunCurves]:
    if isinstance(runs, Mapping):
        for name, frame in runs.items():
            yield from _named(str(name), frame, wanted)
    elif callable(getattr(runs, "runs", None)):
        yield from _stored(runs, wanted)
    elif wanted and not _is_list(runs):
        raise ArgumentValueError(
            "compare(): name=, tag=, model=, since= and until= need a Store or a Monitor, since a "
            "table does not say it of its runs; select its rows instead."
        )
    elif callable(getattr(runs, "history", None)):
        yield from _long(runs.history("training"))
    elif set(getattr(runs, "columns", ())) >= LONG:
        yield from _long(runs)
    elif _is_list(runs):
        for one in runs:
            yield from _found(one, wanted)
    else:
        raise ArgumentTypeError(f"compare({runs!r:.80}): {EXPECTED}.")


def _is_list(runs: Any) -> bool:
    return isinstance(runs, Iterable) and not hasattr(runs, "columns") and not isinstance(runs, str)


def _named(name: str, frame: Any, wanted: RunFilter) -> Iterator[RunCurves]:
    """Return the runs that a user named: those of a history, or one table of metrics."""
    columns = set(getattr(frame, "columns", ()))
    has_history = callable(getattr(frame, "history", None))
    if not columns and not has_history:
        raise ArgumentTypeError(f"compare({{{name!r}: {frame!r:.60}}}): {EXPECTED}.")
    if not columns >= LONG and not has_history and not wanted:
        yield RunCurves(name, _wide(frame))
        return
    found = list(_found(frame, wanted))
    for run in found:
        if len(found) == 1:
            yield RunCurves(name, run.curves, stored=run.stored)
        else:
            yield replace(run, name=_joined(name, run.name))


def _stored(source: Any, wanted: RunFilter) -> Iterator[RunCurves]:
    """Return the runs of a history: of every value, and of old ones the thinned curves."""
    summaries = wanted.select(source.runs())
    several = len({one.monitor for one in summaries}) > 1
    frame = source.history("training")
    raw = {run.stored_id: run for run in _long(frame)}
    thinned: dict[str, dict[str, MetricCurve]] = {}
    if any(one.run not in raw for one in summaries):
        thinned = _thinned(source.curves())
    for one in summaries:
        run = raw.get(one.run)
        if run is None and one.run not in thinned:
            continue
        if run is None:
            run = RunCurves(_joined(one.monitor if several else "", one.stage), thinned[one.run])
        if one.info is not None and one.info.name:
            run = replace(run, name=_joined(one.monitor if several else "", one.info.name))
        state = one.state if one.state in ENDS else ""
        when = moment(one.started_at).removesuffix(" UTC")
        yield replace(run, when=when, end=state, stored=one)


def _thinned(frame: pd.DataFrame) -> dict[str, dict[str, MetricCurve]]:
    found: dict[str, dict[str, MetricCurve]] = {}
    for (run, metric), rows in frame.groupby(["run", "metric"], sort=False):
        steps, seconds, values, low, high, counts, bad = (
            rows[name].to_numpy(dtype=float, na_value=np.nan)
            for name in ("step", "seconds", "value", "low", "high", "count", "not_finite")
        )
        curve = MetricCurve(steps, seconds, values, low, high, counts - bad)
        found.setdefault(str(run), {})[str(metric)] = curve
    return found


def _wide(frame: pd.DataFrame) -> dict[str, MetricCurve]:
    import pandas as pd

    numeric = frame.select_dtypes("number")
    if isinstance(frame.index, pd.DatetimeIndex):
        table = HistoryTable(numeric)
        seconds = table.at - table.at[0] if len(table) else table.at
        steps = np.arange(1.0, len(table) + 1)
        columns = {str(name): table.numbers(str(name)) for name in numeric.columns}
    else:
        steps = pd.to_numeric(frame.index.to_series(), errors="coerce").to_numpy(dtype=float)
        seconds = np.full(len(steps), np.nan)
        columns = {str(name): numeric[name].to_numpy(float, na_value=np.nan) for name in numeric}
    return {
        name: MetricCurve(steps, seconds, values)
        for name, values in columns.items()
        if np.isfinite(values).any()
    }


def _long(frame: pd.DataFrame) -> Iterator[RunCurves]:
    several = "monitor" in frame.columns and frame["monitor"].nunique() > 1
    for run, rows in frame.groupby("run", sort=False):
        began = float(HistoryTable(rows).at[0])
        curves = {}
        for metric, its in rows[rows["metric"].notna()].groupby("metric", sort=False):
            table = HistoryTable(its)
            steps = table.numbers("step")
            # Without a count of steps, the order of the rows stands in for it.
            counted = steps if np.isfinite(steps).any() else np.arange(1.0, len(table) + 1)
            curves[str(metric)] = MetricCurve(counted, table.at - began, table.numbers("value"))
        whole = HistoryTable(rows)
        state = whole.texts("state")[-1]
        yield RunCurves(
            _label(whole, with_monitor=several),
            curves,
            moment(began).removesuffix(" UTC"),
            state if state in ENDS else "",
            stored_id=str(run),
        )


def _label(rows: HistoryTable, *, with_monitor: bool) -> str:
    parts: list[str] = []
    for column in ("monitor", "stage") if with_monitor else ("stage",):
        texts = set(rows.texts(column).tolist())
        # A stage that moves on, such as "Epoch 3 of 10", names no run.
        if len(texts) == 1:
            parts += texts
    return _joined(*parts)


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _unique(runs: list[RunCurves]) -> list[RunCurves]:
    """Return the runs with the shortest names that differ."""
    of_name = Counter(run.name for run in runs)
    seen: Counter[str] = Counter()
    named = []
    for run in runs:
        alone = run.name and of_name[run.name] == 1
        name = _joined(run.name, "" if alone else run.when, run.end)
        seen[name] += 1
        again = f" ({seen[name]})" if seen[name] > 1 else ""
        named.append(replace(run, name=name + again))
    return named


def check_by(by: Any) -> By:
    """Return `by`, or raise an error that names the choices."""
    if by not in ("step", "time"):
        raise ArgumentValueError(f"compare(by={by!r}): expected 'step' or 'time'.")
    return by  # type: ignore[no-any-return]
