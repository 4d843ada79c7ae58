"""An inbox with all that it fills."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals.health import Thresholds
from ipyvitals.ingest.label_join import LabelJoin
from ipyvitals.ingest.labeling import Labeler
from ipyvitals.ingest.queue import RecordQueue
from ipyvitals.ingest.records import UNSET, Batch, Extra, Failure, Label
from ipyvitals.ingest.scoring import Scorer
from ipyvitals.models.labelled import Labelled
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.utils.notices import Notices

NOW = 1_000.0


class Bench:
    """An inbox with all that it fills."""

    def __init__(self, score=None, window=100, models=(), **labelling):
        self.notices = Notices(lambda: 0.0)
        self.mismatches = []
        self.registry = Registry(
            "default",
            lambda model_id, now, at: ModelState(
                model_id, window_size=window, thresholds=Thresholds(), now=now, at=at
            ),
            self.notices,
            now=NOW,
            at=0.0,
        )
        for model_id in models:
            self.registry.add(model_id, NOW, 0.0).name = model_id
        self.join = LabelJoin(10_000, 60.0, self.notices)
        scorer = Scorer(score, self.notices, self.mismatches.append)
        labeler = Labeler(scorer, self.notices, **labelling)
        self.queue = RecordQueue(self.registry, self.join, labeler, self.notices)

    def record(
        self,
        prediction,
        actual=UNSET,
        *,
        id=None,
        latency=None,
        model_id=None,
        segment=None,
        features=None,
        at=NOW,
    ):
        extra = None if segment is features is None else Extra(segment, features)
        if not (id is None is model_id is extra):
            self.queue.needs_slow_path = True
        self.queue.entries.append((at, prediction, actual, id, latency, model_id, extra))

    def batch(
        self,
        rows,
        scores=None,
        *,
        waiting=(),
        settled=(),
        latency=None,
        model_id=None,
        segments=None,
        watched=None,
        at=NOW,
    ):
        self.queue.put(
            Batch(
                at=at,
                rows=rows,
                labelled=None if scores is None else Labelled(np.array(scores), None, segments),
                waiting=list(waiting),
                settled=list(settled),
                latency=latency,
                model_id=model_id,
                watched=watched,
            )
        )

    def label(self, id, actual, *, at=NOW):
        self.queue.put(Label(id=id, actual=actual, at=at))

    @property
    def model(self):
        """The active model, with everything counted."""
        self.queue.drain()
        return self.registry.active

    def fail(self, *, model_id=None, at=NOW):
        self.queue.put(Failure(at=at, model_id=model_id))

    def figures(self, model_id=None, now=NOW):
        """What a model counted so far, in plain numbers."""
        self.queue.drain()
        model = self.registry.get(model_id)
        return {
            "predictions": model.total_predictions,
            "labelled": model.total_labelled,
            "errors": model.total_errors,
            "window": (model.window.count, model.window.mean),
            "rows": model.rows.get(now),
            "calls": model.calls.get(now),
            "failed": model.errors.get(now),
        }


@pytest.fixture(scope="session")
def make_bench():
    return Bench


@pytest.fixture
def bench():
    return Bench()
