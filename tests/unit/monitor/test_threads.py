"""Many concurrent threads and tasks: every total is exact."""

from __future__ import annotations

import asyncio
import threading

import pytest

THREADS = 64
EACH = 400


def in_threads(work, count=THREADS):
    """Run `work(number)` on many threads at the same time."""
    gate = threading.Barrier(count)

    def run(number):
        gate.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def live(make):
    """A monitor with four models and the shortest intervals."""
    monitor = make(interval=0.1, metrics_interval=0.1, clock=None, pending_limit=1_000_000)
    for number in range(4):
        monitor.deploy(f"m{number}")
    return monitor


def test_64_threads_that_record_batch_label_and_fail_give_exact_totals(live):
    def work(number):
        model_id = f"m{number % 4}"
        for step in range(EACH):
            kind = step % 5
            if kind == 0:
                live.record(step, step, latency=0.001, model_id=model_id, segment=kind)
            elif kind == 1:
                live.record_batch([1, 1, 1], [1, 1, 0], latency=0.01, model_id=model_id)
            elif kind == 2:
                live.label(live.record(step, id=True, model_id=model_id), step)
            elif kind == 3:
                ids = live.record_batch([1, 2], ids=True, model_id=model_id, segment="late")
                live.label_batch(ids, [1, 0])
            else:
                live.record_error(model_id=model_id, latency=0.5)

    in_threads(work)
    snapshot = live.snapshot()
    each = THREADS // 4 * EACH // 5
    for row in snapshot.models:
        assert row.total_predictions == row.total_labelled == each * (1 + 3 + 1 + 2)
        assert row.predictions_per_minute == row.total_predictions
        assert row.total_errors == row.errors_per_minute == each
        assert (row.window_labelled, row.labels_pending) == (100, 0)
    assert snapshot.metrics.calls_per_minute == each * 4
    assert sum(snapshot.durations.counts) == each * 2
    segments = {one.name: one.total_labelled for one in snapshot.metrics.segments}
    assert segments == {"0": each, "late": 2 * each}
    counts = snapshot.labels
    assert (counts.pending, counts.unknown, counts.duplicate, counts.early) == (0, 0, 0, 0)
    assert snapshot.notices == []


def test_labels_may_come_from_threads_that_run_ahead_of_the_predictions(live):
    def work(number):
        # Odd threads label the predictions of the even ones, before or after these are recorded.
        for step in range(EACH):
            id = (number // 2, step)
            if number % 2:
                live.label(id, step)
            else:
                live.record(step, id=id)

    in_threads(work)
    snapshot = live.snapshot()
    assert snapshot.metrics.total_labelled == THREADS // 2 * EACH
    assert snapshot.metrics.current_accuracy == 1.0
    assert (snapshot.labels.pending, snapshot.labels.unknown) == (0, 0)


def test_models_may_come_and_go_and_thresholds_change_while_others_record(live):
    def work(number):
        for step in range(EACH // 4):
            if number == 0:
                live.deploy(f"m{step % 4}")
            elif number == 1:
                live.thresholds = live.thresholds
            elif number == 2:
                live.models(), live.snapshot(), live.acknowledge()
            else:
                live.record(1, 1, model_id=f"m{number % 4}")

    in_threads(work, 32)
    assert sum(row.total_predictions for row in live.models()) == 29 * EACH // 4
    assert live.snapshot().notices == []


def test_a_thousand_tasks_give_exact_totals(live):
    async def serve(number):
        id = live.record(number, id=True, latency=0.001, model_id=f"m{number % 4}")
        await asyncio.sleep(0)
        if number % 10 == 0:
            live.record_error(TimeoutError("no answer"), model_id=f"m{number % 4}")
        live.record_batch([1, 2], [1, 2])
        await asyncio.sleep(0)
        live.label(id, number)
        return live.snapshot().metrics.total_predictions

    async def main():
        return await asyncio.gather(*(serve(number) for number in range(1_000)))

    totals = asyncio.run(main())
    assert max(totals) <= 250 + 2_000
    by_id = {row.model_id: row for row in live.models()}
    assert sum(row.total_predictions for row in by_id.values()) == 3_000
    assert sum(row.total_labelled for row in by_id.values()) == 3_000
    assert sum(row.total_errors for row in by_id.values()) == 100
    assert [by_id[f"m{number}"].total_predictions for number in range(3)] == [250] * 3
    assert {row.current_accuracy for row in by_id.values()} == {1.0}
    assert live.snapshot().labels.pending == 0
