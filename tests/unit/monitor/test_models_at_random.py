"""Many models in one monitor: each is reported as if it were alone, and never out of date."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals import FakeClock, Monitor, Thresholds

NAMES = [f"m{number}" for number in range(5)]

THRESHOLDS = [
    Thresholds(),
    Thresholds(accuracy=0.5, error_rate=None, idle=60.0),
    Thresholds(accuracy=None, baseline_drop=None, idle=None, min_calls=5, look_hold=1),
    Thresholds(policy="confident", label_hold=1, min_labels=5, latency_p95=0.05),
]

MODELS = st.sampled_from(NAMES)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), MODELS, st.booleans(), st.sampled_from([None, 0.01, 0.2])),
        st.tuples(st.just("wait"), MODELS, st.integers(0, 3)),
        st.tuples(st.just("label"), MODELS, st.integers(0, 3), st.booleans()),
        st.tuples(st.just("batch"), MODELS, st.integers(0, 60), st.integers(0, 60)),
        st.tuples(st.just("fail"), MODELS, st.sampled_from([1, 40])),
        st.tuples(st.just("deploy"), MODELS, st.sampled_from([None, 0.95])),
        st.tuples(st.just("retire"), MODELS),
        st.tuples(st.just("acknowledge"), MODELS),
        st.tuples(st.just("adjust"), st.sampled_from(THRESHOLDS)),
        st.tuples(st.just("train")),
        st.tuples(st.just("look"), st.sampled_from([0.0, 0.5, 5.0, 59.0, 61.0, 301.0])),
        st.tuples(st.just("look"), st.just(301.0)),
    ),
    max_size=50,
)


class Steps:
    """Performs the same random steps on any monitor."""

    def __init__(self, clock, name, models):
        self.monitor = Monitor(name=name, interval=None, clock=clock, accuracy_window=50)
        self.models = models
        for model in models:
            self.monitor.deploy(model)

    def do(self, kind, *rest):
        """Do one step, if it concerns a model of this monitor; return what it returned."""
        if rest and rest[0] in NAMES and rest[0] not in self.models:
            if kind in ("deploy", "retire"):
                # Both first count the records of all models, and update every status.
                self.monitor.models()
            return None
        return getattr(self, f"do_{kind}")(*rest)

    def do_record(self, model, right, latency):
        self.monitor.record(1, int(right), latency=latency, model_id=model)

    def do_wait(self, model, id):
        self.monitor.record(1, id=(model, id), model_id=model)

    def do_label(self, model, id, right):
        self.monitor.label((model, id), int(right))

    def do_batch(self, model, right, wrong):
        truths = [1] * right + [0] * wrong
        self.monitor.record_batch([1] * len(truths), truths, latency=0.01, model_id=model)

    def do_fail(self, model, times):
        for _ in range(times):
            self.monitor.record_error(model_id=model)

    def do_deploy(self, model, baseline):
        self.monitor.deploy(model, baseline_accuracy=baseline)

    def do_retire(self, model):
        self.monitor.retire(model)

    def do_acknowledge(self, model):
        return self.monitor.acknowledge(model)

    def do_adjust(self, thresholds):
        self.monitor.thresholds = thresholds

    def do_train(self):
        run = self.monitor.training()
        self.monitor.flush()
        run.complete()

    def do_look(self, seconds):
        self.monitor.flush()


@given(steps=STEPS)
def test_each_model_is_reported_as_by_a_monitor_of_its_own(steps):
    clock = FakeClock()
    together = Steps(clock, "together", NAMES)
    alone = {name: Steps(clock, name, [name]) for name in NAMES}
    for step, *rest in steps:
        if step == "train":
            continue
        found = together.do(step, *rest)
        assert found in {one.do(step, *rest) for one in alone.values()}
        if step == "look":
            for row in together.monitor.models():
                (own,) = alone[row.model_id].monitor.models()
                assert row == msgspec.structs.replace(own, active=row.active)
            clock.advance(rest[0])
    for one in (together, *alone.values()):
        one.monitor.close()


def keep_awake(monitor):
    """Let no model of this monitor become dormant, so that every row is computed anew."""
    for model in monitor._engine.aggregator.registry:
        model.try_to_become_dormant = lambda now: None


def reported(monitor):
    """Return everything that a monitor reports, except its own name."""
    session = monitor._engine.training.prefix

    def nameless(found):
        # The ids of runs begin with what identifies the monitor.
        text = msgspec.json.encode(msgspec.structs.replace(found, monitor="")).decode()
        return msgspec.json.decode(text.replace(session, "session"))

    return (
        nameless(monitor.snapshot()),
        monitor.models(),
        [nameless(event) for event in monitor.events()],
    )


@given(steps=STEPS)
def test_dormant_models_are_reported_as_if_they_were_awake(steps):
    clock = FakeClock()
    dormant, awake = (Steps(clock, name, NAMES) for name in ("dormant", "awake"))
    for step, *rest in [*steps, ("look", 301.0), ("look", 0.0)]:
        keep_awake(awake.monitor)
        assert dormant.do(step, *rest) == awake.do(step, *rest)
        if step == "look":
            assert reported(dormant.monitor) == reported(awake.monitor)
            clock.advance(rest[0])
    assert all(
        model.dormant for model in dormant.monitor._engine.aggregator.registry if model.known
    )
    for one in (dormant, awake):
        one.monitor.close()
    assert reported(dormant.monitor) == reported(awake.monitor)
