"""How much of a loop's time passes inside its iterable, by a clock that only the test moves."""

from __future__ import annotations

import random
from random import Random

import pytest

from ipyvitals.training.data_wait import RecentWait, StepTimer


@pytest.fixture(autouse=True)
def fixed_random(monkeypatch):
    monkeypatch.setattr(StepTimer.__init__, "__defaults__", (Random(1).random,))


def loop(bench, steps, load, body, **facts):
    """Run a loop whose item `n` takes ``load(n)`` seconds to come and whose body ``body(n)``."""

    def items():
        for step in range(steps):
            bench.clock.advance(load(step))
            yield step

    for step in bench.track(items(), total=steps, **facts):
        bench.clock.advance(body(step))
        if step % 500 == 0:
            bench.training.look()


@pytest.mark.parametrize("share", [0.0, 0.17, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("pace", [1e-5, 1e-3, 1.0])
def test_the_share_of_a_steady_loop(bench, share, pace):
    loop(bench, 2_000, lambda step: share * pace, lambda step: (1 - share) * pace)
    (run,) = bench.runs
    assert run.data_wait_ratio_total == pytest.approx(share, abs=1e-6)


def test_of_slow_steps_each_one_is_timed(bench):
    # Every tenth batch waits: 0.9 s of 1.9 s in ten steps.
    loop(bench, 100, lambda step: 0.9 if step % 10 == 9 else 0.0, lambda step: 0.1)
    (run,) = bench.runs
    assert run.data_wait_ratio_total == pytest.approx(9.0 / 19.0)


def test_of_fast_steps_a_sample_is_enough(bench):
    # One step in 64 loads for 3 ms, and the others take 0.1 ms: 0.32 of all time.
    loop(bench, 40_000, lambda step: 3e-3 if step % 64 == 0 else 0.0, lambda step: 1e-4)
    (run,) = bench.runs
    assert run.data_wait_ratio_total == pytest.approx(3.0 / 9.4, abs=0.02)


def test_a_rare_slow_body_is_no_waiting(bench):
    loop(bench, 50_000, lambda step: 1e-4, lambda step: 3e-3 if step % 64 == 0 else 0.0)
    (run,) = bench.runs
    assert run.data_wait_ratio_total == pytest.approx(6.4 / 9.4, abs=0.02)


def test_where_both_parts_change_the_share_is_right_on_average(bench):
    shape = Random(4)
    load = [shape.expovariate(1 / 2e-4) for _ in range(50_000)]
    body = [shape.expovariate(1 / 3e-4) for _ in range(50_000)]
    loop(bench, 50_000, load.__getitem__, body.__getitem__)
    (run,) = bench.runs
    assert run.data_wait_ratio_total == pytest.approx(0.4, abs=0.03)


def test_the_random_numbers_of_the_user_stay_reproducible(bench):
    random.seed(7)
    expected = [random.random() for _ in range(3)]
    random.seed(7)
    loop(bench, 1_000, lambda step: 0.0, lambda step: 1e-5)
    assert [random.random() for _ in range(3)] == expected


def test_the_last_minute_is_told_apart_from_the_whole_run(bench):
    loop(bench, 200, lambda step: 0.9 if step < 100 else 0.0, lambda step: 0.1 if step < 100 else 1)
    for item in bench.track([1], stage="other"):
        assert item
    first = bench.runs[1]
    assert first.data_wait_ratio_total == pytest.approx(0.45)
    recent = RecentWait()
    for second in range(200):
        recent.update(float(second), min(second, 100) * 0.9, float(second))
    assert recent.ratio(90.0, 200.0) == pytest.approx(0.0)


def test_a_run_waits_with_the_loops_inside_it(bench):
    with bench.start(2, stage="Fit"):
        for _ in range(2):
            loop(bench, 10, lambda step: 0.3, lambda step: 0.1, stage="Batches")
            bench.clock.advance(2.0)
    runs = {run.stage: run for run in bench.runs}
    assert runs["Batches"].data_wait_ratio_total == pytest.approx(0.75)
    assert runs["Fit"].data_wait_ratio_total == pytest.approx(6.0 / 12.0)


def test_without_a_loop_nothing_is_known(bench):
    with bench.start(2) as run:
        bench.clock.advance(2.0)
        run.update(1)
    assert (bench.runs[0].data_wait_ratio, bench.runs[0].data_wait_ratio_total) == (None, None)


def test_a_loop_that_becomes_slow_is_timed_again_soon(bench):
    def items():
        for step in range(20_100):
            # First the loop waits for each item, and then its body takes all the time.
            bench.clock.advance(1e-6 if step < 20_000 else 0.0)
            yield step

    for step in bench.track(items()):
        if step >= 20_000:
            for _ in range(10):
                # As the scheduler does, ten times a second.
                bench.clock.advance(0.1)
                bench.training.look()
    (run,) = bench.runs
    assert run.data_wait_ratio < 0.05
    assert run.data_wait_ratio_total < 0.05


def test_about_a_hundred_steps_a_second_are_timed():
    timer, now, untimed = StepTimer(), 0.0, 0
    while now < 20.0:
        timer_began = now + 1e-4 * untimed
        now = timer_began + 1e-4
        untimed = timer.add(timer_began, timer_began, now, untimed)
    assert 1_500 < timer.steps < 2_700


def test_the_quantiles_are_those_of_the_whole_run():
    timer = StepTimer()
    for step in range(10_000):
        timer.add_duration(1.0 if step < 9_000 else 2.0)
    assert (timer.usual_seconds(), timer.slow_seconds()) == (1.0, 2.0)
