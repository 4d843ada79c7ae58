"""Rules against a slow, literal reading of them; the table of statuses; thresholds."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.snapshot import SystemSection
from ipyvitals.stats.window import ScoreWindow
from ipyvitals.status import AccuracyRule, LimitRule, SystemRule, Thresholds, status_of


class LiteralRule:
    """One label after the other, in exact fractions.

    Degraded: at least 30 labels in the window and accuracy below the threshold for 20 labels
    in a row. Recovered: at least the threshold + 0.02 for 20 in a row.
    """

    def __init__(self, threshold, size):
        self.threshold = Fraction(str(threshold))
        self.recovered = min(self.threshold + Fraction("0.02"), Fraction(1))
        self.size = size
        self.labels = []
        self.on = False
        self.below = self.above = 0

    def label(self, right):
        self.labels = [*self.labels, right][-self.size :]
        n = len(self.labels)
        accuracy = Fraction(sum(self.labels), n)
        self.below = self.below + 1 if accuracy < self.threshold else 0
        self.above = self.above + 1 if accuracy >= self.recovered else 0
        turned = self.above >= 20 if self.on else self.below >= 20 and n >= min(30, self.size)
        if turned:
            self.on = not self.on
            return [(self.on, float(accuracy), n)]
        return []


def judge(rule, window, labels):
    scores = np.array(labels, dtype=bool)
    findings = rule.update(window, scores)
    window.update(scores)
    return [(finding.on, finding.value, finding.n) for finding in findings]


def labels_of(phases):
    """Return labels of several phases, each of a length and an accuracy."""
    labels = []
    for seed, (length, accuracy) in enumerate(phases):
        labels += (np.random.default_rng(seed).random(length) < accuracy).tolist()
    return labels


PHASES = st.lists(
    st.tuples(st.integers(0, 150), st.sampled_from([0.0, 0.5, 0.7, 0.78, 0.8, 0.82, 0.9, 1.0])),
    min_size=1,
    max_size=6,
)


@given(
    phases=PHASES,
    threshold=st.sampled_from([0.0, 0.5, 0.8, 0.85, 0.98, 0.99, 1.0]),
    size=st.sampled_from([1, 10, 29, 30, 50, 100]),
    cuts=st.lists(st.integers(0, 900), max_size=8),
)
def test_accuracy_is_judged_label_by_label_however_they_come(phases, threshold, size, cuts):
    labels = labels_of(phases)
    literal = LiteralRule(threshold, size)
    expected = [finding for right in labels for finding in literal.label(right)]

    single, single_window = AccuracyRule(threshold, size), ScoreWindow(size)
    found = [turn for right in labels for turn in judge(single, single_window, [right])]
    assert found == expected

    batched, batched_window = AccuracyRule(threshold, size), ScoreWindow(size)
    edges = sorted({0, len(labels), *(min(cut, len(labels)) for cut in cuts)})
    found = [
        turn
        for start, end in pairwise(edges)
        for turn in judge(batched, batched_window, labels[start:end])
    ]
    assert found == expected
    assert batched.on == single.on == literal.on


def test_a_drop_is_told_word_for_word_with_its_evidence():
    rule, window = AccuracyRule(0.8, 100), ScoreWindow(100)
    window.update(np.ones(100, dtype=bool))
    (finding,) = rule.update(window, np.zeros(40, dtype=bool))
    assert finding.reason == "Accuracy dropped below threshold"
    assert (finding.rule, finding.on) == ("accuracy", True)
    # The 21st wrong label is the first below 0.8, the 40th the twentieth in a row.
    assert (finding.value, finding.threshold, finding.n) == (0.6, 0.8, 100)


def test_recovery_is_told_too():
    rule, window = AccuracyRule(0.8, 100), ScoreWindow(100)
    findings = rule.update(window, np.array([False] * 100 + [True] * 120))
    assert [(finding.on, finding.reason) for finding in findings] == [
        (True, "Accuracy dropped below threshold"),
        (False, "Accuracy recovered"),
    ]
    assert not rule.on


def test_nothing_is_judged_before_thirty_labels():
    rule, window = AccuracyRule(0.8, 100), ScoreWindow(100)
    assert judge(rule, window, [False] * 29) == []
    assert judge(rule, window, [False]) == [(True, 0.0, 30)]


@pytest.mark.parametrize("batch", [1, 7, 1_000])
@pytest.mark.parametrize("score", [0.1, 1 / 3, 0.7, 0.8, 0.85])
def test_scores_that_are_exactly_the_threshold_are_not_below_it(score, batch):
    rule, window = AccuracyRule(score, 100), ScoreWindow(100)
    for _ in range(2_000 // batch):
        scores = np.full(batch, score)
        assert rule.update(window, scores) == []
        window.update(scores)


def test_accuracy_just_two_points_above_is_recovered():
    rule, window = AccuracyRule(0.8, 100), ScoreWindow(100)
    judge(rule, window, [False] * 50)
    assert rule.on
    pattern = ([True] * 41 + [False] * 9) * 6
    assert [on for on, _, _ in judge(rule, window, pattern)] == [False]


def test_accuracy_between_the_two_limits_changes_nothing():
    pattern = ([True] * 81 + [False] * 19) * 5
    good, bad = AccuracyRule(0.8, 100), AccuracyRule(0.8, 100)
    window = ScoreWindow(100)
    window.update(np.array([True] * 81 + [False] * 19))
    assert judge(good, window, pattern) == []
    bad.update(window, np.zeros(100, dtype=bool))
    assert bad.on
    assert judge(bad, window, pattern) == []


def test_without_a_threshold_accuracy_is_not_judged():
    rule, window = AccuracyRule(None, 100), ScoreWindow(100)
    assert judge(rule, window, [False] * 500) == []
    assert not rule.on


class TestLimitRule:
    def feed(self, rule, *readings):
        return [finding for value, n in readings for finding in rule.update(value, n)]

    def test_it_turns_with_the_third_reading_in_a_row(self):
        rule = LimitRule("error_rate", 0.05)
        assert self.feed(rule, (0.06, 40), (0.07, 40), (0.01, 40), (0.06, 40), (0.07, 40)) == []
        (finding,) = self.feed(rule, (0.08, 50))
        assert (finding.on, finding.value, finding.threshold, finding.n) == (True, 0.08, 0.05, 50)
        assert finding.reason == "Error rate rose above threshold"
        assert rule.on

    def test_it_leaves_with_the_third_good_one(self):
        rule = LimitRule("latency_p95", 0.2)
        self.feed(rule, *[(0.3, 100)] * 3)
        assert self.feed(rule, (0.2, 100), (0.1, 100)) == []
        (finding,) = self.feed(rule, (0.1, 100))
        assert (finding.on, finding.reason) == (False, "Latency p95 recovered")

    def test_what_is_exactly_the_limit_is_within_it(self):
        rule = LimitRule("error_rate", 0.05)
        assert self.feed(rule, *[(0.05, 100)] * 10) == []

    def test_silence_and_few_calls_change_nothing(self):
        rule = LimitRule("error_rate", 0.05)
        assert self.feed(rule, *[(1.0, 29)] * 10) == []
        self.feed(rule, *[(1.0, 30)] * 3)
        assert self.feed(rule, *[(None, 0)] * 10, *[(0.0, 29)] * 10) == []
        assert rule.on

    def test_without_a_threshold_it_is_off(self):
        assert self.feed(LimitRule("latency_p95", None), *[(1e9, 100)] * 10) == []


class TestSystemRule:
    def after(self, rule, *readings):
        """Return what the rule says of the last of the readings."""
        for reading in readings:
            judged = rule.update(SystemSection(**reading))
        return judged.system_health, judged.limiter, judged.unknown_components

    GOOD = {"cpu_percent": 20.0, "memory_percent": 30.0, "disk_percent": 40.0}  # noqa: RUF012

    def test_a_good_machine_is_healthy_and_limited_by_nothing(self):
        assert self.after(SystemRule(Thresholds()), self.GOOD) == ("healthy", None, [])

    def test_a_component_is_bad_with_the_third_sample_at_its_threshold(self):
        rule = SystemRule(Thresholds(memory=90))
        bad = {**self.GOOD, "memory_percent": 90.0}
        assert self.after(rule, bad, bad) == ("healthy", None, [])
        assert self.after(rule, bad) == ("degraded", "memory", [])

    def test_a_short_peak_is_no_news(self):
        rule = SystemRule(Thresholds())
        peak = {**self.GOOD, "cpu_percent": 100.0}
        for _ in range(5):
            assert self.after(rule, peak, peak, self.GOOD) == ("healthy", None, [])

    def test_recovery_is_held_for_three_samples_too(self):
        rule = SystemRule(Thresholds())
        assert self.after(rule, *[{**self.GOOD, "cpu_percent": 99.0}] * 3)[0] == "degraded"
        assert self.after(rule, self.GOOD, self.GOOD)[:2] == ("degraded", "cpu")
        assert self.after(rule, self.GOOD)[:2] == ("healthy", None)

    def test_critical_memory_is_unhealthy_and_then_degraded_on_the_way_back(self):
        rule = SystemRule(Thresholds(memory=90, critical=97))
        assert self.after(rule, *[{**self.GOOD, "memory_percent": 98.0}] * 3) == (
            "unhealthy",
            "memory",
            [],
        )
        assert self.after(rule, *[{**self.GOOD, "memory_percent": 92.0}] * 3)[0] == "degraded"

    def test_full_use_of_the_processor_is_never_critical(self):
        rule = SystemRule(Thresholds())
        assert self.after(rule, *[{**self.GOOD, "cpu_percent": 100.0}] * 9)[0] == "degraded"

    def test_the_worst_component_is_the_limiter(self):
        rule = SystemRule(Thresholds())
        bad = {"cpu_percent": 99.0, "memory_percent": 50.0, "disk_percent": 99.0}
        assert self.after(rule, bad, bad, bad)[:2] == ("unhealthy", "disk")

    def test_what_cannot_be_read_is_left_out_and_named(self):
        rule = SystemRule(Thresholds())
        known = {"memory_percent": 30.0}
        # The first reading has no load yet, which is no failure.
        assert self.after(rule, known) == ("healthy", None, ["disk"])
        assert self.after(rule, known) == ("healthy", None, ["cpu", "disk"])

    def test_with_nothing_known_health_is_unknown(self):
        rule = SystemRule(Thresholds())
        self.after(rule, {})
        assert self.after(rule, {}) == ("unknown", None, ["cpu", "memory", "disk"])

    def test_a_component_comes_back_in_the_state_in_which_it_was_lost(self):
        rule = SystemRule(Thresholds())
        bad = {**self.GOOD, "disk_percent": 92.0}
        lost = {**self.GOOD, "disk_percent": None}
        self.after(rule, bad, bad, bad)
        assert self.after(rule, *[lost] * 5) == ("healthy", None, ["disk"])
        assert self.after(rule, bad)[:2] == ("degraded", "disk")

    def test_rules_that_are_off_judge_nothing(self):
        rule = SystemRule(Thresholds(cpu=None, disk=None, critical=None))
        full = {"cpu_percent": 100.0, "memory_percent": 99.0, "disk_percent": None}
        assert self.after(rule, full, full, full) == ("degraded", "memory", [])

    def test_the_reading_itself_goes_through(self):
        reading = SystemSection(cpu_percent=12.5, active_connections=3, scope="container")
        judged = SystemRule(Thresholds()).update(reading)
        assert (judged.cpu_percent, judged.active_connections, judged.scope) == (
            12.5,
            3,
            "container",
        )


LIFECYCLES = ("registered", "active", "stopped", "failed")
HEALTHS = ("unknown", "healthy", "degraded", "unhealthy")


def first_match(lifecycle, health, training, idle):
    """The order in which labels are tried."""
    holds = {
        "failed": lifecycle == "failed",
        "stopped": lifecycle == "stopped",
        "training": training,
        "unhealthy": health == "unhealthy",
        "degraded": health == "degraded",
        "idle": idle and lifecycle == "active",
        "active": lifecycle == "active",
        "registered": True,
    }
    return next(label for label, applies in holds.items() if applies)


@pytest.mark.parametrize(("lifecycle", "health"), list(product(LIFECYCLES, HEALTHS)))
def test_the_first_match_is_the_status(lifecycle, health):
    for training, idle in product((True, False), repeat=2):
        status = status_of(lifecycle, health, training=training, idle=idle)
        assert status == first_match(lifecycle, health, training, idle)


class TestThresholds:
    @pytest.mark.parametrize("name", Thresholds.__struct_fields__)
    def test_each_may_be_off_and_at_both_ends_of_its_range(self, name):
        top = 1 if name in ("accuracy", "error_rate") else 100
        for value in (None, 0, top, 0.5, np.float64(0.5)):
            assert getattr(Thresholds(**{name: value}), name) == value

    @pytest.mark.parametrize("name", Thresholds.__struct_fields__)
    @pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), 1e9])
    def test_out_of_range_is_an_error_that_names_it(self, name, value):
        if (name, value) == ("latency_p95", 1e9):
            assert Thresholds(latency_p95=value).latency_p95 == value
            return
        with pytest.raises(ArgumentValueError, match=rf"Thresholds\({name}=…\): expected a value"):
            Thresholds(**{name: value})

    @pytest.mark.parametrize("value", ["0.8", True, [0.8], 1j])
    def test_what_is_no_number_is_an_error(self, value):
        with pytest.raises(ArgumentTypeError, match="expected a number or None, got"):
            Thresholds(accuracy=value)

    def test_percent_in_place_of_a_ratio_gets_a_hint(self):
        with pytest.raises(ArgumentValueError, match=r"from 0 to 1, got 85\. Do you mean 0\.85\?"):
            Thresholds(accuracy=85)

    def test_unknown_names_are_an_error(self):
        with pytest.raises(TypeError, match="acuracy"):
            Thresholds(acuracy=0.8)

    def test_they_cannot_be_changed(self):
        with pytest.raises(AttributeError):
            Thresholds().accuracy = 0.5
