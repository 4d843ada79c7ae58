"""A tracker with a fake clock, for the tests of this folder."""

from __future__ import annotations

from ipyvitals.training.tracker import TrainingTracker
from ipyvitals.utils.clock import FakeClock
from ipyvitals.utils.notices import Notices


class Bench:
    """A tracker with a fake clock, which records its callbacks."""

    def __init__(self):
        self.clock = FakeClock()
        self.notices = Notices(self.clock.time)
        self.changes = self.wakes = 0
        self.ended = []
        self.shown = []
        self.warnings = []
        self.alerts = []
        self.training = TrainingTracker(
            self.clock,
            self.notices,
            self._changed,
            lambda section, implicit: self.ended.append(section),
            wake=self._wake,
            on_alert=self.alerts.append,
            warn=self.warnings.append,
        )

    def _changed(self):
        self.changes += 1

    def _wake(self):
        self.wakes += 1

    def start(self, total=None, stage="Training", details="", **facts):
        return self.training.start(total, stage, details, **facts)

    def track(self, iterable, total=None, stage="Training", details="", **facts):
        return self.training.track(iterable, total, stage, details, **facts)

    @property
    def runs(self):
        self.training.end_abandoned_loops()
        self.training.look()
        return self.training.runs()

    @property
    def now(self):
        self.training.end_abandoned_loops()
        return self.training.section()

    def look(self):
        self.shown.append(self.now.progress)
