"""Colours of components follow the health that the monitor's thresholds give them."""

from __future__ import annotations

import pytest

from ipyvitals.health import SystemEvaluator, Thresholds
from ipyvitals.render.html import static_view
from ipyvitals.render.tones import TONES, component_tone
from ipyvitals.schema import Snapshot, SystemSection


def judged(percent, **thresholds):
    evaluator = SystemEvaluator(Thresholds(look_hold=1, cpu=None, disk=None, **thresholds))
    return evaluator.update(SystemSection(cpu_percent=99.0, memory_percent=percent))


@pytest.mark.parametrize(
    ("percent", "thresholds", "tone"),
    [
        (89.9, {}, None),
        (90.0, {}, "warn"),
        (97.0, {}, "bad"),
        (97.0, {"critical": None}, "warn"),
        (50.0, {"memory": 50}, "warn"),
        (99.9, {"memory": None}, None),
    ],
)
def test_a_component_has_the_colour_of_its_health(percent, thresholds, tone):
    system = judged(percent, **thresholds)
    assert component_tone(system, "memory") == tone
    # Its rule is off.
    assert component_tone(system, "cpu") is None


@pytest.mark.parametrize(("memory", "amber"), [(90, True), (None, False)])
def test_the_saved_panel_is_amber_only_where_a_threshold_says_so(memory, amber):
    section = judged(95.0, memory=memory)
    html = static_view(Snapshot(monitor="default", seq=0, at=0.0, system=section))
    assert (TONES["warn"] in html) == amber
