"""Rules against a slow, literal reading of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.health import (
    DriftCheck,
    ErrorChange,
    RuleFigures,
    RuleSettings,
    Thresholds,
)
from ipyvitals.health.rules import (
    AccuracyRule,
    BaselineRule,
    DriftRule,
    ErrorDriftRule,
    ErrorRateRule,
    LatencyRule,
)
from ipyvitals.stats.interval import Z_95
from ipyvitals.stats.window import ScoreWindow

HUNDRED = 100


def settings(baseline_accuracy=None, size=HUNDRED, **thresholds):
    return RuleSettings(Thresholds(**thresholds), size, baseline_accuracy)


def accuracy_rule(threshold, size=HUNDRED, **thresholds):
    return AccuracyRule(settings(size=size, accuracy=threshold, **thresholds))


def update(rule, window, scores):
    """Judge labels that the window has not seen yet."""
    return rule.check_labels(*window.means_after(np.array(scores)))


class LiteralRule:
    """One label after the other, in exact fractions.

    Degraded: at least 30 labels in the window and accuracy below the threshold for 20 labels
    in a row. Recovered: at least the threshold + 0.02 for 20 in a row. The four figures are
    settings; under the policy "confident" the whole interval must be below.
    """

    def __init__(self, threshold, size, told):
        self.threshold = Fraction(str(threshold))
        margin = Fraction(str(told.recovery_margin))
        self.recovered = min(self.threshold + margin, Fraction(1))
        self.hold = told.label_hold
        self.min_labels = min(told.min_labels, size)
        self.confident = told.policy == "confident"
        self.size = size
        self.labels = []
        self.on = False
        self.below = self.above = 0

    def is_below(self, accuracy, n):
        """Whether the accuracy, or the upper end of its interval, is below the threshold.

        The interval ends where a true proportion p would be z standard errors of its own away
        from the accuracy: beyond it (p - accuracy)² > z² p (1 - p) / n.
        """
        low, p = accuracy < self.threshold, self.threshold
        if not (low and self.confident):
            return low
        return (p - accuracy) ** 2 > Fraction(Z_95) ** 2 * p * (1 - p) / n

    def label(self, right):
        self.labels = [*self.labels, right][-self.size :]
        n = len(self.labels)
        accuracy = Fraction(sum(self.labels), n)
        self.below = self.below + 1 if self.is_below(accuracy, n) else 0
        self.above = self.above + 1 if accuracy >= self.recovered else 0
        ready = n >= self.min_labels
        turned = self.above >= self.hold if self.on else self.below >= self.hold and ready
        if turned:
            self.on = not self.on
            return [(self.on, float(accuracy), n)]
        return []


def judge(rule, window, labels):
    scores = np.array(labels, dtype=bool)
    findings = update(rule, window, scores)
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
SIZES = st.sampled_from([1, 10, 29, 30, 50, 100])
LIMITS = st.sampled_from([0.0, 0.5, 0.8, 0.85, 0.98, 0.99, 1.0])
CUTS = st.lists(st.integers(0, 900), max_size=8)
SETTINGS = st.builds(
    Thresholds,
    policy=st.sampled_from(["threshold", "confident"]),
    label_hold=st.sampled_from([1, 2, 7, 20, 150]),
    min_labels=st.sampled_from([1, 5, 30, 80, 1_000]),
    recovery_margin=st.sampled_from([0.0, 0.01, 0.02, 0.1, 1.0]),
)


def check_against_literal(labels, threshold, size, cuts, told):
    literal = LiteralRule(threshold, size, told)
    expected = [finding for right in labels for finding in literal.label(right)]

    made_from = RuleSettings(msgspec.structs.replace(told, accuracy=threshold), size)
    single, single_window = AccuracyRule(made_from), ScoreWindow(size)
    found = [turn for right in labels for turn in judge(single, single_window, [right])]
    assert found == expected

    batched, batched_window = AccuracyRule(made_from), ScoreWindow(size)
    edges = sorted({0, len(labels), *(min(cut, len(labels)) for cut in cuts)})
    found = [
        turn
        for start, end in pairwise(edges)
        for turn in judge(batched, batched_window, labels[start:end])
    ]
    assert found == expected
    assert batched.on == single.on == literal.on


@given(phases=PHASES, threshold=LIMITS, size=SIZES, cuts=CUTS)
def test_accuracy_is_judged_label_by_label_however_they_come(phases, threshold, size, cuts):
    check_against_literal(labels_of(phases), threshold, size, cuts, Thresholds())


@given(phases=PHASES, threshold=LIMITS, size=SIZES, cuts=CUTS, told=SETTINGS)
def test_every_setting_of_a_verdict_means_what_it_says(phases, threshold, size, cuts, told):
    check_against_literal(labels_of(phases), threshold, size, cuts, told)


def changes(labels, **thresholds):
    rule, window = accuracy_rule(0.85, **thresholds), ScoreWindow(HUNDRED)
    return len(judge(rule, window, labels))


def test_a_model_three_points_above_its_threshold_hardly_flaps():
    labels = np.random.default_rng(1).random(100_000) < 0.88
    # Each label's window compared with the threshold alone, as a plain alert does.
    accuracies = np.convolve(labels, np.ones(HUNDRED), mode="valid") / HUNDRED
    plain = int(np.count_nonzero(np.diff(accuracies < 0.85 - 1e-9)))

    assert plain == pytest.approx(1_460, rel=0.1)
    assert changes(labels) == pytest.approx(308, rel=0.2)
    assert 0 < changes(labels, policy="confident") <= 30


def test_a_drop_is_told_word_for_word_with_its_evidence():
    rule, window = accuracy_rule(0.8), ScoreWindow(100)
    window.update(np.ones(100, dtype=bool))
    (finding,) = update(rule, window, np.zeros(40, dtype=bool))
    assert finding.reason == "Accuracy dropped below threshold"
    assert (finding.rule, finding.on) == ("accuracy", True)
    # The 21st wrong label is the first below 0.8, the 40th the twentieth in a row.
    assert (finding.value, finding.threshold, finding.n) == (0.6, 0.8, 100)


def test_recovery_is_told_too():
    rule, window = accuracy_rule(0.8), ScoreWindow(100)
    findings = update(rule, window, np.array([False] * 100 + [True] * 120))
    assert [(finding.on, finding.reason) for finding in findings] == [
        (True, "Accuracy dropped below threshold"),
        (False, "Accuracy recovered"),
    ]
    assert not rule.on


def test_a_baseline_is_judged_alike_in_words_of_its_own():
    rule, window = BaselineRule(settings(0.95)), ScoreWindow(100)
    window.update(np.ones(100, dtype=bool))
    findings = update(rule, window, np.array([False] * 100 + [True] * 120))
    assert [(one.rule, one.on, one.reason) for one in findings] == [
        ("baseline", True, "Accuracy dropped too far below its baseline"),
        ("baseline", False, "Accuracy back near its baseline"),
    ]
    assert [(one.value, one.threshold, one.n) for one in findings] == [
        # The 16th wrong label is the first below 0.85, the 35th the twentieth in a row.
        (0.65, 0.85, 100),
        # 0.87 is reached 13 right labels before the window is all right again: 20 in a row.
        (1.0, 0.85, 100),
    ]


def test_nothing_is_judged_before_thirty_labels():
    rule, window = accuracy_rule(0.8), ScoreWindow(100)
    assert judge(rule, window, [False] * 29) == []
    assert judge(rule, window, [False]) == [(True, 0.0, 30)]


@pytest.mark.parametrize("batch", [1, 7, 1_000])
@pytest.mark.parametrize("score", [0.1, 1 / 3, 0.7, 0.8, 0.85])
def test_scores_that_are_exactly_the_threshold_are_not_below_it(score, batch):
    rule, window = accuracy_rule(score), ScoreWindow(100)
    for _ in range(2_000 // batch):
        scores = np.full(batch, score)
        assert update(rule, window, scores) == []
        window.update(scores)


def test_accuracy_just_two_points_above_is_recovered():
    rule, window = accuracy_rule(0.8), ScoreWindow(100)
    judge(rule, window, [False] * 50)
    assert rule.on
    pattern = ([True] * 41 + [False] * 9) * 6
    assert [on for on, _, _ in judge(rule, window, pattern)] == [False]


@pytest.mark.parametrize(("margin", "recovers"), [(0.0, 80), (0.02, 82), (0.1, 90), (1.0, 100)])
def test_how_far_above_the_threshold_it_has_recovered_is_a_setting(margin, recovers):
    for right in (recovers - 1, recovers):
        rule, window = accuracy_rule(0.8, recovery_margin=margin), ScoreWindow(100)
        judge(rule, window, [False] * 50)
        assert rule.on
        judge(rule, window, ([True] * right + [False] * (100 - right)) * 3)
        assert rule.on == (right < recovers)


@pytest.mark.parametrize("hold", [1, 5, 20, 60])
def test_how_many_labels_decide_is_a_setting(hold):
    rule, window = accuracy_rule(0.8, label_hold=hold, min_labels=1), ScoreWindow(100)
    assert judge(rule, window, [False] * (hold - 1)) == []
    assert judge(rule, window, [False]) == [(True, 0.0, hold)]


@pytest.mark.parametrize("labels", [1, 5, 30, 80])
def test_how_many_labels_are_evidence_is_a_setting(labels):
    rule, window = accuracy_rule(0.8, label_hold=1, min_labels=labels), ScoreWindow(100)
    assert judge(rule, window, [False] * (labels - 1)) == []
    assert judge(rule, window, [False]) == [(True, 0.0, labels)]


def test_accuracy_between_the_two_limits_changes_nothing():
    pattern = ([True] * 81 + [False] * 19) * 5
    good, bad = accuracy_rule(0.8), accuracy_rule(0.8)
    window = ScoreWindow(100)
    window.update(np.array([True] * 81 + [False] * 19))
    assert judge(good, window, pattern) == []
    update(bad, window, np.zeros(100, dtype=bool))
    assert bad.on
    assert judge(bad, window, pattern) == []


def test_without_a_threshold_accuracy_is_not_judged():
    rule, window = accuracy_rule(None), ScoreWindow(100)
    assert judge(rule, window, [False] * 500) == []
    assert not rule.on


class TestLimitRule:
    def feed(self, rule, *readings):
        return [finding for value, n in readings for finding in rule.judge(value, n)]

    def test_it_turns_with_the_third_reading_in_a_row(self):
        rule = ErrorRateRule(settings(error_rate=0.05))
        assert self.feed(rule, (0.06, 40), (0.07, 40), (0.01, 40), (0.06, 40), (0.07, 40)) == []
        (finding,) = self.feed(rule, (0.08, 50))
        assert (finding.on, finding.value, finding.threshold, finding.n) == (True, 0.08, 0.05, 50)
        assert finding.reason == "Error rate rose above threshold"
        assert rule.on

    def test_it_leaves_with_the_third_good_one(self):
        rule = LatencyRule(settings(latency_p95=0.2))
        self.feed(rule, *[(0.3, 100)] * 3)
        assert self.feed(rule, (0.2, 100), (0.1, 100)) == []
        (finding,) = self.feed(rule, (0.1, 100))
        assert (finding.on, finding.reason) == (False, "Latency p95 recovered")

    def test_what_is_exactly_the_limit_is_within_it(self):
        rule = ErrorRateRule(settings(error_rate=0.05))
        assert self.feed(rule, *[(0.05, 100)] * 10) == []

    def test_silence_and_few_calls_change_nothing(self):
        rule = ErrorRateRule(settings(error_rate=0.05))
        assert self.feed(rule, *[(1.0, 29)] * 10) == []
        self.feed(rule, *[(1.0, 30)] * 3)
        assert self.feed(rule, *[(None, 0)] * 10, *[(0.0, 29)] * 10) == []
        assert rule.on

    def test_without_a_threshold_it_is_off(self):
        assert self.feed(LatencyRule(settings(latency_p95=None)), *[(1e9, 100)] * 10) == []

    def test_how_many_calls_and_looks_decide_are_settings(self):
        rule = ErrorRateRule(settings(error_rate=0.05, min_calls=5, look_hold=2))
        assert self.feed(rule, *[(1.0, 4)] * 9, (1.0, 5)) == []
        assert [finding.on for finding in self.feed(rule, (1.0, 5))] == [True]
        assert self.feed(rule, (0.0, 5)) == []
        assert [finding.on for finding in self.feed(rule, (0.0, 5))] == [False]


def checks(*values, feature="age"):
    """Return the figures of a tick with checks of drift against 0.2."""
    return RuleFigures(
        0.0, None, None, None, [DriftCheck(feature, one, 0.2, 500) for one in values]
    )


def changes_of_error(*rising):
    """Return the figures of a tick with changes of the mean error."""
    changes = [ErrorChange(rising=one, value=0.4, threshold=0.1, n=200) for one in rising]
    return RuleFigures(0.0, None, None, None, (), changes)


class TestDriftRule:
    def test_it_turns_with_the_third_check_in_a_row_and_names_what_drifted(self):
        rule = DriftRule(settings())
        assert rule.check(checks(0.3, 0.3, 0.1, 0.3, 0.3)) == []
        (finding,) = rule.check(checks(0.4, feature=None))
        assert (finding.rule, finding.on, finding.reason) == ("drift", True, "Drift of predictions")
        assert (finding.value, finding.threshold, finding.n) == (0.4, 0.2, 500)
        assert rule.on

    def test_it_leaves_with_the_third_good_one(self):
        rule = DriftRule(settings())
        found = rule.check(checks(0.3, 0.3, 0.3, 0.1, 0.1, 0.1))
        assert [(one.on, one.reason, one.value) for one in found] == [
            (True, "Drift of feature 'age'", 0.3),
            (False, "Drift is gone", 0.1),
        ]
        assert not rule.on

    def test_checks_may_come_one_by_one(self):
        rule = DriftRule(settings(look_hold=2))
        assert [len(rule.check(checks(0.3))) for _ in range(4)] == [0, 1, 0, 0]

    def test_what_is_exactly_the_limit_is_no_drift(self):
        assert DriftRule(settings()).check(checks(*[0.2] * 9)) == []

    def test_where_drift_does_not_count_it_finds_nothing(self):
        rule = DriftRule(settings(drift=False))
        assert rule.check(checks(*[9.0] * 9)) == []
        assert not rule.on


class TestErrorDriftRule:
    def test_a_change_of_the_error_is_found_at_once_with_both_errors(self):
        rule = ErrorDriftRule(settings())
        found = rule.check(changes_of_error(True, True, False, False))
        assert [(one.rule, one.on, one.reason) for one in found] == [
            ("error_drift", True, "Mean error rose"),
            ("error_drift", False, "Mean error fell again"),
        ]
        assert (found[0].value, found[0].threshold, found[0].n) == (0.4, 0.1, 200)

    def test_a_first_change_for_the_better_is_no_trouble_that_ended(self):
        rule = ErrorDriftRule(settings())
        assert rule.check(changes_of_error(False)) == []
        assert not rule.on

    def test_where_drift_does_not_count_it_finds_nothing(self):
        rule = ErrorDriftRule(settings(drift=False))
        assert rule.check(changes_of_error(True)) == []
        assert not rule.on


def active_rule(kind):
    """Return a rule of a kind that has raised, and a maker of others under other limits."""
    if kind in ("drift", "error_drift"):
        make, figures = {
            "drift": (DriftRule, checks(0.3, 0.3, 0.3)),
            "error_drift": (ErrorDriftRule, changes_of_error(True)),
        }[kind]
        rule = make(settings())
        assert rule.check(figures)
        return rule, lambda limit: make(settings(drift=limit is not None))
    if kind in ("accuracy", "baseline"):
        make = {"accuracy": AccuracyRule, "baseline": BaselineRule}[kind]
        field = {"accuracy": "accuracy", "baseline": "baseline_drop"}[kind]
        rule = make(settings(1.0, **{field: 0.5}))
        judge(rule, ScoreWindow(100), [False] * 50)
        return rule, lambda limit: make(settings(1.0, **{field: limit}))
    make = {"error_rate": ErrorRateRule, "latency_p95": LatencyRule}[kind]
    rule = make(settings(**{kind: 0.05}))
    for _ in range(3):
        rule.judge(0.5, 100)
    return rule, lambda limit: make(settings(**{kind: limit}))


KINDS = ["accuracy", "baseline", "error_rate", "latency_p95", "drift", "error_drift"]


@pytest.mark.parametrize("kind", KINDS)
class TestOtherThresholdsWhileRunning:
    def test_the_verdict_stays_until_a_streak_turns_it(self, kind):
        before, make = active_rule(kind)
        rule = make(0.4)
        assert rule.take_over(before) == []
        assert rule.on

    def test_turned_off_while_raised_it_tells_so(self, kind):
        before, make = active_rule(kind)
        rule = make(None)
        (finding,) = rule.take_over(before)
        assert (finding.rule, finding.on, finding.reason) == (kind, False, "Thresholds changed")
        assert (finding.value, finding.threshold, finding.n) == (None, None, None)
        assert not rule.on

    def test_what_had_not_raised_tells_nothing(self, kind):
        _, make = active_rule(kind)
        for limit in (0.4, None):
            rule = make(limit)
            assert rule.take_over(make(0.8)) == []
            assert not rule.on


def test_a_streak_under_the_old_threshold_does_not_count_under_the_new():
    window = ScoreWindow(100)
    window.update(np.zeros(100, dtype=bool))
    before = accuracy_rule(0.8)
    update(before, window, np.zeros(19, dtype=bool))
    rule = accuracy_rule(0.7)
    rule.take_over(before)
    assert update(rule, window, np.zeros(19, dtype=bool)) == []
    assert len(update(rule, window, np.zeros(1, dtype=bool))) == 1
