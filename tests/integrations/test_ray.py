"""Real workers of Ray: what they record arrives in the process that attached the cluster."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ipyvitals import ArgumentValueError, Monitor
from ipyvitals.remote.address import VARIABLE

ray = pytest.importorskip("ray", reason="ray is not installed; it has no wheel for each Python")

SECONDS = 60.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(["src", *filter(None, [os.getcwd()])]))
        patch.delenv(VARIABLE, raising=False)
        try:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        except Exception as error:
            # Ray's own time limits are short for a small machine that is busy.
            pytest.skip(f"Ray could not start a cluster here: {error}")
        yield ray
        ray.shutdown()


@pytest.fixture
def homes(cluster):
    made = []

    def make(name):
        made.append(
            Monitor("churn", name=name, interval=0.5, store=None, git=False, terminal=False)
        )
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not true within {SECONDS} s"
        time.sleep(0.05)


def record(monitor, count):
    for number in range(count):
        monitor.record(1, number % 2, latency=0.01)
    return count


class Server:
    def __init__(self, monitor):
        self.monitor = monitor

    def predict(self, flush=False):
        self.monitor.record(1, 1)
        if flush:
            self.monitor.flush()
        return 1


def predictions(monitor):
    return monitor.snapshot().metrics.total_predictions


def submit(monitor, tasks=8):
    task = ray.remote(record)
    return sum(ray.get([task.remote(monitor, 10) for _ in range(tasks)]))


def test_tasks_arrive_exactly_and_through_the_cluster(homes):
    home = homes("m")
    home.attach(ray)
    home.record(1, 1)
    done = submit(home)
    until(lambda: predictions(home) == done + 1)

    metrics = home.snapshot().metrics
    assert (metrics.total_predictions, metrics.total_labelled) == (done + 1, done + 1)
    assert metrics.latency_p50_seconds == pytest.approx(0.01, rel=0.01)
    assert home.snapshot().notices == []
    assert not Path(home._engine.place.folder).exists()


def test_actors_arrive_also_when_they_end_at_once(homes):
    home = homes("m")
    home.attach(ray)
    server = ray.remote(Server).remote(home)
    done = sum(ray.get([server.predict.remote() for _ in range(7)]))
    del server
    until(lambda: predictions(home) == done)
    # Of an actor that is killed, what was flushed arrives.
    server = ray.remote(Server).remote(home)
    done += ray.get(server.predict.remote(flush=True))
    ray.kill(server)
    until(lambda: predictions(home) == done)


def test_two_monitors_hear_their_own_and_detach_ends_it(homes):
    one, two = homes("one"), homes("two")
    with one.attach(ray) as attachment:
        two.attach(ray)
        first, second = submit(one, 3), submit(two, 5)
    assert attachment.detached
    assert predictions(one) == first
    until(lambda: predictions(two) == second)


def test_a_cluster_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with (
        Monitor("churn", name="m", interval=None) as monitor,
        pytest.raises(ArgumentValueError, match=r"call ray\.init\(\) first"),
    ):
        monitor.attach(ray)
