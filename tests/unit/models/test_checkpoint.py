"""A model goes on in a new kernel as if there had been no end."""

from __future__ import annotations

from copy import copy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.events.event_log import EventLog
from ipyvitals.health import ErrorChange, Thresholds
from ipyvitals.models.checkpoint import VERSION, checkpoint_of, resume, summary_of, windows_of
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.models.status_evaluator import StatusEvaluator
from ipyvitals.schema.messages import Message
from ipyvitals.utils.clock import FakeClock

NOW, AT = 1_000.0, 1_700_000_000.0
THRESHOLDS = Thresholds(accuracy=0.8, min_labels=5, label_hold=4, min_calls=1, look_hold=2)


class Watch:
    """What looks at rows for drift, as far as a model sees it."""

    def __init__(self):
        self.looks, self.changes = [], []
        self.reference, self.verdicts = b"", []

    def take_checks(self):
        looks, self.looks = self.looks, []
        return looks

    def take_error_changes(self):
        changes, self.changes = self.changes, []
        return changes

    def update(self, predictions, features): ...

    def update_errors(self, scores): ...

    def reset(self): ...


class Served:
    """One model and its judge, at one moment."""

    def __init__(self, now=NOW, thresholds=THRESHOLDS, window=20, watch=None, **facts):
        self.clock = FakeClock(now, AT)
        self.events = EventLog("default", self.clock.time, lambda event: None)
        self.model = ModelState(
            "churn", window_size=window, thresholds=thresholds, now=now, at=AT,
            make_watch=None if watch is None else lambda hold: watch,
        )  # fmt: skip
        self.model.set_facts(name="churn", **facts)
        self.judge = StatusEvaluator(self.events, self.clock.time)
        self.update_status()

    def update_status(self):
        self.judge.update_status(self.model, self.clock.monotonic(), training=False)

    def label(self, scores, segments=None):
        scores = np.array(scores, dtype=np.float64)
        self.model.add_calls(np.full(scores.size, self.clock.monotonic()))
        self.model.add_labels(ScoredLabels(scores, scores - 0.5, segments))
        self.update_status()

    def look(self, seconds=1.0, latency=None, failed=0):
        self.clock.advance(seconds)
        now = self.clock.monotonic()
        if latency is not None:
            self.model.add_calls(np.array([now]))
            self.model.add_durations(np.array([now]), np.array([latency]))
        if failed:
            self.model.add_errors(np.full(failed, now))
        self.model.judge(now)
        self.update_status()

    def left(self):
        """What its kernel leaves."""
        return summary_of(self.model, self.clock.monotonic()), windows_of(self.model)

    def successor(self, told=(), **options):
        """The same model in a new kernel."""
        told = dict(told)
        new = Served(now=5.0, **options, **told)
        resume(new.model, checkpoint_of(*self.left()), new.clock.monotonic(), told)
        new.update_status()
        return new

    @property
    def told(self):
        model = self.model
        return {
            "totals": (model.total_predictions, model.total_labelled, model.total_errors),
            "window": model.window.scores.tolist(),
            "residuals": model.residuals.residuals.tolist(),
            "durations": (model.durations.counts, model.durations.sum_seconds),
            "status": (model.status, model.message, model.evidence, model.health),
            "facts": (model.name, model.version, model.trained_at, model.baseline_accuracy),
            "delays": model.delays,
            "segments": [
                (name, group.total, group.window.scores.tolist())
                for name, group in (model.segments.get() if model.segments else ())
            ],
        }

    @property
    def changes(self):
        return [(event.old_status, event.new_status, event.reason) for event in self.events.get()]


@given(
    scores=st.lists(st.sampled_from([0.0, 1.0]) | st.floats(0, 1), max_size=80),
    cut=st.integers(0, 80),
)
def test_labels_go_on_as_if_nothing_had_happened(scores, cut):
    through, first = Served(baseline_accuracy=0.9), Served(baseline_accuracy=0.9)
    names = ["EU", "US", 3, True]
    segments = [names[place % 4] for place in range(len(scores))]

    first.label(scores[:cut], segments[:cut])
    second = first.successor()
    for one, part in ((through, slice(None)), (second, slice(cut, None))):
        one.label(scores[part], segments[part])

    assert second.told == through.told
    assert first.changes + second.changes == through.changes


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_streak_that_is_cut_goes_on(cut):
    right, wrong = [1.0] * 5, [0.0] * 6
    first = Served()
    first.label(right + wrong[: cut - 5] if cut > 5 else right[:cut])
    second = first.successor()
    second.label((right + wrong)[cut:])
    through = Served()
    through.label(right + wrong)

    assert second.told["status"] == through.told["status"]
    assert through.model.status == "degraded"


def test_verdicts_about_calls_and_drift_go_on():
    thresholds = Thresholds(latency_p95=0.1, min_calls=1, look_hold=3, error_rate=0.5)
    first = Served(thresholds=thresholds)
    for _ in range(2):
        first.look(latency=0.5)
    second = first.successor(thresholds=thresholds)
    assert second.model.status == "active"
    second.look(latency=0.5)

    assert (second.model.status, second.model.evidence.rule) == ("degraded", "latency_p95")
    third = second.successor(thresholds=thresholds)
    for _ in range(2):
        third.look(latency=0.01, seconds=61)
    assert third.model.status == "degraded"
    third.look(latency=0.01, seconds=61)
    assert third.model.status == "active"
    assert third.changes == [("degraded", "active", "Latency p95 recovered")]


def test_totals_and_facts_go_on():
    first = Served(version="2.1", trained_at=AT - 60, baseline_accuracy=0.9)
    first.label([1.0] * 3)
    first.look(latency=0.004, failed=2)
    first.model.acknowledged_at = AT
    first.model.add_delays([3.0, 4.0])

    second = first.successor()

    assert second.told == first.told
    assert second.model.acknowledged_at == AT
    assert second.model.deployed_at == AT


def test_silence_is_of_the_time_that_was_watched():
    first = Served()
    first.label([1.0])
    first.clock.advance(200)

    second = first.successor()

    assert second.model.silent_for(second.clock.monotonic()) == pytest.approx(200)
    second.look(seconds=99)
    assert second.model.status == "active"
    second.look(seconds=1)
    assert second.model.status == "idle"
    third = second.successor()
    assert (third.model.status, third.changes) == ("idle", [])
    assert third.model.message == Message(
        "No prediction for 300 s", "silence.raised", {"seconds": 300.0}
    )


class TestWhatIsSaidAgain:
    def test_it_counts(self):
        first = Served(version="2.1", baseline_accuracy=0.9)

        second = first.successor({"baseline_accuracy": 0.5, "deployed_at": AT + 9})

        assert second.told["facts"] == ("churn", "2.1", None, 0.5)
        assert second.model.deployed_at == AT + 9

    @pytest.mark.parametrize(("trained_at", "labels"), [(AT - 60, 3), (AT, 0)])
    def test_trained_anew_only_totals_go_on(self, trained_at, labels):
        first = Served(trained_at=AT - 60)
        first.label([0.0] * 3)

        second = first.successor({"trained_at": trained_at})

        assert second.model.window.count == labels
        assert (second.model.total_labelled, second.model.trained_at) == (3, trained_at)

    def test_a_rule_that_is_off_now_recovers(self):
        first = Served()
        first.label([0.0] * 9)
        assert first.model.status == "degraded"

        second = first.successor(thresholds=Thresholds(accuracy=None, min_labels=5))

        assert second.changes == [("degraded", "active", "Thresholds changed")]
        assert second.model.health == "healthy"

    def test_a_streak_under_another_threshold_says_nothing(self):
        first = Served()
        first.label([1.0] * 5 + [0.0] * 4)
        assert (first.model.window.mean, first.model.status) == (5 / 9, "active")
        second = first.successor(thresholds=msgspec.structs.replace(THRESHOLDS, accuracy=0.7))

        second.label([0.0] * 3)

        assert second.model.status == "active"
        second.label([0.0])
        assert second.model.status == "degraded"

    def test_a_smaller_window_keeps_the_last_labels(self):
        first = Served()
        first.label([0.0] * 10 + [1.0] * 5)

        assert first.successor(window=5).model.window.scores.tolist() == [1.0] * 5

    def test_without_a_watch_nothing_has_drifted(self):
        watch = Watch()
        first = Served(watch=watch)
        first.label([1.0])
        watch.changes = [ErrorChange(rising=True, value=0.4, threshold=0.1, n=200)]
        first.look()
        assert first.model.health == "degraded"

        assert first.successor().model.health != "degraded"
        assert first.successor(watch=watch).model.health == "degraded"


def test_a_past_that_comes_late_is_put_before_what_was_seen():
    first = Served(version="2.1", trained_at=AT - 60)
    first.label([0.0] * 9)
    late = Served()
    late.label([1.0] * 3)

    resume(late.model, checkpoint_of(*first.left()), NOW, {})
    late.update_status()

    assert late.model.window.scores.tolist() == [0.0] * 9 + [1.0] * 3
    assert (late.model.total_predictions, late.model.trained_at) == (12, AT - 60)
    assert late.model.status == "degraded"


def test_a_verdict_of_its_own_counts_more_than_one_that_comes_late():
    first = Served()
    first.label([0.0] * 9)
    late = Served()
    late.label([1.0] * 9)

    resume(late.model, checkpoint_of(*first.left()), NOW, {})

    assert (late.model.status, late.model.total_labelled) == ("active", 18)


def test_a_retired_model_is_only_registered():
    first = Served()
    first.label([1.0])
    first.model.lifecycle = "stopped"
    first.update_status()

    second = first.successor()

    assert second.model.status == "registered"
    second.label([1.0])
    assert second.model.status == "active"


class TestOtherVersions:
    HEAD = {  # noqa: RUF012
        "name": "churn",
        "total_predictions": 9,
        "lifecycle": "active",
        "status": "degraded",
        "reason": "Mean error rose",
        "evidence": {"rule": "error_drift", "on": True, "reason": "Mean error rose", "n": 200},
        "raised": [
            {"rule": "latency_p95", "on": True, "reason": "Latency p95 rose above threshold"},
            {"rule": "drift", "on": True, "reason": "Drift of feature 'age'"},
            {"rule": "error_drift", "on": True, "reason": "Mean error rose", "n": 200},
        ],
        "verdicts": {
            "accuracy_rule": {"threshold": 0.8, "entered": [True] * 3, "left": [False] * 3},
            "latency_rule": {"threshold": 0.1, "on": True, "entered": [True], "left": [False]},
            "drift_rule": {"on": True, "entered": [True], "left": [False], "rising": True},
        },
    }
    """What the version before the codes of reasons wrote."""

    def resumed(self):
        thresholds = msgspec.structs.replace(THRESHOLDS, latency_p95=0.1)
        new = Served(thresholds=thresholds, watch=Watch())
        resume(new.model, checkpoint_of(msgspec.msgpack.encode(self.HEAD), None), NOW, {})
        return new

    def test_one_without_codes_goes_on_and_shows_its_sentence(self):
        new = self.resumed()
        assert new.model.message == Message("Mean error rose")
        assert [one.rule for one in new.model.active_alerts] == [
            "latency_p95",
            "drift",
            "error_drift",
        ]
        new.model.watch.changes = [ErrorChange(rising=False, value=0.1, threshold=0.4, n=200)]
        new.look(seconds=0.0)
        assert [one.rule for one in new.model.active_alerts] == ["latency_p95", "drift"]
        assert new.model.message == Message("Drift of feature 'age'")

    def test_it_finds_the_verdicts_where_it_wrote_them(self):
        head = msgspec.msgpack.decode(summary_of(self.resumed().model, NOW))
        assert set(head["verdicts"]) == {
            *("accuracy_rule", "baseline_rule", "error_rule", "latency_rule", "drift_rule")
        }
        assert head["verdicts"]["drift_rule"]["on"]
        assert head["verdicts"]["drift_rule"]["rising"]
        assert head["verdicts"]["latency_rule"]["on"]
        assert [one["rule"] for one in head["raised"]] == ["latency_p95", "drift", "error_drift"]
        assert head["reason"] == "Mean error rose"

    def test_what_an_older_one_did_not_write_has_a_default(self):
        head = msgspec.msgpack.encode({"total_predictions": 7})
        new = Served()

        resume(new.model, checkpoint_of(head, None), NOW, {})

        assert (new.model.total_predictions, new.model.window.count) == (7, 0)

    def test_what_a_newer_one_adds_is_left_out(self):
        head = msgspec.msgpack.encode({"v": VERSION, "total_errors": 7, "mood": "good"})

        assert checkpoint_of(head, None).head.total_errors == 7

    @pytest.mark.parametrize(
        ("head", "body"),
        [
            (msgspec.msgpack.encode({"v": VERSION + 1}), None),
            (msgspec.msgpack.encode({}), msgspec.msgpack.encode({"v": VERSION + 1})),
            (msgspec.msgpack.encode({}), msgspec.msgpack.encode({"scores": b"nonsense"})),
            (msgspec.msgpack.encode({"total_predictions": "many"}), None),
            (b"nonsense", None),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, head, body):
        with pytest.raises(ValueError, match="expected"):
            checkpoint_of(head, body)

    def test_durations_in_other_buckets_begin_anew(self):
        first = Served()
        first.look(latency=0.004)
        head = msgspec.msgpack.decode(summary_of(first.model, NOW))
        head["duration_bounds"] = [1.0, 2.0]
        new = Served()

        resume(new.model, checkpoint_of(msgspec.msgpack.encode(head), None), NOW, {})

        assert sum(new.model.durations.counts) == 0


class Color(Enum):
    RED = 1


class Country(StrEnum):
    ITALY = "IT"


class Point(NamedTuple):
    x: int


SEGMENTS = [
    *("EU", "", "\udc81", "x" * 5_000, 4, 4.5, True, np.int64(5), 1 << 70, -(1 << 63), 10**5_000),
    *(("EU", 3), (), frozenset({1}), Point(3), b"EU", Decimal("0.1"), Fraction(1, 3), 2j),
    *(date(2026, 5, 1), datetime(2026, 5, 1, tzinfo=UTC), timedelta(days=1), UUID(int=7)),
    *(Color.RED, Country.ITALY, PurePosixPath("/a"), range(3), int),
]  # fmt: skip


@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda segment: type(segment).__name__)
def test_a_segment_goes_on_whatever_it_is(segment):
    first = Served()
    first.label([1.0, 0.0, 1.0], [segment, "other", segment])

    second = first.successor()
    second.label([0.0], [copy(segment)])

    assert second.told["segments"][0][0] == segment
    assert [tracker.total for _, tracker in second.model.segments.get()] == [3, 1]
    # And once more, though only the first kernel had a label of it.
    third = first.successor().successor()
    third.label([1.0], [copy(segment)])
    assert [tracker.total for _, tracker in third.model.segments.get()] == [3, 1]


def test_a_segment_without_a_place_goes_on_whatever_it_is():
    first = Served()
    first.label([1.0] * 40, [("often", number % 20) for number in range(40)])
    first.label([1.0], [("rare", 1)])

    second = first.successor()
    second.label([1.0] * 2, [("rare", 1)] * 2)

    assert dict(second.model.segments.get())["rare", 1].total == 3


def test_segments_that_were_seen_before_the_checkpoint_came_are_merged():
    first = Served()
    first.label([1.0, 1.0], [("EU", 3), date(2026, 5, 1)])
    head, body = summary_of(first.model, 0.0), windows_of(first.model)
    late = Served()
    late.label([0.0], [("EU", 3)])

    resume(late.model, checkpoint_of(head, body), 0.0, {})

    assert {str(name): one.total for name, one in late.model.segments.get()} == {
        "('EU', 3)": 2,
        "2026-05-01": 1,
    }


def test_a_segment_that_is_only_a_place_in_memory_begins_anew():
    first = Served()
    first.label([1.0, 0.0, 1.0], [object(), "EU", np.int64(4)])

    assert [name for name, *_ in first.successor().told["segments"]] == ["EU", 4]


def test_the_segments_without_a_place_go_on():
    first = Served()
    names = [f"s{number}" for number in range(30)]
    first.label([1.0] * 30, names)
    second = first.successor()

    assert second.model.segments.other.total == 10
    assert second.model.segments.candidates == first.model.segments.candidates
    second.label([1.0] * 2, ["s29", "s29"])
    assert "s29" in [name for name, *_ in second.told["segments"]]
