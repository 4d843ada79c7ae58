"""Watching for drift: what each further feature costs."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from river import drift

from benchmarks.feed import labels
from benchmarks.record import peers
from benchmarks.table import Row
from benchmarks.timing import Times, interleaved, ratio
from ipyvitals import Monitor

FEATURES = (0, 1, 10, 50)
BESIDE_PEERS = 10
REFERENCE = 1_000
CALLS = 10_000
BATCH = 500
BATCHES = 100


def drift_rows(*, quick: bool) -> list[Row]:
    """Record the same predictions with more and more features."""
    rounds = 3 if quick else 10
    return [*_record_rows(rounds), _batch_row(rounds)]


def _record_rows(rounds: int) -> list[Row]:
    said, truths = (side.tolist() for side in labels(CALLS))

    def with_monitor(table: Any, *, watching: bool = True) -> float:
        rows = _named(table) or [None] * CALLS

        def run(monitor: Monitor) -> None:
            record = monitor.record
            for prediction, actual, row in zip(said, truths, rows, strict=True):
                record(prediction, actual, latency=0.004, features=row)

        return _cpu_seconds(run, table if watching else None)

    def with_peers() -> float:
        rows = _named(tables[str(BESIDE_PEERS)])
        watches = {name: drift.ADWIN() for name in rows[0]}
        inc, observe, update = peers()
        start = process_time()
        for prediction, actual, row in zip(said, truths, rows, strict=True):
            inc()
            observe(0.004)
            update(actual, prediction)
            for name, value in row.items():
                watches[name].update(value)
        return process_time() - start

    tables = _tables(CALLS)
    work: dict[str, Callable[[], float]] = {
        name: lambda table=table: with_monitor(table) for name, table in tables.items()
    }
    work["off"] = lambda: with_monitor(tables["0"], watching=False)
    work["peers"] = with_peers
    times = interleaved(work, rounds)
    us = _us_a_row(times, CALLS)
    return [
        _feature_row("`record(…, features=…)`: each feature watched for drift, all CPU time", us),
        Row(
            f"the same call with {BESIDE_PEERS} features",
            ratio(times, str(BESIDE_PEERS), "peers"),
            "{:.2f} × (prometheus_client + river, an ADWIN a feature)",
            1.0,
            measured=f"{us[str(BESIDE_PEERS)]:.2f} µs; peers {us['peers']:.2f} µs",
            data=us,
        ),
    ]


def _batch_row(rounds: int) -> Row:
    said, truths = labels(BATCH)

    def with_monitor(table: Any, *, watching: bool = True) -> float:
        features = table if table.size else None

        def run(monitor: Monitor) -> None:
            for _ in range(BATCHES):
                monitor.record_batch(said, truths, latency=0.004, features=features)

        return _cpu_seconds(run, table if watching else None)

    tables = _tables(BATCH)
    work = {name: lambda table=table: with_monitor(table) for name, table in tables.items()}
    work["off"] = lambda: with_monitor(tables["0"], watching=False)
    us = _us_a_row(interleaved(work, rounds), BATCH * BATCHES)
    return _feature_row(f"a row of `record_batch` ({BATCH} rows): each feature watched", us)


def _cpu_seconds(run: Callable[[Monitor], None], table: Any | None) -> float:
    """Return the CPU time of all threads; the reference, which comes once, is not counted."""
    with Monitor("bench", name="bench-drift", drift=table is not None) as monitor:
        if table is not None:
            random = np.random.default_rng(17)
            reference = random.normal(size=(REFERENCE, table.shape[1]))
            monitor.set_reference(labels(REFERENCE)[0], _columns(reference))
        start = process_time()
        run(monitor)
        monitor.flush()
        return process_time() - start


def _tables(rows: int) -> dict[str, Any]:
    random = np.random.default_rng(13)
    return {str(count): random.normal(size=(rows, count)) for count in FEATURES}


def _columns(table: Any) -> dict[str, Any]:
    return {str(number): column for number, column in enumerate(table.T)}


def _named(table: Any) -> list[dict[str, float]]:
    names = [str(number) for number in range(table.shape[1])]
    return [dict(zip(names, row, strict=True)) for row in table.tolist()] if names else []


def _us_a_row(times: Times, rows: int) -> dict[str, float]:
    return {name: 1e6 * min(seconds) / rows for name, seconds in times.items()}


def _feature_row(work: str, us: dict[str, float]) -> Row:
    """Return what the last of many features costs, beside a row with few of them."""
    most = FEATURES[-1]
    watched = ", ".join(f"{count} {us[str(count)]:.2f}" for count in FEATURES)
    return Row(
        work,
        1e3 * (us[str(most)] - us["0"]) / most,
        "{:.0f} ns",
        measured=f"µs a prediction by features: {watched}; without drift {us['off']:.2f}",
        data=us,
    )
