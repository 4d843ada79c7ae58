"""A rule that is added judges, explains itself, recovers, is stored, and reaches the page."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np
import pytest

from ipyvitals.errors import ArgumentValueError
from ipyvitals.events.event_log import EventLog
from ipyvitals.health import HEALTH_RULES, LimitRule, Thresholds
from ipyvitals.health.verdict_settings import Seconds
from ipyvitals.models.checkpoint import checkpoint_of, resume, summary_of
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.status_evaluator import StatusEvaluator
from ipyvitals.runtime.snapshot_builder import model_section
from ipyvitals.utils.clock import FakeClock


class SlowestThresholds(Thresholds, frozen=True, kw_only=True):
    """The thresholds, with one more."""

    latency_p99: Seconds = None


class SlowestRule(LimitRule):
    """The 99th percentile of the latency is above ``latency_p99``."""

    name = "latency_p99"
    threshold_field = "latency_p99"
    unit = "latency"
    checkpoint_key = "latency_p99_rule"
    messages: ClassVar[dict[str, str]] = {
        "raised": "Latency p99 rose above threshold",
        "recovered": "Latency p99 recovered",
    }

    def read(self, figures):
        (p99,) = figures.latency.get(figures.now, [0.99])
        return p99, figures.latency.count(figures.now)


class Served:
    """One model that is judged by all rules and the invented one."""

    def __init__(self, **thresholds):
        self.clock = FakeClock(1_000.0, 1_700_000_000.0)
        self.events = EventLog("default", self.clock.time, lambda event: None)
        self.model = ModelState(
            "churn",
            window_size=100,
            thresholds=SlowestThresholds(min_calls=1, look_hold=2, **thresholds),
            rules=(*HEALTH_RULES, SlowestRule),
            now=self.clock.monotonic(),
            at=self.clock.time(),
        )
        self.model.set_facts(name="churn")
        self.evaluator = StatusEvaluator(self.events, self.clock.time)
        self.evaluate()

    def evaluate(self):
        self.evaluator.update_status(self.model, self.clock.monotonic(), training=False)

    def call(self, seconds):
        self.clock.advance(61.0)
        now = np.array([self.clock.monotonic()])
        self.model.add_calls(now)
        self.model.add_durations(now, np.array([seconds]))
        self.model.judge(self.clock.monotonic())
        self.evaluate()

    @property
    def section(self):
        return model_section(self.model, self.clock.monotonic(), since=0.0)


def test_it_judges_explains_itself_and_recovers():
    served = Served(latency_p99=0.5)

    served.call(2.0)
    assert served.section.status == "active"
    served.call(2.0)

    section = served.section
    assert (section.status, section.health) == ("degraded", "degraded")
    assert section.reason == "Latency p99 rose above threshold"
    assert (section.reason_rule, section.reason_code) == ("latency_p99", "latency_p99.raised")
    assert (section.reason_threshold, section.reason_n) == (0.5, 1)
    assert section.reason_value == pytest.approx(2.0, rel=0.01)

    served.call(0.01)
    served.call(0.01)
    assert (served.section.status, served.section.reason) == ("active", "Latency p99 recovered")
    assert [(one.rule, one.reason_code) for one in served.events.get() if one.rule] == [
        ("latency_p99", "latency_p99.raised"),
        ("latency_p99", "latency_p99.recovered"),
    ]


def test_it_is_off_without_a_threshold_and_its_threshold_is_checked():
    served = Served()
    for _ in range(5):
        served.call(9.0)
    assert served.section.status == "active"
    with pytest.raises(ArgumentValueError, match=r"latency_p99=…\): expected a value from 0"):
        SlowestThresholds(latency_p99=-1)


def test_other_thresholds_turn_it_off_and_it_says_so():
    served = Served(latency_p99=0.5)
    served.call(2.0)
    served.call(2.0)

    served.model.adjust(SlowestThresholds(min_calls=1, look_hold=2))
    served.evaluate()

    assert (served.section.status, served.section.reason) == ("active", "Thresholds changed")


def test_its_verdict_goes_on_in_a_new_kernel():
    first, second = Served(latency_p99=0.5), Served(latency_p99=0.5)
    first.call(2.0)
    first.call(2.0)

    stored = summary_of(first.model, first.clock.monotonic())
    resume(second.model, checkpoint_of(stored, None), second.clock.monotonic(), {})

    assert (second.section.status, second.section.reason_rule) == ("degraded", "latency_p99")
    second.call(0.01)
    second.call(0.01)
    assert second.section.status == "active"


def test_a_kernel_that_does_not_know_it_lets_it_recover():
    first = Served(latency_p99=0.5)
    first.call(2.0)
    first.call(2.0)
    clock = FakeClock(5.0, 1_700_000_000.0)
    events = EventLog("default", clock.time, lambda event: None)
    plain = ModelState("churn", window_size=100, thresholds=Thresholds(), now=5.0, at=1.0)

    resume(plain, checkpoint_of(summary_of(first.model, 1_200.0), None), 5.0, {})
    StatusEvaluator(events, clock.time).update_status(plain, 5.0, training=False)

    assert plain.health == "unknown"
    assert plain.status == "active"


def test_its_sentences_are_in_its_catalogue():
    assert SlowestRule.catalogue() == {
        "latency_p99.raised": "Latency p99 rose above threshold",
        "latency_p99.recovered": "Latency p99 recovered",
    }
    assert msgspec.json.encode(Served(latency_p99=0.5).section)
