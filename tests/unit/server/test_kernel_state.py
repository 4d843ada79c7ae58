"""State that the server derives from the updates of one monitor."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from ipyvitals import MetricsSection, ModelDeployed, ModelSection, RunInfo, SystemSection
from ipyvitals.schema import Snapshot, WorkerInfo
from ipyvitals.schema.protocol import Update
from ipyvitals.server.kernel_state import SECTIONS, KernelStateTracker

EMPTY = Snapshot(monitor="default", seq=0, at=0.0)


def full(n=1, **fields):
    sections = {name: getattr(EMPTY, name) for name in SECTIONS}
    given = {"monitor": "default", "n": n, "at": float(n), "seq": 0, "full": True}
    return Update(**{**given, **sections, **fields})


def delta(n, **fields):
    return Update(
        **{"monitor": "default", "n": n, "at": float(n), "seq": 0, "full": False, **fields}
    )


def deployed(seq):
    return ModelDeployed(
        monitor="default",
        seq=seq,
        at=0.0,
        model_id="m",
        model_name="m",
        model_version=None,
        deployment_timestamp=0.0,
    )


@pytest.fixture
def kernel_state():
    return KernelStateTracker("k", max_points=3, max_events=2)


def monitor(kernel_state):
    return kernel_state.monitors["default"]


def test_unchanged_sections_stay(kernel_state):
    kernel_state.apply(full(model=ModelSection(name="churn")), now=1.0)
    kernel_state.apply(delta(2, metrics=MetricsSection(total_predictions=5)), now=2.0)

    snapshot = monitor(kernel_state).snapshot()
    assert (snapshot.model.name, snapshot.metrics.total_predictions) == ("churn", 5)
    assert snapshot.at == 2.0
    assert kernel_state.last_seen == 2.0


def test_uptime_moves_with_the_updates(kernel_state):
    kernel_state.apply(full(model=ModelSection(uptime_seconds=10.0)), now=1.0)
    kernel_state.apply(delta(4, metrics=MetricsSection()), now=4.0)

    assert monitor(kernel_state).snapshot().model.uptime_seconds == 13.0


def test_the_silence_of_a_worker_grows_with_the_updates(kernel_state):
    rows = [
        WorkerInfo(worker="a", name="rank 0", last_heard_seconds=0.5),
        WorkerInfo(worker="b", name="rank 1", state="late", last_heard_seconds=14.0),
    ]
    kernel_state.apply(full(workers=rows), now=1.0)
    kernel_state.apply(delta(4, metrics=MetricsSection()), now=4.0)

    ages = [one.last_heard_seconds for one in monitor(kernel_state).snapshot().workers]
    assert ages == [0.5, 17.0]


def test_at_most_100_rows_of_workers_are_taken(kernel_state):
    rows = [WorkerInfo(worker=str(n), name=f"rank {n}") for n in range(150)]
    kernel_state.apply(full(workers=rows), now=1.0)

    assert len(monitor(kernel_state).snapshot().workers) == 100
    assert kernel_state.dropped == {"oversized": 50}


def test_a_kernel_that_knows_no_workers_is_complete(kernel_state):
    assert not kernel_state.apply(full(workers=UNSET), now=1.0).incomplete
    assert monitor(kernel_state).snapshot().workers == []


@pytest.mark.parametrize(("n", "incomplete"), [(2, False), (3, True), (1, False)])
def test_a_gap_makes_it_incomplete(kernel_state, n, incomplete):
    kernel_state.apply(full(), now=1.0)

    assert kernel_state.apply(delta(n), now=2.0).incomplete is incomplete


def test_a_delta_before_anything_full_is_incomplete(kernel_state):
    assert kernel_state.apply(delta(5, metrics=MetricsSection()), now=1.0).incomplete
    assert not kernel_state.apply(full(n=5), now=1.0).incomplete


def test_of_an_update_out_of_order_only_the_events_count(kernel_state):
    kernel_state.apply(full(n=4, metrics=MetricsSection(total_predictions=9)), now=1.0)
    late = delta(3, seq=1, metrics=MetricsSection(total_predictions=3), events=[deployed(1)])

    assert [event.seq for event in kernel_state.apply(late, now=2.0).events] == [1]
    assert monitor(kernel_state).snapshot().metrics.total_predictions == 9


def test_events_are_taken_once_and_the_last_are_stored(kernel_state):
    kernel_state.apply(full(seq=1, events=[deployed(1)]), now=1.0)
    again = kernel_state.apply(
        delta(2, seq=3, events=[deployed(1), deployed(2), deployed(3)]), now=2.0
    )

    assert [event.seq for event in again.events] == [2, 3]
    assert [event.seq for event in kernel_state.events] == [2, 3]


def test_a_monitor_that_replaced_another_counts_its_events_anew(kernel_state):
    kernel_state.apply(full(n=9, seq=7, events=[deployed(7)]), now=1.0)
    applied = kernel_state.apply(full(n=1, seq=1, events=[deployed(1)]), now=2.0)

    assert [event.seq for event in applied.events] == [1]


def test_points_are_bounded_and_unknown_values_stay_unknown(kernel_state):
    for n in range(1, 6):
        kernel_state.apply(full(n=n, system=SystemSection(cpu_percent=10.0 * n)), now=1.0)
    history = monitor(kernel_state).full_update(history=True).history

    assert history["at"] == [3.0, 4.0, 5.0]
    assert history["cpu_percent"] == [30.0, 40.0, 50.0]
    assert history["current_accuracy"] == [None, None, None]


def test_points_of_the_kernels_own_memory_come_first(kernel_state):
    kernel_state.apply(delta(5, system=SystemSection(cpu_percent=5.0)), now=1.0)
    assert not kernel_state.has_history
    columns = monitor(kernel_state).full_update(history=True).history
    older = {name: [None, None] for name in columns} | {"at": [1.0, 2.0], "cpu_percent": [1.0, 2.0]}
    kernel_state.apply(full(n=5, history=older), now=1.0)

    assert kernel_state.has_history
    assert monitor(kernel_state).full_update(history=True).history["cpu_percent"] == [1.0, 2.0, 5.0]


def test_of_points_of_another_version_the_common_columns_are_taken(kernel_state):
    kernel_state.apply(delta(5, system=SystemSection(cpu_percent=5.0)), now=1.0)
    theirs = {"at": [1.0, 2.0], "cpu_percent": [1.0, 2.0], "moon_phase": [0.1, 0.2]}
    kernel_state.apply(full(n=5, history=theirs), now=1.0)

    history = monitor(kernel_state).full_update(history=True).history
    assert history["cpu_percent"] == [1.0, 2.0, 5.0]
    assert history["memory_percent"] == [None, None, None]


@pytest.mark.parametrize("columns", [{}, {"cpu_percent": [1.0]}, {"at": ["now"]}])
def test_invalid_points_are_left_out(kernel_state, columns):
    kernel_state.apply(full(history=columns), now=1.0)

    assert monitor(kernel_state).full_update(history=True).history["at"] == [1.0]


def test_a_restart_clears_the_state(kernel_state):
    kernel_state.apply(full(), now=1.0)
    kernel_state.clear()

    assert kernel_state.is_empty
    assert not kernel_state.monitors
    assert not kernel_state.has_ipyvitals


def run(name, started_at, ended_at=None, **facts):
    state = "running" if ended_at is None else "completed"
    return RunInfo(run_id=name, started_at=started_at, ended_at=ended_at, state=state, **facts)


def test_runs_that_changed_replace_those_before_and_twenty_ended_ones_stay(kernel_state):
    first = [run("a", 1.0), *(run(str(n), 0.0, 100.0 - n) for n in range(20))]
    kernel_state.apply(full(runs=first), now=1.0)
    kernel_state.apply(delta(2, runs=[run("b", 2.0, current=3)]), now=2.0)
    kernel_state.apply(delta(3, runs=[run("a", 1.0, 200.0)]), now=3.0)

    runs = monitor(kernel_state).snapshot().runs
    assert [one.run_id for one in runs] == ["b", "a", *(str(n) for n in range(19))]


def test_a_kernel_of_an_earlier_version_has_no_runs_and_is_complete(kernel_state):
    result = kernel_state.apply(full(runs=UNSET), now=1.0)
    assert monitor(kernel_state).is_complete
    assert monitor(kernel_state).snapshot().runs == []
    assert not result.incomplete
