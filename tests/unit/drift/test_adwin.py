"""Compare the error drift detector with river's ADWIN, step by step on real streams."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pytest
from river import datasets
from river.drift import ADWIN
from river.naive_bayes import GaussianNB

from ipyvitals.drift.adwin import ErrorDriftDetector
from ipyvitals.errors import ArgumentValueError


def scores_of(stream, flips):
    """Return the scores of an online model; between two flips the labels are swapped."""
    model, scores = GaussianNB(), []
    for row, (features, label) in enumerate(stream):
        truth = label ^ any(start <= row < stop for start, stop in flips)
        scores.append(model.predict_one(features) == truth)
        if not flips:
            model.learn_one(features, truth)
        elif row < flips[0][0]:
            model.learn_one(features, label)
    return np.array(scores)


STREAMS = {
    "phishing": (datasets.Phishing(), []),
    "phishing, then swapped": (datasets.Phishing(), [(700, 1_250)]),
    "bananas": (datasets.Bananas(), []),
    "bananas, swapped, and back": (datasets.Bananas(), [(1_500, 3_000)]),
}


@pytest.fixture(scope="module", params=STREAMS, ids=str)
def scores(request):
    return scores_of(*STREAMS[request.param])


def river_changes(scores):
    """Return each step at which ADWIN found a change, and the labels and mean it retained."""
    adwin, found = ADWIN(), []
    for step, score in enumerate(scores):
        adwin.update(1.0 - score)
        if adwin.drift_detected:
            found.append((step, adwin.width, adwin.estimation))
    return found


def test_it_finds_what_river_finds_at_the_same_step(scores):
    detector, found = ErrorDriftDetector(), []
    for step in range(scores.size):
        detector.update(scores[step : step + 1])
        found += [(step, change.n, change.value) for change in detector.take_changes()]
    assert found == river_changes(scores)
    assert detector.section().changes == len(found)


def test_it_does_not_matter_how_the_labels_are_handed_in(scores):
    at_once, in_parts = ErrorDriftDetector(), ErrorDriftDetector()
    at_once.update(scores)
    for start, stop in pairwise([0, 0, 1, 40, 333, 900, scores.size]):
        in_parts.update(scores[start:stop].astype(np.float64))
    assert at_once.section() == in_parts.section()
    assert at_once.take_changes() == in_parts.take_changes()


def test_the_error_is_that_of_the_labels_since_the_last_change(scores):
    detector = ErrorDriftDetector()
    detector.update(scores)
    section = detector.section()
    assert section.error_rate == pytest.approx(1 - scores[-section.window_labelled :].mean())


def test_real_drift_is_found_soon_and_called_rising_until_it_falls():
    scores = scores_of(*STREAMS["bananas, swapped, and back"])
    detector, rising = ErrorDriftDetector(), []
    for step in range(scores.size):
        detector.update(scores[step : step + 1])
        rising.append(detector.section().rising)
    assert not any(rising[:1_500])
    assert rising.index(True) < 1_500 + 200
    assert all(rising[1_700:3_000])
    assert not any(rising[3_200:])
    first, second = detector.take_changes()
    assert (first.rising, second.rising) == (True, False)
    assert first.value == pytest.approx(1 - scores[1_664 - first.n : 1_664].mean())
    assert first.threshold == pytest.approx(1 - scores[: 1_664 - first.n].mean())
    assert first.value > first.threshold
    assert second.value < second.threshold


def test_before_the_first_label_nothing_is_known():
    section = ErrorDriftDetector().section()
    assert (section.error_rate, section.window_labelled) == (None, 0)
    assert (section.changes, section.rising) == (0, False)


def test_a_steady_model_does_not_change():
    detector = ErrorDriftDetector()
    detector.update(np.random.default_rng(0).random(20_000) < 0.9)
    assert detector.section().changes == 0


def test_partial_scores_count_in_part():
    detector = ErrorDriftDetector()
    detector.update(np.array([0.5, 1.0, 0.75]))
    assert detector.section().error_rate == pytest.approx(0.25)


def test_changes_that_nobody_takes_are_bounded():
    detector = ErrorDriftDetector()
    detector.update(np.arange(300_000) // 200 % 2 == 0)
    assert detector.section().changes > 1_000
    assert len(detector.take_changes()) <= 1_000


def test_without_river_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(ArgumentValueError, match=r"river.*pip install 'ipyvitals\[drift\]'"):
        ErrorDriftDetector()
