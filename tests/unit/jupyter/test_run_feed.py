"""What a panel's message says of runs and curves, and how often."""

from __future__ import annotations

import json

import msgspec
import pytest

from ipyvitals import Monitor
from ipyvitals.jupyter.run_feed import BYTES_PER_SECOND, RunFeed
from ipyvitals.utils.clock import FakeClock


class Page:
    """Merges messages as the page does."""

    def __init__(self):
        self.runs = {}
        self.curves = {}
        self.bytes = 0

    def receive(self, state):
        self.bytes += len(json.dumps(state))
        for row in state.get("runs", []):
            self.runs[row["run_id"]] = self.runs.get(row["run_id"], {}) | row
        for chunk in state.get("curves", []):
            key = chunk["run_id"], chunk["metric"]
            if chunk["start"] == 0:
                self.curves[key] = []
            count = chunk["count"] or [1] * len(chunk["step"])
            assert sum(n for n, _ in self.curves[key]) == chunk["start"]
            self.curves[key] += zip(count, chunk["step"], strict=True)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(clock):
    with Monitor(interval=None, clock=clock) as monitor:
        yield monitor


@pytest.fixture
def feed(monitor):
    feed = RunFeed(monitor._engine.training)
    # The view opens.
    feed.whole(monitor.snapshot().runs)
    return feed


@pytest.fixture
def look(monitor, feed, clock):
    """Return a function that gives the page what is due, as the panel does."""
    page = Page()

    def look():
        page.receive(feed.changes(monitor.snapshot().runs, clock.time()))
        return page

    return look


def plain(monitor):
    return [msgspec.to_builtins(run) for run in monitor.snapshot().runs]


def test_changes_in_turn_are_the_whole_state(monitor, look, clock):
    with monitor.training(10, config={"lr": 0.1}) as run:
        for step in range(1, 11):
            run.update(step, loss=10.0 - step)
            clock.advance(1.0)
            page = look()
    clock.advance(60.0)
    page = look()
    (row,) = plain(monitor)
    shown = page.runs[row["run_id"]]
    assert shown.keys() == row.keys()
    assert {name for name in row if shown[name] != row[name]} == set()
    (curve,) = page.curves.values()
    assert [step for _, step in curve] == list(range(1, 11))


def test_only_what_changed_travels(monitor, feed, clock):
    run = monitor.training(10, config={"lr": 0.1})
    run.update(1, loss=0.5)
    feed.changes(monitor.snapshot().runs, clock.time())
    clock.advance(10.0)
    run.update(2)
    state = feed.changes(monitor.snapshot().runs, clock.time())
    assert set(state) == {"runs"}
    assert {"run_id", "current", "progress"} <= state["runs"][0].keys()
    assert state["runs"][0].keys().isdisjoint({"config", "environment", "stage", "metrics", "best"})
    clock.advance(5.0)
    assert feed.changes(monitor.snapshot().runs, clock.time()) == {}


def test_eight_busy_runs_take_no_more_bytes_than_a_page_bears(monitor, look, clock):
    runs = [monitor.training(10**6, parent=None, stage=f"Fold {n}") for n in range(8)]
    names = ("loss", "val_loss", "accuracy", "val_accuracy", "lr", "grad_norm")
    seconds = 20
    for tick in range(10 * seconds):
        for substep in range(5):
            for run in runs:
                step = 5 * tick + substep + 1
                run.update(step, **dict.fromkeys(names, step * 0.7654321 % 1.0))
        clock.advance(0.1)
        page = look()
    assert page.bytes / seconds < 1.6 * BYTES_PER_SECOND
    assert len(page.curves) == 48
    clock.advance(60.0)
    page = look()
    assert {sum(n for n, _ in curve) for curve in page.curves.values()} == {50 * seconds}


def test_one_run_is_shown_at_once(monitor, feed, clock):
    run = monitor.training(1_000)
    shown = 0
    for step in range(1, 101):
        run.update(step, loss=1.0 / step)
        clock.advance(0.2)
        shown += bool(feed.changes(monitor.snapshot().runs, clock.time()))
    assert shown >= 95


def test_a_clock_that_is_set_back_delays_nothing(monitor, feed, clock):
    run = monitor.training(10)
    run.update(1, loss=0.5)
    assert feed.changes(monitor.snapshot().runs, clock.time())
    clock.set_wall(clock.time() - 1_000)
    run.update(2, loss=0.4)
    assert feed.changes(monitor.snapshot().runs, clock.time())


def test_a_view_that_opens_gets_the_whole_curves_and_goes_on_from_there(monitor, feed, clock):
    run = monitor.training()
    for step in range(1, 5_001):
        run.update(step, loss=40.0 if step == 1_234 else 1.0, acc=0.5)
    page = Page()
    page.receive(feed.whole(monitor.snapshot().runs))
    assert page.bytes < 64_000
    whole = feed.whole(monitor.snapshot().runs)["curves"][0]
    assert (whole["first_step"][0], whole["step"][-1], max(whole["high"])) == (1, 5_000, 40.0)
    run.update(5_001, loss=1.0, acc=0.5)
    clock.advance(60.0)
    page.receive(feed.changes(monitor.snapshot().runs, clock.time()))
    assert {sum(n for n, _ in curve) for curve in page.curves.values()} == {5_001}
