"""Every statistic, step by step on real streams, against river, NumPy or plain lists.

The streams are those that river brings along; the predictions are those of a model that learns
from each row after it predicted it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import pairwise
from math import floor
from typing import NamedTuple

import numpy as np
import pytest
from river import datasets, metrics, naive_bayes, utils
from scipy.stats import theilslopes

from ipyvitals import stats
from ipyvitals.stats.bins import CategoricalBins, NumericBins
from ipyvitals.stats.drift import psi
from ipyvitals.stats.durations import BOUNDS_SECONDS, DurationHistogram
from ipyvitals.stats.errors import ErrorWindow
from ipyvitals.stats.latency import LogHistogram, SlidingHistogram
from ipyvitals.stats.psi_detector import BinWindow, Debouncer, PsiDetector, WorstFeature
from ipyvitals.stats.psi_threshold import PsiThresholdEstimator
from ipyvitals.stats.rate import SlidingCounter
from ipyvitals.stats.seconds import SecondRing
from ipyvitals.stats.segments import SegmentTracker, SegmentWindows
from ipyvitals.stats.streak import HysteresisSwitch
from ipyvitals.stats.streams import StreamTracker
from ipyvitals.stats.trend import TrendEstimator
from ipyvitals.stats.window import ScoreWindow

SIZE = 100
BINS = 33
QUANTILES = [0.5, 0.95, 0.99]


class Stream(NamedTuple):
    """Rows of a data set, and the prediction for each before the model learned from it."""

    features: np.ndarray
    actuals: np.ndarray
    probabilities: np.ndarray

    @property
    def predictions(self):
        return self.probabilities >= 0.5

    @property
    def right(self):
        return self.predictions == self.actuals

    @property
    def residuals(self):
        return self.probabilities - self.actuals

    @property
    def times(self):
        """Times at varying distances."""
        return np.cumsum(self.probabilities)

    @property
    def seconds(self):
        """Durations of very different sizes."""
        return np.exp(8 * self.probabilities - 9)

    @property
    def segments(self):
        return [f"s{floor(2 * row[0])}" for row in self.features]

    def batches(self):
        """Return bounds of batches of very different sizes, one of which is empty."""
        n = len(self.actuals)
        cuts = np.random.default_rng(n).choice(range(1, n), 60, replace=False).tolist()
        return list(pairwise([0, *sorted([*cuts, n // 2, n // 2]), n]))


@lru_cache
def stream_of(name):
    model, rows = naive_bayes.GaussianNB(), []
    for x, y in getattr(datasets, name)():
        rows.append((list(x.values()), y, model.predict_proba_one(x).get(True, 0.5)))
        model.learn_one(x, y)
    features, actuals, probabilities = zip(*rows, strict=True)
    return Stream(np.array(features), np.array(actuals), np.array(probabilities))


def score_window(stream):
    rolling = utils.Rolling(metrics.Accuracy, SIZE)
    window, ahead = ScoreWindow(SIZE), ScoreWindow(SIZE)
    expected = []
    for actual, predicted, right in zip(
        stream.actuals, stream.predictions, stream.right, strict=True
    ):
        rolling.update(bool(actual), bool(predicted))
        expected.append(rolling.get())
        window.update(np.array([right]))
        # Exact equality: both sides divide integers.
        assert window.mean == rolling.get()
    for start, stop in stream.batches():
        means, _ = ahead.means_after(stream.right[start:stop])
        assert means.tolist() == expected[start:stop]
        ahead.update(stream.right[start:stop])


def error_window(stream):
    residuals = stream.residuals
    absolute, squared = (utils.Rolling(one, SIZE) for one in (metrics.MAE, metrics.RMSE))
    one_by_one, in_batches = ErrorWindow(SIZE), ErrorWindow(SIZE)
    ours, numpys, rivers = [], [], []
    for row, (actual, probability) in enumerate(
        zip(stream.actuals.tolist(), stream.probabilities.tolist(), strict=True), 1
    ):
        absolute.update(float(actual), probability)
        squared.update(float(actual), probability)
        one_by_one.update(residuals[row - 1 : row])
        last = residuals[max(0, row - SIZE) : row]
        ours.append((one_by_one.mae, one_by_one.rmse))
        numpys.append((np.mean(np.abs(last)), np.sqrt(np.mean(last**2))))
        rivers.append((absolute.get(), squared.get()))
    assert ours == numpys
    # Approximate equality: river adds and subtracts, so rounding errors stay in its sums.
    assert np.allclose(ours, rivers, rtol=1e-9, atol=0.0)
    for start, stop in stream.batches():
        in_batches.update(residuals[start:stop])
        assert (in_batches.mae, in_batches.rmse) == ours[stop - 1]


def sliding_counter(stream):
    count, merged = SlidingCounter(), [SlidingCounter(), SlidingCounter()]
    for number, (start, stop) in enumerate(stream.batches()):
        times = stream.times[start:stop]
        rows = np.arange(start, stop)
        count.update(times, rows)
        merged[number % 2].update(times, rows)
        now = stream.times[stop - 1]
        inside = np.floor(stream.times[:stop]) > floor(now) - 60
        assert count.get(now) == sum(np.flatnonzero(inside).tolist())
    merged[0].merge(merged[1])
    assert merged[0].get(now) == count.get(now)


def log_histogram(stream):
    whole, parts = LogHistogram(), LogHistogram()
    for start, stop in stream.batches():
        whole.update(stream.seconds[start:stop])
        part = LogHistogram()
        part.update(stream.seconds[start:stop])
        parts.merge(part)
        expected = np.quantile(stream.seconds[:stop], QUANTILES, method="inverted_cdf")
        assert whole.get(QUANTILES) == pytest.approx(expected, rel=0.0101)
        assert parts.get(QUANTILES) == whole.get(QUANTILES)
    assert parts.to_dict() == whole.to_dict()


def sliding_histogram(stream):
    whole, halves = SlidingHistogram(), [SlidingHistogram(), SlidingHistogram()]
    for number, (start, stop) in enumerate(stream.batches()):
        times, seconds = stream.times[start:stop], stream.seconds[start:stop]
        whole.update(times, seconds)
        halves[number % 2].update(times, seconds)
        now = stream.times[stop - 1]
        inside = stream.seconds[:stop][np.floor(stream.times[:stop]) > floor(now) - 60]
        expected = np.quantile(inside, QUANTILES, method="inverted_cdf")
        assert whole.get(now, QUANTILES) == pytest.approx(expected, rel=0.0101)
        assert whole.count(now) == inside.size
    halves[0].merge(halves[1])
    assert halves[0].total(now).to_dict() == whole.total(now).to_dict()


def stream_tracker(stream):
    tracker = StreamTracker()
    items = 1 + np.arange(stream.times.size) % 50
    for start, stop in stream.batches():
        times, seconds = stream.times[start:stop], stream.seconds[start:stop]
        tracker.add_first_items(times, seconds / 2)
        tracker.add_items(times, seconds, items[start:stop])
        now = stream.times[stop - 1]
        inside = np.floor(stream.times[:stop]) > floor(now) - 60
        waited = stream.seconds[:stop][inside]
        expected = np.quantile(waited / 2, QUANTILES, method="inverted_cdf")
        assert tracker.first_item(now, QUANTILES) == pytest.approx(expected, rel=0.0101)
        rate = items[:stop][inside].sum() / waited.sum()
        # Each duration is rounded to a microsecond.
        rounding = inside.sum() * 0.5e-6 / waited.sum()
        assert tracker.items_per_second(now) == pytest.approx(rate, rel=2 * rounding + 1e-9)
        assert tracker.is_active(now)
    assert not tracker.is_active(now + 61.0)
    assert tracker.items_per_second(now + 61.0) is None


def duration_histogram(stream):
    whole, parts = DurationHistogram(), DurationHistogram()
    for start, stop in stream.batches():
        whole.update(stream.seconds[start:stop])
        part = DurationHistogram()
        part.update(stream.seconds[start:stop])
        parts.merge(part)
        below = [int((stream.seconds[:stop] <= bound).sum()) for bound in BOUNDS_SECONDS]
        assert np.cumsum(whole.counts).tolist() == [*below, stop]
    assert parts.counts == whole.counts
    assert parts.sum_seconds == whole.sum_seconds == pytest.approx(stream.seconds.sum())


def second_ring(stream):
    ring, slots = SecondRing(60), {}
    for now in stream.times:
        emptied = ring.advance(now)
        slots = {slot: second for slot, second in slots.items() if slot not in emptied}
        (slot,), (inside,) = (each.tolist() for each in ring.locate(np.array([now])))
        assert inside
        # Each slot belongs to one second at a time, and none is over a minute old.
        assert slots.setdefault(slot, floor(now)) == floor(now)
        assert min(slots.values()) > floor(now) - 60


def segment_tracker(stream):
    rolling, segment_tracker = utils.Rolling(metrics.Accuracy, SIZE), SegmentTracker(SIZE)
    for actual, predicted, right in zip(
        stream.actuals, stream.predictions, stream.right, strict=True
    ):
        rolling.update(bool(actual), bool(predicted))
        segment_tracker.update(np.array([right]))
        assert segment_tracker.window.mean == rolling.get()
    assert segment_tracker.total == len(stream.actuals)


def segment_windows(stream):
    rolling = defaultdict(lambda: utils.Rolling(metrics.Accuracy, SIZE))
    totals, windows = Counter(), SegmentWindows(SIZE)
    for start, stop in stream.batches():
        segments = stream.segments[start:stop]
        windows.update(segments, stream.right[start:stop])
        totals.update(segments)
        for segment, actual, predicted in zip(
            segments, stream.actuals[start:stop], stream.predictions[start:stop], strict=True
        ):
            rolling[segment].update(bool(actual), bool(predicted))
        shown = list(windows.get())
        assert {segment: one.total for segment, one in shown} == totals
        assert [one.total for _, one in shown] == sorted(totals.values(), reverse=True)
        for segment, one in shown:
            assert one.window.mean == rolling[segment].get()
    assert windows.other.total == 0
    assert len(totals) > 2


def switch(stream):
    switch, on, streak, turns = HysteresisSwitch(3), False, 0, []
    for step, right in enumerate(stream.right):
        streak = streak + 1 if right == on else 0
        if streak == 3:
            on, streak = not on, 0
            turns.append(step)
    enter, found = ~stream.right, []
    for start, stop in stream.batches():
        found += [start + turn for turn in switch.update(enter[start:stop], ~enter[start:stop])]
    assert found == turns
    assert turns


def numeric_bins(stream):
    column = stream.probabilities
    bins = NumericBins.fit(column[:500], 500)
    counted = Counter(column[:500].tolist())
    others = np.sort([value for value in column[:500].tolist() if counted[value] < 25])
    for value, count in counted.items():
        alike = column[:500][bins.index(column[:500]) == bins.index([value])[0]]
        assert count < 25 or alike == pytest.approx(np.full(alike.size, value), rel=1e-6)
    intervals = round(10 * others.size / 500)
    for quantile in np.quantile(others, np.arange(1, intervals) / intervals, method="inverted_cdf"):
        edge = bins.edges[bins.edges >= quantile].min()
        assert edge < others[others > quantile].min(initial=np.inf)
    outside = [column[:500].min() - 1.0, column[:500].max() + 1.0]
    assert not set(bins.index(outside).tolist()) & set(bins.index(column[:500]).tolist())
    assert bins.index(column).tolist() == np.digitize(column, bins.edges, right=True).tolist()


def categorical_bins(stream):
    bins = CategoricalBins.fit(stream.segments[:500], 1_000)
    counted = Counter(stream.segments[:500])
    known = [name for name, n in counted.most_common(20) if n >= 10]
    rare = [name for name, _ in counted.most_common() if name not in known]
    codes_by_name = {name: code for code, name in enumerate(known)}
    codes_by_name |= {
        name: len(known) + 2 + place % bins.rare_bins for place, name in enumerate(rare)
    }
    codes = [codes_by_name.get(name, len(known)) for name in stream.segments]
    assert bins.index(stream.segments).tolist() == codes
    assert len(known) > 2


def binned(stream):
    columns = [column[:500] for column in stream.features.T[:2]]
    fitted = [NumericBins.fit(column, 500) for column in columns]
    indices = [one.index(column) for one, column in zip(fitted, stream.features.T, strict=False)]
    return np.array(indices)


def counts_of(indices, bins=BINS):
    return np.array([np.bincount(row, minlength=bins) for row in indices])


def bin_window(stream):
    indices, window = binned(stream), BinWindow(SIZE, 2, BINS)
    for start, stop in stream.batches():
        window.update(indices[:, start:stop])
        expected = counts_of(indices[:, max(0, stop - SIZE) : stop])
        assert (window.counts == expected).all()


def debouncer(stream):
    flags = np.array([stream.right, stream.predictions]).T
    debouncer, switches = Debouncer(2, 3), [HysteresisSwitch(3), HysteresisSwitch(3)]
    for start, stop in stream.batches():
        debouncer.update(flags[start:stop])
        for switch, column in zip(switches, flags[start:stop].T, strict=True):
            switch.update(column, ~column)
        assert debouncer.on.tolist() == [switch.on for switch in switches]


def psi_detector(stream):
    indices = binned(stream)
    reference, rest = counts_of(indices[:, :500]), indices[:, 500:]
    detector, checks, expected = PsiDetector(reference, SIZE, 0.01), [], []
    for start, stop in stream.batches():
        checks += detector.update(rest[:, start:stop])
    for stop in range(SIZE, rest.shape[1] + 1, SIZE // 5):
        counts = counts_of(rest[:, stop - SIZE : stop])
        values = psi(reference, counts)
        limits = PsiThresholdEstimator(500, SIZE, BINS, 0.01 / 2).get(reference, counts)
        worst = int((values / limits).argmax())
        expected.append(WorstFeature(worst, float(values[worst]), float(limits[worst])))
    assert checks == expected
    assert len(checks) > 20


def psi_threshold_estimator(stream):
    """Compare with the PSI of random splits of the same rows."""
    rows, random = binned(stream)[0, : 500 + SIZE], np.random.default_rng(0)
    estimator = PsiThresholdEstimator(500, SIZE, BINS, 0.05)
    above = 0
    for _ in range(2_000):
        shuffled = random.permutation(rows)
        reference, counts = counts_of([shuffled[:500], shuffled[500:]])
        above += psi(reference, counts) > estimator.get(reference, counts)
    assert 0.01 < above / 2_000 < 0.05


def trend_estimator(stream):
    rising, stored, steady = TrendEstimator(), [], 0
    values = np.cumsum(stream.probabilities**2).tolist()
    for row, (at, value) in enumerate(zip(stream.times.tolist(), values, strict=True)):
        rising.update(at, value)
        if not stored or at - stored[-1][0] >= 2.0:
            stored.append((at, value))
        stored = [point for point in stored if point[0] >= at - 60.0]
        slope = rising.slope if row % 25 == 0 else None
        if slope is not None:
            times, seen = zip(*stored, strict=True)
            theirs = theilslopes(seen, times, 0.95)
            assert slope == pytest.approx((theirs.slope, theirs.low_slope, theirs.high_slope))
            left = (10_000.0 - value) / theirs.slope
            assert rising.seconds_until(10_000.0, np.inf) == pytest.approx(left)
            steady += 1
    assert steady > 10


REFERENCES = {
    BinWindow: bin_window,
    CategoricalBins: categorical_bins,
    DurationHistogram: duration_histogram,
    ErrorWindow: error_window,
    SegmentTracker: segment_tracker,
    Debouncer: debouncer,
    LogHistogram: log_histogram,
    NumericBins: numeric_bins,
    PsiDetector: psi_detector,
    PsiThresholdEstimator: psi_threshold_estimator,
    ScoreWindow: score_window,
    SecondRing: second_ring,
    SegmentWindows: segment_windows,
    SlidingCounter: sliding_counter,
    SlidingHistogram: sliding_histogram,
    StreamTracker: stream_tracker,
    HysteresisSwitch: switch,
    TrendEstimator: trend_estimator,
}


def statistics():
    """Return every public class of ``ipyvitals.stats`` that does more than name values."""
    found = []
    for module in pkgutil.iter_modules(stats.__path__, "ipyvitals.stats."):
        names = vars(importlib.import_module(module.name))
        found += [
            one
            for name, one in names.items()
            if inspect.isclass(one)
            and one.__module__ == module.name
            and not name.startswith("_")
            and not issubclass(one, tuple)
        ]
    return found


@pytest.mark.parametrize("name", ["Phishing", "Bananas"])
@pytest.mark.parametrize("statistic", statistics(), ids=lambda one: one.__name__)
def test_every_statistic_agrees_with_a_reference_on_real_streams(statistic, name):
    assert statistic in REFERENCES, f"{statistic.__name__} has no reference"
    REFERENCES[statistic](stream_of(name))
