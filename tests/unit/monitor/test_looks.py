"""What is known does not depend on when somebody looked, to the last bit."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyvitals import Drift, FakeClock, Monitor

IDS = st.integers(0, 5)
VALUES = st.sampled_from([0, 1, 2, None, "a", 0.25])
TRUTHS = st.sampled_from([0, 1, 2, 1, 0, None, float("nan"), "a"])
SEGMENTS = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 40))
LATENCIES = st.one_of(st.none(), st.floats(0, 100))
SECONDS = st.sampled_from([0.0, 0.1, 3.0, 9.0, 61.0])
OF_THE_LOOK = ("status_since", "reason", "reason_code", "reason_args")
"""Fields of a model that say what happened last, and when that was seen."""
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), VALUES, TRUTHS, SEGMENTS, LATENCIES),
        st.tuples(st.just("predict"), IDS, VALUES, SEGMENTS, LATENCIES),
        st.tuples(st.just("both"), IDS, VALUES, TRUTHS),
        st.tuples(st.just("label"), IDS, TRUTHS),
        st.tuples(st.just("batch"), st.lists(st.tuples(VALUES, TRUTHS, SEGMENTS), max_size=30)),
        st.tuples(st.just("fail"), LATENCIES),
        st.tuples(st.just("wait"), SECONDS),
        st.tuples(st.just("many"), st.integers(10, 60), SEGMENTS),
    ),
    max_size=40,
)


class Steps:
    """Performs steps on a monitor with a clock of its own, and looks at it where it is told."""

    def __init__(self, name, **settings):
        self.clock = FakeClock()
        self.monitor = Monitor(
            "churn",
            name=name,
            interval=None,
            clock=self.clock,
            accuracy_window=30,
            pending_limit=4,
            label_ttl=10.0,
            store_predictions=True,
            **settings,
        )

    def do(self, kind, *rest):
        getattr(self, f"do_{kind}")(*rest)

    def do_record(self, value, truth, segment, latency):
        self.monitor.record(value, truth, segment=segment, latency=latency)

    def do_predict(self, id, value, segment, latency):
        self.monitor.record(value, id=id, segment=segment, latency=latency)

    def do_both(self, id, value, truth):
        self.monitor.record(value, truth, id=id)

    def do_label(self, id, truth):
        self.monitor.label(id, truth)

    def do_batch(self, rows):
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        self.monitor.record_batch(columns[0], columns[1], segment=columns[2])

    def do_many(self, n, segment):
        for number in range(n):
            self.monitor.record(
                number % 3, number % 2, segment=number if segment is None else segment
            )

    def do_fail(self, latency):
        self.monitor.record_error(latency=latency)

    def do_wait(self, seconds):
        self.clock.advance(seconds)

    def known(self):
        """Return all that the monitor knows, but the moments at which it was looked at."""
        snapshot = msgspec.to_builtins(self.monitor.snapshot())
        known = {name: snapshot[name] for name in ("metrics", "labels", "durations", "drift")}
        known["models"] = [
            {name: value for name, value in row.items() if name not in OF_THE_LOOK}
            for row in snapshot["models"]
        ]
        known["notices"] = {notice["code"]: notice["count"] for notice in snapshot["notices"]}
        history = self.monitor.history("predictions")
        known["history"] = history.reset_index().astype(str).to_dict("list")
        return known


@pytest.mark.filterwarnings("ignore::ipyvitals.LabelTypeWarning")
@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"drift": Drift(reference=30, window=30)},
        {"score": lambda prediction, actual: 0.1 if prediction == actual else 0.7},
        {"task": "regression", "tolerance": 0.3},
    ],
    ids=["plain", "drift", "score", "regression"],
)
@settings(max_examples=25)
@given(steps=STEPS, looks=st.sets(st.integers(0, 40)))
def test_records_in_any_portions_give_the_same_figures(setting, steps, looks):
    once, often = Steps("once", **setting), Steps("often", **setting)
    for number, step in enumerate(steps):
        once.do(*step)
        often.do(*step)
        if number in looks:
            often.monitor.snapshot()
    one, other = (side.known() for side in (once, often))
    for side in (once, often):
        side.monitor.close()
    for section, known in one.items():
        assert known == other[section], section
