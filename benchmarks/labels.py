"""`Monitor.label` while many predictions wait."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

from benchmarks.feed import predictions
from benchmarks.record import peers
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio
from ipyvitals import Monitor

FEW, MANY = 100, 10_000
LABELS = 20_000


def label_rows(*, quick: bool) -> list[Row]:
    """Predict and label in turn, each label that of the prediction which waits longest."""
    feed = predictions(LABELS + MANY)

    def with_monitor(waiting: int) -> float:
        with Monitor("bench", name="bench-labels") as monitor:

            def predict(number: int) -> None:
                monitor.record(feed[number][0], id=number, latency=feed[number][2])

            def label(number: int) -> None:
                monitor.label(number, feed[number][1])

            return _cpu_seconds(waiting, predict, label, monitor.flush)

    def with_peers() -> float:
        """The least that joins by id: a dict, and no limit of number or time."""
        pending: dict[int, int] = {}
        inc, observe, update = peers()

        def predict(number: int) -> None:
            pending[number] = feed[number][0]

        def label(number: int) -> None:
            inc()
            observe(feed[number][2])
            update(feed[number][1], pending.pop(number))

        return _cpu_seconds(MANY, predict, label, lambda: None)

    times = interleaved(
        {
            "few": lambda: with_monitor(FEW),
            "many": lambda: with_monitor(MANY),
            "peers": with_peers,
        },
        3 if quick else 20,
    )
    us = {name: 1e6 * min(seconds) / LABELS for name, seconds in times.items()}
    return [
        Row(
            f"a prediction and its late `label`, while {MANY:,} wait, all CPU time",
            ratio(times, "many", "few"),
            f"{{:.2f}} × while {FEW} wait",
            1.5,
            measured=f"{us['many']:.2f} µs; while {FEW} wait {us['few']:.2f} µs",
            data=us,
        ),
        Row(
            "the same",
            ratio(times, "many", "peers"),
            "{:.2f} × (a dict + prometheus_client + river)",
            measured=f"{us['many']:.2f} µs; peers {us['peers']:.2f} µs",
            data=us,
        ),
    ]


def _cpu_seconds(
    waiting: int,
    predict: Callable[[int], None],
    label: Callable[[int], None],
    finish: Callable[[], object],
) -> float:
    """Return the CPU time of all threads, once so many wait."""
    for number in range(waiting):
        predict(number)
    finish()
    start = process_time()
    for number in range(LABELS):
        label(number)
        predict(number + waiting)
    finish()
    return process_time() - start
