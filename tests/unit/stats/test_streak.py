"""Compare the switch with one that processes one step at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.streak import HysteresisSwitch

STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "leave", "neither"]), st.booleans()), max_size=60
)


class SlowSwitch:
    """Process one step at a time, as the rule is defined."""

    def __init__(self, hold):
        self.hold = hold
        self.on = False
        self.entering = self.leaving = 0

    def step(self, kind, ready):
        self.entering = self.entering + 1 if kind == "enter" else 0
        self.leaving = self.leaving + 1 if kind == "leave" else 0
        turn = self.leaving >= self.hold if self.on else self.entering >= self.hold and ready
        self.on ^= turn
        return turn


def update(switch, steps, ready=True):
    kinds = np.array([kind for kind, _ in steps], dtype=object)
    allowed = np.array([flag for _, flag in steps], dtype=bool) if ready else None
    return switch.update(kinds == "enter", kinds == "leave", allowed)


@given(hold=st.integers(1, 5), steps=STEPS, cuts=st.lists(st.integers(0, 60), max_size=6))
def test_it_turns_where_a_slow_one_does_however_the_steps_are_cut(hold, steps, cuts):
    switch, slow = HysteresisSwitch(hold), SlowSwitch(hold)
    turns = []
    edges = sorted({0, len(steps), *(min(cut, len(steps)) for cut in cuts)})
    for start, end in pairwise(edges):
        turns += [start + turn for turn in update(switch, steps[start:end])]
    expected = [step for step, (kind, ready) in enumerate(steps) if slow.step(kind, ready)]
    assert turns == expected
    assert switch.on == slow.on


@given(steps=STEPS)
def test_without_a_condition_it_may_always_turn_on(steps):
    switch, slow = HysteresisSwitch(2), SlowSwitch(2)
    expected = [step for step, (kind, _) in enumerate(steps) if slow.step(kind, True)]
    assert update(switch, steps, ready=False) == expected


def test_no_steps_change_nothing():
    switch = HysteresisSwitch(1)
    none = np.array([], dtype=bool)
    assert switch.update(none, none) == []
    assert not switch.on


@pytest.mark.parametrize("hold", [1, 2, 3, 20])
def test_it_holds_out_to_the_last_step(hold):
    switch = HysteresisSwitch(hold)
    flags = np.ones(hold - 1, dtype=bool)
    assert switch.update(flags, ~flags) == []
    assert switch.update(np.array([True]), np.array([False])) == [0]


def test_a_streak_counts_before_turning_is_allowed():
    switch = HysteresisSwitch(3)
    enter = np.ones(5, dtype=bool)
    assert switch.update(enter, ~enter, np.array([False] * 4 + [True])) == [4]
