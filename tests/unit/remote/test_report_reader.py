"""Reports that are lost, late, repeated or out of order cost delay, and nothing else."""

from __future__ import annotations

import random
import secrets

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals import FakeClock, Monitor
from ipyvitals.remote import report_reader
from ipyvitals.remote.folder import ReportFolder
from ipyvitals.remote.report import (
    ModelReport,
    RecentLabels,
    Report,
    SecondCounts,
    WriterIdentity,
    encode_report,
)
from ipyvitals.runtime.reporting import ReportReceiver
from ipyvitals.stats.packing import pack


class Bench:
    """A home, workers with clocks of their own, and what lies between them."""

    def __init__(self, path):
        self.path = path
        self.clock = FakeClock()
        self.home = self.monitor("home", self.clock, accuracy_window=40)
        self.home._engine.receive_reports(path)
        self.receiver = self.home._engine.receiver
        self.sent = []

    def monitor(self, name, clock, **options):
        return Monitor(
            "churn", name=name, interval=None, store=None, clock=clock, terminal=False, git=False,
            reports=False, **options,
        )  # fmt: skip

    def worker(self, offset=0.0, label=None, **options):
        clock = FakeClock(monotonic=self.clock.monotonic() + offset)
        worker = self.monitor(f"worker-{secrets.token_hex(4)}", clock, **options)
        writer = WriterIdentity(token=secrets.token_hex(6), label=label)
        sink = worker._engine
        sink.send_reports(
            writer, lambda token, data: self.sent.append((data, self.clock.monotonic()))
        )
        sink.sender._builder._monitor = self.home.name
        return worker

    def advance(self, seconds, *workers):
        self.clock.advance(seconds)
        for worker in workers:
            worker._engine.clock.advance(seconds)

    def deliver(self, messages=None):
        """Hand reports over, by default those that were sent since the last call."""
        found, self.sent = self.sent if messages is None else messages, []
        now = self.clock.monotonic()
        self.receiver.take([(data, now - sent_at) for data, sent_at in found])
        return found


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.home.close()


def totals(monitor):
    metrics = monitor.snapshot().metrics
    return metrics.total_predictions, metrics.total_errors, metrics.total_labelled


@given(seed=st.integers(0, 10_000))
def test_totals_are_exact_whatever_happens_to_the_messages(tmp_path_factory, seed):
    rng = random.Random(seed)
    bench = Bench(tmp_path_factory.mktemp("reports"))
    workers = [bench.worker(offset=rng.uniform(-1e6, 1e6)) for _ in range(3)]
    counted = [0, 0, 0]
    messages = []
    for _ in range(12):
        worker = rng.choice([*workers, bench.home])
        for _ in range(rng.randrange(5)):
            labelled = rng.random() < 0.5
            args = (1, rng.randrange(2)) if labelled else (1,)
            worker.record(*args, latency=rng.uniform(0.001, 1.0))
            counted[0] += 1
            counted[2] += labelled
        if rng.random() < 0.3:
            worker.record_error()
            counted[1] += 1
        bench.advance(rng.uniform(0.0, 20.0), *workers)
        rng.choice(workers).tick()
        messages += bench.sent
        bench.sent = []
        rng.shuffle(messages)
        bench.deliver(messages[: rng.randrange(len(messages) + 1)])
    for worker in workers:
        worker.close()
    last = bench.sent
    rng.shuffle(last)
    bench.deliver([*last, *messages, *last])

    assert totals(bench.home) == tuple(counted)
    assert sum(bench.home.snapshot().durations.counts) == counted[0]
    assert {one.state for one in bench.home.snapshot().workers} <= {"ended"}
    bench.home.close()


def test_quantiles_are_those_of_all_records(bench):
    rng = np.random.default_rng(1)
    workers = [bench.worker() for _ in range(4)]
    latencies = rng.lognormal(-3, 1, (4, 300))
    for worker, own in zip(workers, latencies, strict=True):
        for part in np.array_split(own, 3):
            for seconds in part.tolist():
                worker.record(1, latency=seconds)
            worker.tick()
            bench.deliver()
    metrics = bench.home.snapshot().metrics

    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        expected = np.quantile(latencies, q, method="inverted_cdf")
        assert getattr(metrics, f"latency_{name}_seconds") == pytest.approx(expected, rel=0.011)
    assert metrics.calls_per_minute == 1_200


def test_the_accuracy_is_of_the_newest_labels_of_all(bench):
    early, late = bench.worker(offset=500.0), bench.worker(offset=-500.0)
    for _ in range(40):
        early.record(1, 0)
    early.tick()
    bench.advance(5.0, early, late)
    for _ in range(30):
        late.record(1, 1)
    late.tick()
    # The older labels arrive last.
    bench.deliver(bench.sent[::-1])

    metrics = bench.home.snapshot().metrics
    assert (metrics.window_labelled, metrics.current_accuracy) == (40, 0.75)


def test_what_a_worker_did_leaves_the_minute_by_its_age(bench):
    worker = bench.worker(offset=1e5)
    worker.record(1)
    bench.advance(50.0, worker)
    worker.record(1)
    worker.tick()
    bench.deliver()
    assert bench.home.snapshot().metrics.predictions_per_minute == 2
    bench.advance(15.0, worker)
    assert bench.home.snapshot().metrics.predictions_per_minute == 1


def test_rules_judge_all_records_together(bench):
    workers = [bench.worker() for _ in range(3)]
    for worker in workers:
        for _ in range(30):
            worker.record(1, 0)
        worker.tick()
    bench.deliver()
    bench.home.tick()
    assert bench.home.snapshot().model.status == "degraded"


def test_segments_residuals_and_lost_labels_of_workers_add_up(bench):
    worker = bench.worker()
    for number in range(40):
        worker.record(1, number % 2, segment="EU" if number < 35 else "US")
    worker.label("nobody", 1)
    worker.tick()
    bench.deliver()
    snapshot = bench.home.snapshot()
    assert {one.name: one.total_labelled for one in snapshot.metrics.segments} == {
        "EU": 35,
        "US": 5,
    }
    assert snapshot.labels.unknown == 1


def test_a_model_of_its_own_is_a_row_and_the_active_model_stays(bench):
    worker = bench.worker()
    worker.deploy("other", version="2")
    worker.record(1, 1)
    worker.tick()
    bench.deliver()
    assert {one.model_id: one.total_predictions for one in bench.home.models()} == {
        "churn": 0,
        "other-2": 1,
    }
    assert bench.home.snapshot().model.name == "churn"


def test_a_run_of_a_worker_is_a_row(bench):
    worker = bench.worker(label="rank 1")
    run = worker.training(total=10, stage="Fit")
    run.update(3, loss=0.5)
    worker.tick()
    bench.deliver()
    (row,) = bench.home.snapshot().workers
    assert (row.name, row.stage, row.current, row.total) == ("rank 1", "Fit", 3, 10)
    assert [one.stage for one in bench.home.snapshot().runs] == ["Fit"]
    run.complete()


def test_the_open_run_of_a_worker_is_in_front_unless_this_process_has_one(bench):
    zero, one = bench.worker(label="rank 0"), bench.worker(label="rank 1")
    runs = [worker.training(total=10, stage="Fit") for worker in (zero, one)]
    for steps, (worker, run) in enumerate(zip((zero, one), runs, strict=True), 3):
        run.__enter__()
        run.update(steps, loss=0.5)
        worker._engine.sender.report()
    bench.deliver()
    seen = bench.home.snapshot()
    assert [run.name for run in seen.runs] == ["rank 0", "rank 1"]
    assert (seen.training.state, seen.training.current) == ("running", 3)
    assert seen.training.metrics == {"loss": 0.5}
    assert [run.worker for run in seen.runs] == [row.worker for row in seen.workers]
    assert seen.model.status == "training"

    with bench.home.training(total=4, stage="Here"):
        assert bench.home.snapshot().training.stage == "Here"
    assert bench.home.snapshot().training.stage == "Fit"


def test_a_snapshot_has_at_most_100_rows_and_runs_those_of_rank_0_first(bench):
    started = bench.clock.time()
    reports = [
        Report(
            monitor="home",
            writer=WriterIdentity(token=f"w{rank}", rank=rank, label=f"rank {rank}"),
            n=1,
            now=0.0,
            runs=[{"run_id": f"w{rank}-1", "started_at": started}],
        )
        for rank in range(150)
    ]
    bench.receiver.take([(encode_report(one), 0.0) for one in reversed(reports)])
    seen = bench.home.snapshot()
    assert len(seen.workers) == 100
    assert [run.worker for run in seen.runs] == [f"w{rank}" for rank in range(100)]


def test_a_worker_in_which_nothing_changes_reports_every_10_s(bench):
    worker = bench.worker()
    worker.record(1)
    reported = []
    for second in range(31):
        before = len(bench.sent)
        worker._engine.sender.report()
        if len(bench.sent) > before:
            reported.append(second)
        bench.advance(1.0, worker)
    assert reported == [0, 10, 20, 30]


def test_the_run_of_a_worker_that_is_lost_is_lost(bench):
    worker = bench.worker(label="rank 0")
    with worker.training(total=10, stage="Fit", name="baseline", details="lr 0.1") as run:
        run.update(3)
        worker._engine.sender.report()
        bench.deliver()
        for state in bench.receiver.reader.workers.values():
            state.gone = True
        seen = bench.home.snapshot()
    (row,) = seen.runs
    assert (row.name, row.details, row.state) == ("baseline", "rank 0, lr 0.1", "lost")
    assert (row.ended_at, seen.training.state) == (row.started_at + row.elapsed_seconds, "lost")


def test_a_worker_that_falls_silent_is_late_and_then_gone(bench):
    worker = bench.worker()
    worker.record(1)
    worker.tick()
    bench.deliver()
    states = []
    for _ in range(3):
        states.append(bench.home.snapshot().workers[0].state)
        bench.advance(20.0)
        bench.receiver.read()
    assert states == ["alive", "late", "gone"]
    assert totals(bench.home) == (1, 0, 0)
    (notice,) = bench.home.snapshot().notices
    assert (notice.code, notice.count) == ("workers.lost", 1)
    bench.advance(600.0)
    bench.receiver.read()
    assert bench.home.snapshot().workers == []
    assert totals(bench.home) == (1, 0, 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no report", "workers.refused"),
        (b"\x81\xa1v\x63", "workers.newer"),
        (bytes((1 << 20) + 1), "workers.refused"),
    ],
)
def test_what_is_no_report_is_refused_with_a_notice(bench, data, code):
    bench.receiver.take([(data, 0.0)])
    assert [one.code for one in bench.home.snapshot().notices] == [code]
    assert bench.home.snapshot().workers == []


@pytest.mark.parametrize(
    "model",
    [
        ModelReport(predictions=-1),
        ModelReport(predictions=1 << 62),
        ModelReport(predictions=1, duration_counts=[1, 2]),
        ModelReport(predictions=1, seconds=[SecondCounts(0, -5, 0, 0)]),
        ModelReport(predictions=1, latency_buckets=[10**6], latency_counts=[1]),
        ModelReport(labelled=1, labels=RecentLabels(seconds=[(0, 1)], scores=b"junk")),
        ModelReport(
            labelled=1, labels=RecentLabels(seconds=[(0, 1)], scores=pack(np.array([7.0])))
        ),
    ],
)
def test_counts_that_no_process_has_are_refused(bench, model):
    report = Report(monitor="home", writer=WriterIdentity(token="t"), n=1, now=0.0, models=[model])
    bench.receiver.take([(encode_report(report), 0.0)])
    assert totals(bench.home) == (0, 0, 0)
    assert [one.code for one in bench.home.snapshot().notices] == ["workers.refused"]


def test_a_report_that_could_not_be_sent_is_in_the_next_one(bench, tmp_path):
    worker = bench.worker()
    folder = ReportFolder(tmp_path / "blocked")
    (tmp_path / "blocked").write_text("a file stands here")
    worker._engine.sender._send = folder.write
    worker.record(1)
    worker.tick()
    assert [one.code for one in worker.snapshot().notices] == ["workers.unsent"]
    (tmp_path / "blocked").unlink()
    worker.record(1)
    worker.tick()
    (file,) = folder.new_reports()
    bench.deliver([(file.data, bench.clock.monotonic())])
    assert totals(bench.home) == (2, 0, 0)


def test_two_models_of_one_worker_count_each(bench):
    worker = bench.worker()
    for version, count in (("1", 3), ("2", 5)):
        worker.deploy("other", version=version)
        worker.record_batch([1] * count)
        worker.tick()
        bench.deliver()
    worker.record(1, model_id="other-1")
    worker.tick()
    bench.deliver()
    found = {one.model_id: one.total_predictions for one in bench.home.models()}
    assert found == {"churn": 0, "other-1": 4, "other-2": 5}


def report(token, n=1, predictions=1, **more):
    model = ModelReport(predictions=predictions)
    report = Report(
        monitor="home", writer=WriterIdentity(token=token), n=n, now=0.0, models=[model], **more
    )
    return encode_report(report)


def test_of_too_many_workers_the_oldest_that_ended_are_folded(bench):
    limit = report_reader.MAX_WRITERS
    lost = {"unknown": 2}
    bench.receiver.take(
        [(report(f"{n:04}", final=n < 5, lost_labels=lost), 0.0) for n in range(limit)]
    )
    bench.receiver.take([(report(f"{n:04}"), 0.0) for n in range(limit, limit + 5)])
    bench.receiver.read()
    home = bench.home.snapshot()
    assert (totals(bench.home)[0], home.labels.unknown) == (limit + 5, 2 * limit)
    assert len(bench.receiver.reader.workers) == limit
    # A snapshot has rows of a hundred.
    assert len(home.workers) == 100
    assert home.notices == []

    # No room for one more: nobody else has ended.
    bench.receiver.take([(report("more"), 0.0)])
    assert totals(bench.home)[0] == limit + 5
    assert [one.code for one in bench.home.snapshot().notices] == ["workers.many"]
    # Those that are known go on, also after they had to make room.
    bench.receiver.take([(report("0006", n=2, final=True), 0.0)])
    bench.receiver.take([(report("0000", n=2, predictions=2), 0.0)])
    assert totals(bench.home)[0] == limit + 6
    assert bench.home.snapshot().labels.unknown == 2 * (limit - 2)
    bench.receiver.take([(report("0007", n=2, predictions=3), 0.0)])
    assert totals(bench.home)[0] == limit + 8


def test_a_worker_that_was_stopped_is_alive_again(bench):
    worker = bench.worker()
    worker.record(1)
    worker.tick()
    bench.deliver()
    bench.advance(25.0, worker)
    assert bench.home.snapshot().workers[0].state == "late"
    worker.record(1)
    worker.tick()
    bench.deliver()
    assert bench.home.snapshot().workers[0].state == "alive"
    # Of a suspended computer all are silent for hours, and then go on.
    bench.advance(7_200.0, worker)
    bench.receiver.read()
    worker.record(1)
    worker.tick()
    bench.deliver()
    assert bench.home.snapshot().workers[0].state == "alive"
    assert totals(bench.home)[0] == 3


def test_a_report_of_many_models_is_below_the_limit_of_a_message(bench):
    worker = bench.worker(accuracy_window=10_000)
    for number in range(12):
        worker.deploy("other", version=str(number))
        worker.record_batch([1] * 10_000, [number % 2] * 10_000, segment=["EU"] * 10_000)
    worker.tick()
    worker.close()
    bench.deliver()
    assert totals(bench.home)[0] == 0
    assert sum(one.total_predictions for one in bench.home.models()) == 120_000


def test_drift_says_that_it_is_without_the_records_of_workers(bench):
    home = bench.monitor("home", bench.clock, drift=True)
    receiver = ReportReceiver(home._engine, bench.path, home._engine.persistence.session())
    receiver.take([(report("a", predictions=0), 0.0)])
    assert home.snapshot().notices == []
    receiver.take([(report("a", n=2), 0.0), (report("b"), 0.0)])
    (notice,) = home.snapshot().notices
    assert (notice.code, notice.count) == ("workers.drift", 1)
    home.close()
