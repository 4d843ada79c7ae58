"""Read training runs of any form: one curve a metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
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

__all__ = ["By", "MetricCurve", "RunCurves", "check_by", "check_flag", "run_of", "runs_of"]

By: TypeAlias = Literal["step", "time"]

NO_FILTER = RunFilter()
ENDS = ("failed", "stopped", "lost")
LONG = {"run", "metric", "value"}
EXPECTED = (
    "expected a Store, a Monitor, a DataFrame as history('training') returns it, a run of runs(), "
    "a list of those, or a dict of these or of DataFrames with one column a metric, by the name of "
    "the run"
)
BY_NAME = "for a run by its name: compare(monitor, name='…')"


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
    stage: str = ""
    """The stage, where it stays the same."""
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
        for name, one in runs.items():
            yield from _named(str(name), one, wanted)
    elif isinstance(runs, StoredRun):
        yield from _drawn(wanted.select([runs]))
    elif callable(getattr(runs, "select_runs", None)):
        yield from runs.select_runs(wanted)
    elif callable(getattr(runs, "runs", None)):
        yield from _drawn(_summaries(runs, wanted))
    elif (handle := _handle(runs)) is not None:
        yield from _of_handle(handle, wanted)
    elif _is_list(runs):
        # Each history is read once, however many of its runs there are.
        stored = [one for one in runs if isinstance(one, StoredRun)]
        yield from _drawn(wanted.select(stored))
        for one in runs:
            if not isinstance(one, StoredRun):
                yield from _found(one, wanted)
    else:
        yield from _of_table(runs, wanted)


def _of_table(runs: Any, wanted: RunFilter) -> Iterator[RunCurves]:
    """Return the runs of a source without summaries."""
    has_history = callable(getattr(runs, "history", None))
    if not has_history and not set(getattr(runs, "columns", ())) >= LONG:
        hint = f"; {BY_NAME}" if isinstance(runs, str) else ""
        raise ArgumentTypeError(f"compare({runs!r:.80}): {EXPECTED}{hint}.")
    if wanted:
        raise ArgumentValueError(
            "compare(): name=, tag=, model=, since= and until= need a Store or a Monitor, since a "
            "table does not say it of its runs; select its rows instead."
        )
    yield from _long(runs.history("training") if has_history else runs)


def _is_list(runs: Any) -> bool:
    if isinstance(runs, str | bytes) or hasattr(runs, "columns") or hasattr(runs, "dtype"):
        return False
    return isinstance(runs, Iterable)


def _named(name: str, given: Any, wanted: RunFilter) -> Iterator[RunCurves]:
    """Return the runs that a user named: those of a source, or one table of metrics."""
    columns = set(getattr(given, "columns", ()))
    if columns and not columns >= LONG and not wanted:
        yield RunCurves(name, _wide(given))
        return
    try:
        found = list(_found(given, wanted))
    except ArgumentTypeError as error:
        text = str(error).removeprefix("compare(").partition("): ")[2]
        raise ArgumentTypeError(f"compare({{{name!r}: {given!r:.60}}}): {text}") from None
    for run in found:
        if len(found) == 1:
            yield replace(run, name=name, when="", end="")
        else:
            yield replace(run, name=_joined(name, run.name))


def _handle(run: Any) -> Any:
    """Return a `TrainingRun`: the object itself, or that of a `track` loop which has begun."""
    for one in (run, getattr(run, "run", None)):
        if hasattr(one, "run_id") and callable(
            getattr(getattr(one, "owner", None), "curves", None)
        ):
            return one
    return None


def _of_handle(run: Any, wanted: RunFilter) -> Iterator[RunCurves]:
    from ipyvitals.charts.kernel_runs import KernelRuns

    for one in KernelRuns("", run.owner).select_runs(wanted):
        if one.stored is not None and one.stored.has_id(run.run_id):
            yield one


def _summaries(source: Any, wanted: RunFilter) -> list[StoredRun]:
    """Return the summaries of a source; of a monitor also those of other models, on request."""
    found = source.runs()
    if wanted.models:
        with suppress(TypeError):
            found = source.runs(model=wanted.models)
    return wanted.select(found)


def _drawn(summaries: list[StoredRun]) -> Iterator[RunCurves]:
    """Return some runs of histories: of every value, and of old ones the thinned curves."""
    sources = {id(one.source): one.source for one in summaries}
    if None in sources.values():
        one = next(one for one in summaries if one.source is None)
        raise ArgumentTypeError(
            f"compare({one!r:.80}): expected a run that runs() of a Monitor or a Store returned."
        )
    raw: dict[str, RunCurves] = {}
    thinned: dict[str, dict[str, MetricCurve]] = {}
    for source in filter(None, sources.values()):
        raw |= {run.stored_id: run for run in _long(source.history("training"))}
        if any(one.run not in raw for one in summaries if one.source is source):
            thinned |= _thinned(source.curves(None))
    several = len({one.monitor for one in summaries}) > 1
    for one in summaries:
        known = raw.get(one.run)
        curves = thinned.get(one.run) if known is None else known.curves
        if curves is not None:
            yield run_of(
                one,
                curves,
                one.monitor if several else "",
                # A stage that moves on names no run.
                one.stage if known is None else known.stage,
            )


def run_of(
    summary: StoredRun,
    curves: dict[str, MetricCurve],
    monitor: str = "",
    stage: str | None = None,
) -> RunCurves:
    """Return a run with its curves, called by its name, or else by its stage."""
    named = summary.info.name if summary.info is not None else None
    return RunCurves(
        _joined(monitor, named or (summary.stage if stage is None else stage)),
        curves,
        moment(summary.started_at).removesuffix(" UTC"),
        summary.state if summary.state in ENDS else "",
        stored_id=summary.run,
        stored=summary,
    )


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
    twice = numeric.columns[numeric.columns.duplicated()].unique().tolist()
    if twice:
        raise ArgumentValueError(
            f"compare(): expected one column a metric, got several of {twice}."
        )
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
        stage = _constant(whole, "stage")
        yield RunCurves(
            _joined(_constant(whole, "monitor") if several else "", stage),
            curves,
            moment(began).removesuffix(" UTC"),
            state if state in ENDS else "",
            stage=stage,
            stored_id=str(run),
        )


def _constant(rows: HistoryTable, column: str) -> str:
    """Return the text of a column; ``""`` where it changes: "Epoch 3 of 10" names no run."""
    texts = set(rows.texts(column).tolist())
    return str(*texts) if len(texts) == 1 else ""


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


def check_flag(name: str, value: Any) -> None:
    """Raise an error when an argument is neither true nor false."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"compare({name}={value!r:.80}): expected True or False.")
