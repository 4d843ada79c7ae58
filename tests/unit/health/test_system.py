"""The machine's readings: levels, what limits, and how long a verdict takes."""

from __future__ import annotations

import pytest

from ipyvitals.health import COMPONENTS, Component, SystemEvaluator, Thresholds
from ipyvitals.health.verdict_settings import Percent
from ipyvitals.schema import SystemSection

GOOD = {"cpu_wait_percent": 5.0, "memory_percent": 30.0, "disk_percent": 40.0}


def after(rule, *readings):
    """Return what the rule says of the last of the readings."""
    for reading in readings:
        judged = rule.update(SystemSection(**reading))
    return judged.system_health, judged.limiter, judged.unknown_components


def test_a_good_machine_is_healthy_and_limited_by_nothing():
    assert after(SystemEvaluator(Thresholds()), GOOD) == ("healthy", None, [])


def test_a_component_is_bad_with_the_third_sample_at_its_threshold():
    rule = SystemEvaluator(Thresholds(memory=90))
    bad = {**GOOD, "memory_percent": 90.0}
    assert after(rule, bad, bad) == ("healthy", None, [])
    assert after(rule, bad) == ("degraded", "memory", [])


def test_a_short_peak_is_no_news():
    rule = SystemEvaluator(Thresholds())
    peak = {**GOOD, "cpu_wait_percent": 100.0}
    for _ in range(5):
        assert after(rule, peak, peak, GOOD) == ("healthy", None, [])


def test_recovery_is_held_for_three_samples_too():
    rule = SystemEvaluator(Thresholds())
    assert after(rule, *[{**GOOD, "cpu_wait_percent": 99.0}] * 3)[0] == "degraded"
    assert after(rule, GOOD, GOOD)[:2] == ("degraded", "cpu")
    assert after(rule, GOOD)[:2] == ("healthy", None)


def test_critical_memory_is_unhealthy_and_then_degraded_on_the_way_back():
    rule = SystemEvaluator(Thresholds(memory=90, critical=97))
    assert after(rule, *[{**GOOD, "memory_percent": 98.0}] * 3) == (
        "unhealthy",
        "memory",
        [],
    )
    assert after(rule, *[{**GOOD, "memory_percent": 92.0}] * 3)[0] == "degraded"


def test_waiting_for_a_processor_is_never_critical():
    rule = SystemEvaluator(Thresholds())
    assert after(rule, *[{**GOOD, "cpu_wait_percent": 100.0}] * 9)[0] == "degraded"


def test_full_use_of_the_processor_is_no_trouble():
    rule = SystemEvaluator(Thresholds())
    full = {**GOOD, "cpu_percent": 100.0, "process_cpu_percent": 100.0}
    assert after(rule, *[full] * 9) == ("healthy", None, [])


def test_the_worst_component_is_the_limiter():
    rule = SystemEvaluator(Thresholds())
    bad = {"cpu_wait_percent": 99.0, "memory_percent": 50.0, "disk_percent": 99.0}
    assert after(rule, bad, bad, bad)[:2] == ("unhealthy", "disk")


def test_what_cannot_be_read_is_left_out_and_named():
    rule = SystemEvaluator(Thresholds())
    known = {"memory_percent": 30.0}
    # Only Linux counts the wait for a processor, so it is missed only where it was known.
    assert after(rule, known, known) == ("healthy", None, ["disk"])
    assert after(rule, {**known, "cpu_wait_percent": 0.0}, known)[2] == ["cpu", "disk"]


def test_with_nothing_known_health_is_unknown():
    rule = SystemEvaluator(Thresholds())
    after(rule, {})
    assert after(rule, {}) == ("unknown", None, ["memory", "disk"])


def test_a_component_comes_back_in_the_state_in_which_it_was_lost():
    rule = SystemEvaluator(Thresholds())
    bad = {**GOOD, "disk_percent": 92.0}
    lost = {**GOOD, "disk_percent": None}
    after(rule, bad, bad, bad)
    assert after(rule, *[lost] * 5) == ("healthy", None, ["disk"])
    assert after(rule, bad)[:2] == ("degraded", "disk")


@pytest.mark.parametrize(
    "component", ["gpu_memory", "shared_memory", "open_files", "memory_pressure", "io_pressure"]
)
class TestWhatOnlySomeHave:
    def test_it_is_judged_where_it_is_there(self, component):
        rule = SystemEvaluator(Thresholds(**{component: 80}))
        bad = {**GOOD, f"{component}_percent": 80.0}
        assert after(rule, bad, bad, bad)[:2] == ("degraded", component)
        assert after(rule, *[{**GOOD, f"{component}_percent": 79.0}] * 3)[:2] == ("healthy", None)

    def test_it_is_not_missed_where_it_never_was(self, component):
        rule = SystemEvaluator(Thresholds())
        assert after(rule, GOOD, GOOD) == ("healthy", None, [])

    def test_it_is_missed_where_it_was(self, component):
        rule = SystemEvaluator(Thresholds())
        assert after(rule, {**GOOD, f"{component}_percent": 5.0}, GOOD)[2] == [component]

    def test_it_may_be_off(self, component):
        rule = SystemEvaluator(Thresholds(**{component: None}))
        full = {**GOOD, f"{component}_percent": 100.0}
        assert after(rule, full, full, full)[:2] == ("healthy", None)


@pytest.mark.parametrize(
    ("component", "health"),
    [("shared_memory", "unhealthy"), ("open_files", "unhealthy"), ("gpu_memory", "degraded")],
)
def test_what_ends_a_program_is_critical_and_a_full_gpu_is_not(component, health):
    rule = SystemEvaluator(Thresholds())
    full = {**GOOD, f"{component}_percent": 100.0}
    assert after(rule, full, full, full)[:2] == (health, component)


def test_rules_that_are_off_judge_nothing():
    rule = SystemEvaluator(Thresholds(cpu=None, disk=None, critical=None))
    full = {"cpu_wait_percent": 100.0, "memory_percent": 99.0, "disk_percent": None}
    assert after(rule, full, full, full) == ("degraded", "memory", [])


def test_the_reading_itself_goes_through():
    reading = SystemSection(cpu_percent=12.5, active_connections=3, scope="container")
    judged = SystemEvaluator(Thresholds()).update(reading)
    assert (judged.cpu_percent, judged.active_connections, judged.scope) == (
        12.5,
        3,
        "container",
    )


def test_how_many_samples_decide_is_a_setting():
    rule = SystemEvaluator(Thresholds(look_hold=1))
    assert after(rule, {**GOOD, "cpu_wait_percent": 95.0})[:2] == ("degraded", "cpu")
    assert after(rule, GOOD)[0] == "healthy"


class TestOtherThresholdsWhileRunning:
    BAD = {**GOOD, "memory_percent": 92.0}  # noqa: RUF012

    def test_a_lower_one_is_held_for_three_samples(self):
        rule = SystemEvaluator(Thresholds(memory=95))
        after(rule, *[self.BAD] * 9)
        rule.adjust(Thresholds(memory=90))
        assert after(rule, self.BAD, self.BAD)[0] == "healthy"
        assert after(rule, self.BAD)[:2] == ("degraded", "memory")

    def test_under_a_higher_one_the_verdict_stays_until_three_samples_are_good(self):
        rule = SystemEvaluator(Thresholds(memory=90))
        after(rule, *[self.BAD] * 3)
        rule.adjust(Thresholds(memory=95))
        assert after(rule, self.BAD, self.BAD)[:2] == ("degraded", "memory")
        assert after(rule, self.BAD)[0] == "healthy"

    def test_a_streak_under_the_old_ones_does_not_count(self):
        rule = SystemEvaluator(Thresholds(memory=90))
        after(rule, self.BAD, self.BAD)
        rule.adjust(Thresholds(memory=91))
        assert after(rule, self.BAD, self.BAD)[0] == "healthy"
        assert after(rule, self.BAD)[0] == "degraded"

    def test_turned_off_it_finds_nothing_and_turned_on_it_begins_anew(self):
        rule = SystemEvaluator(Thresholds(memory=90))
        after(rule, *[self.BAD] * 3)
        rule.adjust(Thresholds(memory=None))
        assert after(rule, self.BAD) == ("healthy", None, [])
        rule.adjust(Thresholds(memory=90))
        assert after(rule, self.BAD, self.BAD)[0] == "healthy"
        assert after(rule, self.BAD)[0] == "degraded"

    def test_without_a_critical_level_full_memory_is_degraded(self):
        rule = SystemEvaluator(Thresholds(critical=97))
        full = {**GOOD, "memory_percent": 99.0}
        assert after(rule, *[full] * 3)[0] == "unhealthy"
        rule.adjust(Thresholds(critical=None))
        assert after(rule, full)[:2] == ("degraded", "memory")


class TestComponents:
    def test_each_component_that_was_judged_has_its_own_health(self):
        rule = SystemEvaluator(Thresholds(look_hold=1, cpu=None))
        judged = rule.update(
            SystemSection(cpu_wait_percent=100.0, memory_percent=98.0, disk_percent=92.0)
        )
        assert judged.components == {"memory": "unhealthy", "disk": "degraded"}
        assert (judged.system_health, judged.limiter) == ("unhealthy", "memory")

    def test_one_that_is_full_is_healthy_until_the_verdict_turns(self):
        rule = SystemEvaluator(Thresholds(memory=90))
        full = SystemSection(**{**GOOD, "memory_percent": 95.0})
        levels = [rule.update(full).components["memory"] for _ in range(3)]
        assert levels == ["healthy", "healthy", "degraded"]

    def test_one_that_is_off_or_unknown_has_none(self):
        rule = SystemEvaluator(Thresholds(memory=None))
        assert rule.update(SystemSection(memory_percent=100.0)).components == {}

    def test_an_invented_one_is_judged_like_the_others(self):
        class MoreThresholds(Thresholds, frozen=True, kw_only=True):
            cpu_throttled: Percent = 50.0

        throttled = Component("cpu_throttled", "CPU throttling", optional=True)
        rule = SystemEvaluator(MoreThresholds(look_hold=2), (*COMPONENTS, throttled))
        bad = {**GOOD, "cpu_throttled_percent": 60.0}
        assert after(rule, bad) == ("healthy", None, [])
        assert after(rule, bad) == ("degraded", "cpu_throttled", [])
        assert after(rule, GOOD) == ("healthy", None, ["cpu_throttled"])
        good = {**GOOD, "cpu_throttled_percent": 0.0}
        assert after(rule, good, good) == ("healthy", None, [])
