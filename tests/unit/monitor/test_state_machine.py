"""A monitor, driven at random, against a plain model of it; new kernels go on from its store."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipyvitals import FakeClock, Monitor, Thresholds

WINDOW = 8
TTL = 50.0
EARLY_TTL = 60.0
NAMES = st.sampled_from(["a", "b", "c"])
IDS = st.integers(0, 4)
CLASSES = st.integers(0, 1)
TRUTHS = st.sampled_from([0, 1, None, float("nan")])


class PlainModel:
    """What one model has done, in plain numbers."""

    def __init__(self):
        self.predictions = self.labelled = self.errors = 0
        self.deployment = 0
        self.window = []
        self.calls = []

    def deploy(self):
        self.deployment += 1
        self.window, self.calls = [], []

    def resume(self, earlier):
        """Go on from what an earlier kernel stored: all but rates and waiting predictions."""
        self.predictions, self.labelled = earlier.predictions, earlier.labelled
        self.errors, self.window = earlier.errors, list(earlier.window)

    def predict(self, now, rows=1):
        self.predictions += rows
        self.calls.append(now)

    def label(self, right):
        self.labelled += 1
        self.window = [*self.window, right][-WINDOW:]


class MonitorMachine(RuleBasedStateMachine):
    """Does the same to a monitor and to plain models, and compares what they know."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.stored = {}
        self.threshold = 0.8
        self.start()

    def start(self):
        self.monitor = Monitor(
            name="machine",
            interval=None,
            clock=self.clock,
            accuracy_window=WINDOW,
            label_ttl=TTL,
            thresholds=Thresholds(accuracy=self.threshold),
            store=Path(self.folder.name) / "history.sqlite",
        )
        self.models, self.active = {}, None
        self.waiting, self.early, self.done, self.dropped = {}, {}, set(), set()
        self.counts = dict.fromkeys(
            ("expired", "unknown", "duplicate", "early", "missing", "evicted", "mismatched"), 0
        )

    @property
    def now(self):
        return self.clock.monotonic()

    def expire(self):
        for id, (_, _, _, at) in list(self.waiting.items()):
            if self.now - at > TTL:
                del self.waiting[id]
                self.dropped.add(id)
                self.counts["expired"] += 1
        for id, (_, at) in list(self.early.items()):
            if self.now - at > EARLY_TTL:
                del self.early[id]

    @rule(name=NAMES)
    def deploy(self, name):
        self.monitor.deploy(name)
        if name not in self.models:
            self.models[name] = PlainModel()
            if name in self.stored:
                self.models[name].resume(self.stored[name])
            self.models[name].deployment = 1
        else:
            self.models[name].deploy()
        self.active = name

    @precondition(lambda self: self.active)
    @rule(prediction=CLASSES, truth=TRUTHS)
    def record(self, prediction, truth):
        self.monitor.record(prediction, truth)
        model = self.models[self.active]
        model.predict(self.now)
        if truth in (0, 1):
            model.label(prediction == truth)
        else:
            self.counts["missing"] += 1

    @precondition(lambda self: self.active)
    @rule(rows=st.lists(st.tuples(CLASSES, TRUTHS), min_size=1, max_size=6))
    def record_batch(self, rows):
        self.monitor.record_batch(*map(list, zip(*rows, strict=True)))
        model = self.models[self.active]
        model.predict(self.now, len(rows))
        for prediction, truth in rows:
            if truth in (0, 1):
                model.label(prediction == truth)
            else:
                self.counts["missing"] += 1

    @precondition(lambda self: self.active)
    @rule(id=IDS, prediction=CLASSES)
    def predict(self, id, prediction):
        self.monitor.record(prediction, id=id)
        self.expire()
        model = self.models[self.active]
        model.predict(self.now)
        self.waiting.pop(id, None)
        if id in self.early:
            truth, _ = self.early.pop(id)
            self.counts["unknown"] -= 1
            self.counts["early"] += 1
            self.done.add(id)
            model.label(prediction == truth)
        else:
            self.waiting[id] = (self.active, model.deployment, prediction, self.now)
            self.done.discard(id)
            self.dropped.discard(id)

    @rule(id=IDS, truth=TRUTHS)
    def label(self, id, truth):
        self.monitor.label(id, truth)
        if truth not in (0, 1):
            self.counts["missing"] += 1
            return
        self.expire()
        if id in self.waiting:
            name, deployment, prediction, _ = self.waiting.pop(id)
            self.done.add(id)
            model = self.models[name]
            if model.deployment == deployment:
                model.label(prediction == truth)
            else:
                model.labelled += 1
        elif id in self.done or id in self.early:
            self.counts["duplicate"] += 1
        else:
            self.counts["unknown"] += 1
            if id not in self.dropped:
                self.early[id] = (truth, self.now)

    @precondition(lambda self: self.active)
    @rule()
    def fail(self):
        self.monitor.record_error()
        self.models[self.active].errors += 1

    @rule(accuracy=st.sampled_from([None, 0.5, 0.9]))
    def adjust(self, accuracy):
        self.threshold = accuracy
        self.monitor.thresholds = Thresholds(accuracy=accuracy)

    @rule(seconds=st.sampled_from([0.5, 20.0, 51.0, 61.0, 400.0]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-86_400.0, 3_600.0]))
    def step_the_wall_clock(self, seconds):
        self.clock.set_wall(self.clock.time() + seconds)

    @rule()
    def look(self):
        self.monitor.tick()

    @precondition(lambda self: self.active)
    @rule()
    def restart(self):
        self.monitor.close()
        self.stored.update(self.models)
        self.start()

    @invariant()
    def it_knows_what_happened(self):
        self.expire()
        snapshot = self.monitor.snapshot()
        labels = snapshot.labels
        assert {name: getattr(labels, name) for name in self.counts} == self.counts
        assert labels.pending == len(self.waiting)
        rows = {row.model_id: row for row in snapshot.models}
        assert rows.keys() == self.models.keys()
        for name, model in self.models.items():
            row = rows[name]
            assert (row.total_predictions, row.total_labelled) == (
                model.predictions,
                model.labelled,
            )
            assert row.total_errors == model.errors
            window = model.window
            assert row.window_labelled == len(window)
            assert row.current_accuracy == (sum(window) / len(window) if window else None)
            assert row.active == (name == self.active)
            assert row.labels_pending == sum(one[0] == name for one in self.waiting.values())
        if self.active:
            assert snapshot.metrics.accuracy_threshold == self.threshold
            recent = [at for at in self.models[self.active].calls if int(at) > int(self.now) - 60]
            assert snapshot.metrics.calls_per_minute == len(recent)

    def teardown(self):
        self.monitor.close()
        self.folder.cleanup()


TestMonitor = MonitorMachine.TestCase
TestMonitor.settings = settings(max_examples=15, stateful_step_count=25)
