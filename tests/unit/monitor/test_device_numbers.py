"""Numbers on a GPU are read off the training loop's thread, and under no lock."""

from __future__ import annotations

import threading

import pytest

from ipyvitals.errors import IpyvitalsError
from tests.unit import lock_order


class GpuTensor:
    """Stands in for a tensor on a GPU; notes the thread of each reading."""

    is_cuda = True

    def __init__(self, value, readers):
        self.value = value
        self.readers = readers
        self.is_read = threading.Event()

    def item(self):
        lock_order.check_user_code("item()")
        self.readers.append(threading.get_ident())
        self.is_read.set()
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


@pytest.fixture
def readers():
    return []


def test_an_update_does_not_read_and_a_snapshot_has_the_number(monitor, clock, readers):
    with monitor.training(total=9) as run:
        for step, value in enumerate((0.5, 0.25), start=1):
            clock.advance(1.0)
            run.update(step, loss=GpuTensor(value, readers), lr=0.1)
        assert readers == []

        snapshot = monitor.snapshot()
        assert snapshot.training.metrics == {"loss": 0.25, "lr": 0.1}
        assert snapshot.runs[0].best["loss"].value == 0.25
        assert len(readers) == 2


@pytest.mark.parametrize(
    "call",
    ["tick", "flush", "close"],
)
def test_each_way_to_the_numbers_reads_without_a_lock(make, readers, tmp_path, call):
    monitor = make("churn", store=tmp_path / "history.sqlite")
    run = monitor.training(total=9)
    run.update(1, loss=GpuTensor(0.5, readers))
    getattr(monitor, call)()

    assert len(readers) == 1
    assert monitor.snapshot().runs[0].metrics == {"loss": 0.5}


@pytest.mark.parametrize("end", ["complete", "stop", "fail"])
def test_the_last_number_of_a_run_is_among_its_results(monitor, events_of, readers, end):
    run = monitor.training()
    run.update(1, loss=GpuTensor(0.5, readers))
    getattr(run, end)()

    (completed,) = events_of(monitor, "training_completed")
    assert completed.metrics == {"loss": 0.5}


def test_a_loop_that_was_left_reads_without_a_lock(monitor, readers):
    for _ in (bar := monitor.track(range(9))):
        bar.log(loss=GpuTensor(0.5, readers))
        break

    assert monitor.snapshot().runs[0].metrics == {"loss": 0.5}
    assert len(readers) == 1


def test_later_values_wait_for_a_number_on_a_gpu(monitor, clock, readers):
    """Progress goes on meanwhile, and the values come in their order."""
    with monitor.training(total=9) as run:
        clock.advance(1.0)
        run.update(1, loss=GpuTensor(0.5, readers))
        clock.advance(1.0)
        run.update(2, loss=0.25)
        assert run.current == 2

        assert run.metrics == {"loss": 0.25}
        assert monitor.snapshot().runs[0].best["loss"].step == 2


@pytest.mark.parametrize("error", [RuntimeError("CUDA error"), SystemExit(3), IpyvitalsError("no")])
def test_a_number_that_cannot_be_read_is_a_notice_and_ends_nothing(monitor, readers, notice, error):
    with monitor.training(total=9) as run:
        run.update(1, loss=GpuTensor(error, readers), acc=0.5)

        assert monitor.snapshot().training.metrics == {"acc": 0.5}
        assert notice(monitor, "training.value") == 1


def test_the_scheduler_reads_while_the_loop_runs(make, readers):
    monitor = make("churn", clock=None, interval=0.1, terminal=False)
    tensor = GpuTensor(0.5, readers)
    with monitor.training(total=9) as run:
        run.update(1, loss=tensor)
        assert tensor.is_read.wait(20.0)

    assert len(readers) == 1
    assert readers != [threading.get_ident()]


def test_what_another_thread_asks_for_waits_for_no_gpu(monitor, readers):
    """The values before the first number on a GPU are there."""
    with monitor.training(total=9) as run:
        run.update(1, acc=0.5)
        run.update(2, loss=GpuTensor(0.5, readers))

        engine = monitor._engine
        engine.drain(0.5, read=False)
        assert engine.current().runs[0].metrics == {"acc": 0.5}
        assert [one.metric for one in engine.training.curves(read=False)] == ["acc"]
        assert readers == []
