"""What a drawing of very many figures needs: nothing of it is lost, and little is read."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals import FakeClock, Monitor, Thresholds
from ipyvitals.storage.downsampling import BOTH, DRAWN, WORST_FIRST

PIXELS = 12
TICKS = 400


@pytest.fixture(params=["memory", "file"], scope="module")
def monitor(request, tmp_path_factory):
    """Return a monitor of two models that went through good and bad times, with a pause."""
    clock = FakeClock(time=1_767_323_045.0)
    folder = tmp_path_factory.mktemp("store")
    store = folder / "history.sqlite" if request.param == "file" else None
    rng = np.random.default_rng(5)
    options = {"interval": None, "clock": clock, "store": store}
    with Monitor("churn", version="1", thresholds=Thresholds(accuracy=0.85), **options) as monitor:
        for tick in range(TICKS):
            right = int(rng.integers(1, 10))
            monitor.record_batch(
                [1] * 10, [1] * right + [0] * (10 - right), latency=float(rng.exponential(0.01))
            )
            if tick == TICKS // 2:
                monitor.deploy("churn", version="2", model_id="second")
                clock.advance(3_000)
            clock.advance(float(rng.uniform(0.5, 9.0)))
            monitor.tick()
        monitor.flush()
        yield monitor


def thin(monitor, section, **asked):
    return monitor._engine.persistence.history(section, pixels=PIXELS, **asked)


def pixels(frame, whole):
    at = frame.index.as_unit("us").asi8
    first, last = (moment.as_unit("us").value for moment in (whole.index[0], whole.index[-1]))
    return np.minimum((at - first) * PIXELS // (last - first), PIXELS - 1)


@pytest.mark.parametrize("section", DRAWN)
def test_each_pixel_keeps_its_lowest_and_highest_values(monitor, section):
    whole, few = monitor.history(section), thin(monitor, section)
    assert len(whole) > 4 * PIXELS
    assert len(few) <= 2 * PIXELS * (2 if section == "metrics" else 1)
    assert list(few.columns) == list(whole.columns)
    assert few.index.is_monotonic_increasing

    before = whole.groupby(pixels(whole, whole))
    after = few.groupby(pixels(few, whole))
    for column, sides in DRAWN[section].items():
        if sides is BOTH or sides == ("min",):
            assert after[column].min().equals(before[column].min()), column
        if sides is BOTH or sides == ("max",):
            assert after[column].max().equals(before[column].max()), column


def test_models_stay_apart_and_the_worst_status_is_seen(monitor):
    whole, few = monitor.history(), thin(monitor, "metrics")

    assert set(few["model_id"]) == {"churn-1", "second"}
    assert few["model_id"].iloc[-1] == "second"
    rank = {status: place for place, status in enumerate(WORST_FIRST)}
    worst = [
        frame["status"].map(rank).groupby(pixels(frame, whole)).min() for frame in (whole, few)
    ]
    assert worst[0].equals(worst[1])
    assert {"degraded"} <= set(few["status"])


def test_a_pause_stays_a_pause(monitor):
    steps = np.diff(thin(monitor, "system").index.as_unit("s").asi8)

    assert 2_900 < steps.max() < 3_100


def test_a_model_and_a_time_may_be_chosen(monitor):
    whole = monitor.history()
    since = whole.index[100].timestamp()
    few = thin(monitor, "metrics", model_id="churn-1", since=since)

    assert set(few["model_id"]) == {"churn-1"}
    assert few.index[0] >= whole.index[100]


def test_few_rows_are_all_read(monitor):
    whole = monitor.history("system")
    since = whole.index[-20].timestamp()

    assert len(thin(monitor, "system", since=since)) == 20
    assert len(thin(monitor, "system", until=0)) == 0
