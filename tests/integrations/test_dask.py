"""Real workers of Dask: what they record arrives in the process that attached the client."""

from __future__ import annotations

import os
import signal
import time

import distributed
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, Monitor
from ipyvitals.remote.address import VARIABLE
from ipyvitals.remote.report import decode_report

SECONDS = 60.0


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture
def homes(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    made = []

    def make(name, **options):
        settings = {"interval": 0.5, "store": None, "git": False, "terminal": False, **options}
        made.append(Monitor("churn", name=name, **settings))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


@pytest.fixture
def home(homes):
    return homes("m")


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not true within {SECONDS} s"
        time.sleep(0.05)


def record(monitor, count):
    for number in range(count):
        monitor.record(1, number % 2, latency=0.01)
    return count


def submit(client, monitor, tasks=8):
    futures = [client.submit(record, monitor, 10, pure=False) for _ in range(tasks)]
    return sum(client.gather(futures))


def predictions(monitor):
    return monitor.snapshot().metrics.total_predictions


def states(monitor):
    return sorted(one.state for one in monitor.snapshot().workers)


def test_tasks_arrive_exactly_and_through_the_cluster(home, client, tmp_path):
    home.attach(client)
    until(lambda: states(home) == ["alive", "alive"])
    home.record(1, 1)
    done = submit(client, home)
    until(lambda: predictions(home) == done + 1)

    metrics = home.snapshot().metrics
    assert (metrics.total_predictions, metrics.total_labelled) == (done + 1, done + 1)
    assert metrics.latency_p50_seconds == pytest.approx(0.01, rel=0.01)
    assert home.snapshot().notices == []
    # Not through a folder, which another machine would not have.
    assert not list(tmp_path.rglob("*.vitals"))


def test_detach_brings_the_last_counts_and_attach_goes_on(home, client):
    with home.attach(client) as attachment:
        done = submit(client, home)
    assert attachment.detached
    assert predictions(home) == done
    assert states(home) == ["ended", "ended"]

    unheard = submit(client, home)
    home.tick()
    assert predictions(home) == done
    # The same recorders go on, with what was counted meanwhile.
    home.attach(client)
    until(lambda: predictions(home) == done + unheard)
    assert states(home) == ["alive", "alive"]


def test_workers_that_join_retire_and_restart(home, client, cluster):
    home.attach(client)
    done = submit(client, home)
    cluster.scale(3)
    client.wait_for_workers(3)
    until(lambda: states(home) == ["alive"] * 3)

    retired = next(iter(client.scheduler_info(n_workers=-1)["workers"]))
    done += sum(client.gather([client.submit(record, home, 7, pure=False, workers=[retired])]))
    # At once: the last report has what no report had so far.
    client.retire_workers([retired], close_workers=True)
    until(lambda: predictions(home) == done)

    until(lambda: states(home).count("ended") >= 1)
    client.restart()
    done += submit(client, home)
    until(lambda: predictions(home) == done)
    assert home.snapshot().metrics.total_predictions == done


def test_a_killed_worker_is_lost_and_its_nanny_starts_another(home, client):
    home.attach(client)
    done = submit(client, home)
    until(lambda: predictions(home) == done)
    killed = home.snapshot().workers[0]
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: "gone" in states(home))
    done += submit(client, home)
    until(lambda: predictions(home) == done)

    assert "workers.lost" in [one.code for one in home.snapshot().notices]


def test_two_notebooks_on_one_cluster_hear_their_own(homes, client, cluster):
    one, two = homes("one"), homes("two")
    with distributed.Client(cluster) as other:
        one.attach(client)
        two.attach(other)
        first, second = submit(client, one, 3), submit(other, two, 5)
        until(lambda: (predictions(one), predictions(two)) == (first, second))
        two.close()
        # The other one is heard on.
        first += submit(client, one, 3)
        until(lambda: predictions(one) == first)
        assert predictions(two) == second


def test_a_later_model_is_that_of_later_tasks(home, client):
    home.attach(client)
    submit(client, home, 2)
    home.deploy("churn", version="2")
    submit(client, home, 3)
    until(lambda: predictions(home) == 30)
    assert {one.version: one.total_predictions for one in home.models()} == {None: 20, "2": 30}


def reported(client):
    """Return the predictions in the newest reports that the scheduler has."""
    newest = {}
    for topic, events in client.get_events().items():
        if topic.startswith("ipyvitals-"):
            newest.update(message for _, message in events if len(message) == 2)
    reports = [decode_report(data) for data in newest.values()]
    return sum(model.predictions for report in reports for model in report.models)


def test_what_was_said_before_the_subscription_counts(homes, client, tmp_path):
    store = tmp_path / "history.sqlite"
    first = homes("m", store=store)
    attachment = first.attach(client)
    done = submit(client, first)
    until(lambda: predictions(first) == done)
    # As in a kernel that dies: the workers are not asked for their last reports.
    first._engine.receiver._sources = ()
    before = reported(client)
    done += submit(client, first)
    until(lambda: reported(client) == before + 80)
    attachment.detached = True
    first.close()
    assert predictions(first) == 80

    second = homes("m", store=store)
    second.attach(client)
    until(lambda: predictions(second) == done)


def test_threads_of_the_home_are_no_workers(home):
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        home.attach(client)
        done = submit(client, home)
        assert predictions(home) == done
        assert home.snapshot().workers == []


def test_a_monitor_attaches_once_and_only_to_clusters(homes, client):
    home = homes("m", interval=None)
    assert home.attach(client) is home.attach(client)
    with pytest.raises(ArgumentTypeError, match=r"expected a distributed\.Client"):
        home.attach("tcp://127.0.0.1:8786")
    home.close()
    with pytest.raises(ArgumentValueError, match="closed"):
        home.attach(client)
