"""Each sentence of docs/numbers.md with a number in it, held against the code by a small oracle.

A test names the sentences that it checks. Sentences about drift and about the machine have their
tests in tests/unit/drift and tests/unit/system; the bounds of the history are in
tests/unit/storage/test_bounds.py.
"""

from __future__ import annotations

import re
from collections import deque
from fractions import Fraction
from math import ceil, sqrt
from pathlib import Path

import numpy as np
import pytest

from ipyvitals import FakeClock, LabelTypeWarning, Monitor, Thresholds
from ipyvitals.health.model_rule import RuleSettings
from ipyvitals.health.rules import AccuracyRule
from ipyvitals.schema import Snapshot
from ipyvitals.utils.notices import Notices

DOCUMENT = (Path(__file__).parents[2] / "docs" / "numbers.md").read_text(encoding="utf-8")
TEXT = " ".join(DOCUMENT.replace("\n> ", "\n").split())
CHECKED = (
    *("Accuracy", "Segments", "Labels that come late", "Predictions per minute", "Latency"),
    *("When a model is degraded", "`models`: one row a model", "`training`: the run in front"),
)
"""Chapters each of whose sentences with a number must be named by a test of this module."""
NAMED: list[str] = ["| `drift` | PSI of a column is above its threshold at 3 looks in a row"]
"""Sentences that have a test; that of the first one is in tests/unit/drift."""
OFF = {"accuracy": None, "baseline_drop": None, "error_rate": None, "idle": None}


def names(*sentences):
    """Return a decorator for a test of these sentences."""
    NAMED.extend(sentences)
    return pytest.mark.parametrize("sentences", [sentences], ids=["stands"])


def sentences_of(chapter):
    """Return the sentences and rows of tables of a chapter that have a number in their prose."""
    body = re.split(rf"^#+ {re.escape(chapter)}$", DOCUMENT, flags=re.MULTILINE)[1]
    body = re.split(r"^#+ ", body, flags=re.MULTILINE)[0].replace("\n> ", "\n")
    rows = [line for line in body.splitlines() if line.startswith("|")]
    prose = "\n".join(line for line in body.splitlines() if not line.startswith("|"))
    found = re.split(r"(?<=[.:;])\s+(?=[A-Z`0-9])|\n\n|\n- ", prose)
    plain = [" ".join(one.split()) for one in [*rows, *found]]
    return [
        one for one in plain if re.search(r"\d", re.sub(r"`[^`]*`|\([^)]*\.md[^)]*\)", "", one))
    ]


@pytest.mark.parametrize("chapter", CHECKED)
def test_every_sentence_with_a_number_is_named_by_a_test(chapter):
    named = [" ".join(one.split()) for one in NAMED]
    missing = [
        one
        for one in sentences_of(chapter)
        if not any(part in one or one in part for part in named)
    ]
    assert missing == []


@pytest.fixture(autouse=True)
def stand(request):
    """Check that the sentences which a test names are in the document."""
    for sentence in (
        request.node.callspec.params.get("sentences", ())
        if hasattr(request.node, "callspec")
        else ()
    ):
        assert " ".join(sentence.split()) in TEXT, sentence


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def make(clock):
    def make_monitor(**options):
        options = {"interval": None, "store": None, "clock": clock, **options}
        return Monitor("churn", **options)

    return make_monitor


def metrics(monitor):
    return monitor.snapshot().metrics


def count(monitor, code):
    return sum(one.count for one in monitor.snapshot().notices if one.code == code)


def wilson(right, n, z=1.959963984540054):
    """Return the bounds of the 95 % Wilson score interval."""
    p, q = right / n, z * z / n
    middle, half = p + q / 2, z * sqrt(p * (1 - p) / n + q / (4 * n))
    return (middle - half) / (1 + q), (middle + half) / (1 + q)


@names(
    "`current_accuracy` is the mean score of the last `accuracy_window` (100 by default) "
    "**labelled** predictions",
    "The score of a pair is 1 if prediction and truth are equal, else 0.",
    "`total_predictions`, at most 1.",
)
def test_accuracy_is_of_the_last_labels(sentences, make):
    monitor, right = make(), deque(maxlen=100)
    for row in np.random.default_rng(3).integers(0, 2, (250, 2)).tolist():
        monitor.record(*row)
        monitor.record(row[0])
        right.append(row[0] == row[1])

    found = metrics(monitor)

    assert found.current_accuracy == pytest.approx(sum(right) / 100)
    assert (found.window_labelled, found.total_labelled) == (100, 250)
    assert found.label_coverage == 0.5


@names(
    "`Monitor(score=…)` replaces this by your own `score(prediction, actual)`, a number in [0, 1]; "
    "a label whose score raises or leaves that range is not counted, and a notice is added."
)
def test_a_score_is_a_ratio(sentences, make):
    monitor = make(score=lambda prediction, actual: actual)
    for score in (0.25, 0.75, 1.5, -1, "no number"):
        monitor.record(1, score)

    assert (metrics(monitor).current_accuracy, metrics(monitor).window_labelled) == (0.5, 2)
    assert count(monitor, "score.range") + count(monitor, "score.failed") == 3


@names(
    "94 of the last 100 labels right: `current_accuracy` 0.94, interval 0.875 to 0.972. With 8 "
    "labels, 7 of them right: 0.875, interval 0.529 to 0.978",
    "0.875, interval 0.529 to 0.978, which is why the panel always shows n.",
    "`accuracy_low` and `accuracy_high` are the bounds of its 95 % Wilson score interval.",
)
@pytest.mark.parametrize(
    ("right", "n", "shown"), [(94, 100, (0.94, 0.875, 0.972)), (7, 8, (0.875, 0.529, 0.978))]
)
def test_the_interval_is_wilsons(sentences, make, right, n, shown):
    monitor = make()
    monitor.record_batch([1] * n, [1] * right + [0] * (n - right))

    found = metrics(monitor)

    interval = (found.accuracy_low, found.accuracy_high)
    assert interval == pytest.approx(wilson(right, n))
    assert tuple(round(value, 3) for value in (found.current_accuracy, *interval)) == shown


@names("unknown below 30 labels, which are too few", "at most 80 characters")
def test_a_segment_of_few_labels_has_no_accuracy(sentences, make):
    monitor = make()
    monitor.record_batch([1] * 29, [1] * 29, segment="EU")
    assert metrics(monitor).segments[0].current_accuracy is None
    monitor.record(1, 1, segment="EU")
    monitor.record(1, 1, segment="x" * 100)
    monitor.record(1, 1, segment="")

    names_of = {one.name: one.current_accuracy for one in metrics(monitor).segments}
    assert names_of == {"EU": 1.0, "x" * 80: None, "''": None}


@names(
    "The 20 most frequent segments have a place, the most frequent first.",
    "A segment that becomes 10 % more frequent than the rarest of them replaces it and starts with "
    "an empty window; for that, up to 1,000 other segments are counted.",
)
def test_twenty_segments_have_a_place(sentences, make):
    monitor = make()
    for number in range(20):
        monitor.record_batch([1] * (10 + number), [1] * (10 + number), segment=f"s{number}")
    for _ in range(10):
        monitor.record(1, 1, segment="new")
        monitor.tick()
    before = [one.name for one in metrics(monitor).segments]
    monitor.record(1, 1, segment="new")

    assert before == [f"s{number}" for number in range(19, -1, -1)] + [""]
    after = {one.name: one for one in metrics(monitor).segments}
    assert "s0" not in after
    assert (after["new"].total_labelled, after["new"].window_labelled) == (11, 1)
    for number in range(3_000):
        monitor.record(1, 1, segment=number)
    monitor.tick()
    engine_model = monitor._engine.aggregator.active
    assert len(engine_model.segments.candidates) <= 1_000


@names(
    "at most `pending_limit` predictions (10,000), each for at most `label_ttl` seconds (a day).",
    "more than `pending_limit` predictions waited; the oldest was dropped",
)
def test_the_buffer_of_predictions_is_bounded(sentences, make, clock):
    monitor = make()
    ids = monitor.record_batch(np.ones(10_001), ids=True)
    found = monitor.snapshot().labels
    assert (found.pending, found.pending_limit, found.evicted) == (10_000, 10_000, 1)

    clock.advance(86_400)
    monitor.label(ids[1], 1.0)
    assert metrics(monitor).total_labelled == 1
    clock.advance(0.001)
    monitor.label(ids[2], 1.0)
    found = monitor.snapshot().labels
    assert (found.pending, found.expired, metrics(monitor).total_labelled) == (0, 9_999, 1)


@names("A label that comes before its prediction waits for it up to a minute")
@pytest.mark.parametrize(("seconds", "labelled"), [(60, 1), (60.001, 0)])
def test_an_early_label_waits_for_a_minute(sentences, make, clock, seconds, labelled):
    monitor = make()
    monitor.label("a", 1)
    clock.advance(seconds)
    monitor.record(1, id="a")

    assert metrics(monitor).total_labelled == labelled


@names(
    "integers are compared as integers, also with a float (2**53 + 1 is not 2.0**53).",
)
def test_integers_are_compared_as_integers(sentences, make):
    monitor = make()
    monitor.record_batch([2**53 + 1, 2**53], [2.0**53, 2.0**53])
    assert metrics(monitor).current_accuracy == 0.5


@names(
    "give or take four units in the last place of the larger of both numbers, which rounding may "
    "have changed: 1.1 is within 0.1 of 1.0.",
    "so that `float32` may be compared with `float64` at a tolerance of 0.",
)
def test_rounding_decides_no_regression(sentences, make):
    near, far = 1.0 + 0.1 + 4 * 2**-52, 1.0 + 0.1 + 16 * 2**-52
    monitor = make(task="regression", tolerance=0.1)
    monitor.record_batch([1.1, near, far], [1.0, 1.0, 1.0])
    assert metrics(monitor).current_accuracy == pytest.approx(2 / 3)

    values = np.random.default_rng(1).normal(size=50)
    exact = make(task="regression", tolerance=0.0)
    exact.record_batch(values.astype(np.float32), values)
    assert metrics(exact).current_accuracy == 1.0


@names('values of which neither type can be compared with the other: `"1"` and `1`')
def test_labels_of_another_type_are_warned_about_and_do_not_count(sentences, make):
    monitor = make()
    with pytest.warns(LabelTypeWarning):
        monitor.record_batch([1, 2], ["1", "2"])
    assert metrics(monitor).current_accuracy is None
    assert monitor.snapshot().labels.mismatched == 2


@names(
    "`predictions_per_minute` is the number of prediction **rows** that completed in the last 60 "
    "s, exact to one second: whole seconds enter and leave the window.",
    "In the first 60 s of a monitor the count covers the time since its start, and `warming` is "
    "true;",
    "0 means that none was observed.",
    "`calls_per_minute` counts calls instead of rows, and `errors_per_minute` failed calls, over "
    "the same 60 s.",
    "One `record_batch` of 1,000 rows: `predictions_per_minute` 1000, `calls_per_minute` 1. A "
    "minute later both are 0, and `total_predictions` is still 1000.",
)
def test_rates_are_counts_of_the_last_minute(sentences, make, clock):
    monitor, random = make(), np.random.default_rng(5)
    assert metrics(monitor).predictions_per_minute == 0
    calls = []
    for _ in range(150):
        clock.advance(float(random.uniform(0, 2)))
        rows = int(random.integers(0, 3))
        if rows:
            monitor.record_batch([1] * rows)
        else:
            monitor.record_error()
        calls.append((int(clock.monotonic()), rows))
        now, found = int(clock.monotonic()), metrics(monitor)
        recent = [rows for second, rows in calls if second > now - 60]
        assert found.predictions_per_minute == sum(recent)
        assert found.calls_per_minute == sum(rows > 0 for rows in recent)
        assert found.errors_per_minute == recent.count(0)

    batch = make(name="batch")
    assert metrics(batch).warming
    batch.record_batch(np.ones(1_000))
    assert (metrics(batch).predictions_per_minute, metrics(batch).calls_per_minute) == (1_000, 1)
    clock.advance(60)
    found = metrics(batch)
    assert (found.predictions_per_minute, found.calls_per_minute, found.warming) == (0, 0, False)
    assert found.total_predictions == 1_000


@names(
    "are nearest-rank quantiles of the calls of the last 60 s for which a latency was given.",
    "the relative error of each is at most 1 %, between 0.1 µs and 11 days.",
    "100 calls, 90 of 4 ms and 10 of 800 ms: p50 is 4 ms ± 0.04, p95 and p99 are 800 ms ± 8.",
)
@pytest.mark.parametrize(
    "seconds",
    [
        [0.004] * 90 + [0.8] * 10,
        np.geomspace(1e-7, 11 * 86_400, 500).tolist(),
        np.random.default_rng(1).lognormal(-3, 2, 333).tolist(),
    ],
    ids=["example", "whole range", "skewed"],
)
def test_quantiles_are_within_one_percent(sentences, make, clock, seconds):
    monitor = make()
    monitor.record(1, latency=100.0)
    clock.advance(60)
    for latency in seconds:
        monitor.record(1, latency=latency)
    monitor.record(1)

    found, ordered = metrics(monitor), sorted(seconds)

    for percent in (50, 95, 99):
        exact = ordered[ceil(Fraction(percent, 100) * len(ordered)) - 1]
        assert getattr(found, f"latency_p{percent}_seconds") == pytest.approx(exact, rel=0.0100001)


@names(
    "`Thresholds.latency_p95` is compared with the exact quantile all the same",
    "the calls before that which lie within 1 % of the new one count as not above it.",
    "p95 is above `Thresholds.latency_p95` at 3 looks in a row, each with at least 30 timed calls "
    "| not above it at 3 looks in a row",
)
@pytest.mark.parametrize(
    ("seconds", "calls", "looks", "status"),
    [
        (0.5, 30, 3, "active"), (0.50001, 30, 3, "degraded"), (0.50001, 30, 2, "active"),
        (0.6, 9, 3, "active"),
    ],
)  # fmt: skip
def test_the_latency_threshold_is_exact(sentences, make, seconds, calls, looks, status):
    monitor = make(thresholds=Thresholds(**OFF, latency_p95=0.5))
    for _ in range(looks):
        if calls * looks < 30 or not metrics(monitor).total_predictions:
            for _ in range(calls):
                monitor.record(1, latency=seconds)
        monitor.tick()

    assert monitor.snapshot().model.status == status


def labels(monitor, right, wrong):
    """Label in an order that keeps the window's mean as even as can be."""
    for _ in range(right):
        monitor.record(1, 1)
    for _ in range(wrong):
        monitor.record(1, 0)


@names(
    "after each of 20 labels in a row the window's mean is below `Thresholds.accuracy`, and the "
    "window contains at least 30 labels",
    "after each of 20 in a row it is at the threshold + 0.02 or above",
    "Threshold 0.85. The mean falls to 0.84 for 12 labels and returns: the status stays. It stays "
    "below for 20: degraded, with `reason_value` 0.83, `reason_threshold` 0.85, `reason_n` 100. It "
    "recovers after 20 labels in a row at 0.87 or above.",
)
def test_accuracy_turns_after_twenty_labels(sentences, make):
    monitor = make(thresholds=Thresholds(accuracy=0.85))
    window = deque(maxlen=100)

    def label(right):
        monitor.record(1, int(right))
        window.append(right)
        return monitor.snapshot().model

    for number in range(100):
        label(number < 85)
    assert sum(window) == 85
    streaks = [0, 0]
    degraded = False
    random = np.random.default_rng(11)
    turns = 0
    for number in range(1_500):
        good = 0.80 if (number // 300) % 2 == 0 else 0.95
        model = label(bool(random.random() < good))
        mean = Fraction(sum(window), 100)
        streaks[0] = streaks[0] + 1 if mean < Fraction(85, 100) else 0
        streaks[1] = streaks[1] + 1 if mean >= Fraction(87, 100) else 0
        before, degraded = degraded, streaks[0] >= 20 if not degraded else streaks[1] < 20
        turns += before != degraded
        assert (model.status == "degraded") == degraded
        if degraded and not before:
            assert model.reason_value == pytest.approx(float(mean))
            assert (model.reason_threshold, model.reason_n) == (0.85, 100)
    assert turns >= 3


@names(
    "with a true accuracy three points above it, the mean of 100 labels still falls below it "
    "repeatedly.",
    'With `policy="confident"` the accuracy counts as below its threshold only when its whole 95 % '
    "interval is: later, and with almost no false alarms.",
    "changes its status about 1,520 times in 100,000 labels by the plain threshold, about 300 "
    "times by the rule above, and about 10 times by the confident one.",
)
def test_false_alarms_are_as_rare_as_they_are_documented(sentences):
    scores = (np.random.default_rng(2).random((10, 100_000)) < 0.88).astype(float)
    plain, changes = [], {"threshold": [], "confident": []}
    for stream in scores:
        sums = np.cumsum(np.insert(stream, 0, 0.0))
        counts = np.minimum(np.arange(1, stream.size + 1), 100)
        ends = np.arange(1, stream.size + 1)
        means = (sums[ends] - sums[ends - counts]) / counts
        below = means[99:] < 0.85 - 1e-9
        plain.append(np.count_nonzero(below[1:] != below[:-1]))
        for policy, found in changes.items():
            rule = AccuracyRule(RuleSettings(Thresholds(accuracy=0.85, policy=policy), 100))
            found.append(len(rule.check_labels(means, counts)))

    assert np.mean(plain) == pytest.approx(1_520, rel=0.05)
    assert np.mean(changes["threshold"]) == pytest.approx(300, rel=0.05)
    assert np.mean(changes["confident"]) == pytest.approx(10, rel=0.3)


@names("An `accuracy_window` below 30 is evaluated once it is full.")
def test_a_small_window_is_judged_once_it_is_full(sentences, make):
    monitor = make(accuracy_window=25, thresholds=Thresholds(accuracy=0.85))
    labels(monitor, 0, 24)
    assert metrics(monitor).model_health == "unknown"
    labels(monitor, 0, 20)
    assert metrics(monitor).model_health == "degraded"


@names("likewise, below `baseline_accuracy` − `Thresholds.baseline_drop` (0.1)")
def test_the_baseline_rule_has_its_drop(sentences, make):
    assert Thresholds().baseline_drop == 0.1
    monitor = make(thresholds=Thresholds(**{**OFF, "baseline_drop": 0.1}))
    monitor.deploy("churn", baseline_accuracy=0.95)
    assert metrics(monitor).accuracy_threshold == pytest.approx(0.85)


@names(
    "failed calls ÷ all calls of the last 60 s is above `Thresholds.error_rate` at 3 looks in a "
    "row, each with at least 30 calls | not above it at 3 looks in a row"
)
@pytest.mark.parametrize(
    ("failed", "calls", "looks", "status"),
    [(2, 40, 3, "active"), (3, 40, 3, "degraded"), (3, 40, 2, "active"), (3, 29, 3, "active")],
)
def test_the_error_rate_turns_after_three_looks(sentences, make, failed, calls, looks, status):
    monitor = make(thresholds=Thresholds(**{**OFF, "error_rate": 0.05}))
    for number in range(calls):
        if number < failed:
            monitor.record_error()
        else:
            monitor.record(1)
    for _ in range(looks):
        monitor.tick()

    assert monitor.snapshot().model.status == status


@names("no prediction for 300 s | the next prediction | No prediction for 300 s")
@pytest.mark.parametrize(("seconds", "status"), [(299.9, "active"), (300, "idle")])
def test_a_silent_model_is_idle(sentences, make, clock, seconds, status):
    monitor = make()
    monitor.record(1)
    monitor.tick()
    clock.advance(seconds)
    monitor.tick()

    assert monitor.snapshot().model.status == status


@names("At most 1,000 models are retained; beyond that the one that was silent for longest")
def test_a_thousand_models_are_retained(sentences, make):
    monitor = make()
    monitor.record(1)
    for number in range(1_001):
        monitor.deploy(f"m{number}")
        if number == 0:
            assert "churn" in {model.model_id for model in monitor.models()}

    assert len(monitor.models()) == 1_000


@names(
    "percent of `total`; `None` when the total is not known; 100 while idle",
    "Epoch 3 of 10 with 50 of 200 batches done: `current` 2, `total` 10, `progress` 22.5.",
)
def test_progress_counts_the_batches_of_an_epoch(sentences, make):
    monitor = make()
    assert monitor.snapshot().training.progress == 100
    with monitor.training(total=10) as epochs:
        epochs.update(2)
        with monitor.training(total=200) as batches:
            batches.update(50)
            found = monitor.snapshot().training
    assert (found.current, found.total, found.progress) == (2, 10, 22.5)


@names("steps a second over the last 10 s")
def test_the_rate_is_that_of_the_last_ten_seconds(sentences, make, clock):
    monitor = make()
    with monitor.training(total=1_000) as run:
        step = 0
        for seconds, pace in ((60, 1), (12, 20)):
            for _ in range(seconds * 10):
                clock.advance(0.1)
                step += pace / 10
                run.update(int(step))
        found = monitor.snapshot().training
    assert found.rate_per_second == pytest.approx(20, rel=0.05)
    assert found.eta_seconds == pytest.approx((1_000 - int(step)) / 20, rel=0.05)


@names("At most 50 codes are counted.")
def test_fifty_codes_are_counted(sentences):
    notices = Notices(lambda: 0.0)
    for number in range(60):
        notices.add(f"code.{number}", "text")

    assert len(notices.get()) == 50
    assert Snapshot.__struct_fields__.count("notices") == 1
