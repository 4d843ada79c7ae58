"""A real kernel and a client that acts as the Jupyter server."""

from __future__ import annotations

import queue
import time

import msgspec
import pytest
from jupyter_client.manager import start_new_kernel

from ipyvitals.schema.protocol import COMM_ID, REPLY, REQUEST, Reply, Update

SECONDS = 60.0
START = """
import time
from ipyvitals import Monitor
monitor = Monitor("churn", interval=0.2, metrics_interval=0.1)
"""


class Server:
    """Receives broadcasts, and sends requests on the control channel."""

    def __init__(self, client):
        self.client = client

    def run(self, code):
        """Start a cell; do not wait for it."""
        self.client.execute(code)

    def ask(self, request, **more):
        message = self.client.session.msg(REQUEST, {"request": request, **more})
        self.client.control_channel.send(message)
        reply = self.client.get_control_msg(timeout=SECONDS)
        assert reply["msg_type"] == REPLY
        return msgspec.convert(reply["content"], Reply)

    def snapshot(self, **more):
        (update,) = self.ask("snapshot", **more).monitors
        return update

    def until(self, condition):
        end = time.monotonic() + SECONDS
        while not (value := condition()):
            assert time.monotonic() < end, f"not true within {SECONDS} s"
        return value

    def next_update(self, timeout=SECONDS):
        """Return the next update that is broadcast, or None."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except queue.Empty:
                break
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == COMM_ID:
                return msgspec.convert(content["data"], Update)
        return None


@pytest.fixture
def server():
    manager, client = start_new_kernel()
    yield Server(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
    client.context.destroy()


def test_updates_have_no_gap_and_begin_in_full(server):
    server.run(START + "for n in range(500): monitor.record(n, n); time.sleep(0.01)")

    updates = [server.next_update()]
    server.ask("viewers", count=1)
    updates += [server.next_update() for _ in range(2)]
    assert [update.n for update in updates] == [1, 2, 3]
    assert updates[0].full
    assert updates[0].model.name == "churn"
    assert not updates[-1].full


def test_requests_are_answered_while_a_cell_runs(server):
    server.run(START + "while not monitor.stop_training(): monitor.record(1, 1)")
    server.until(lambda: (server.next_update() or 0) and server.snapshot())

    first = server.snapshot(history=True)
    assert first.full
    assert first.history["at"]
    server.until(
        lambda: server.snapshot().metrics.total_predictions > first.metrics.total_predictions
    )


def test_a_loop_is_stopped_while_it_runs(server):
    server.run(START + "for step in monitor.track(iter(int, 1), stage='Endless'): pass")
    server.until(server.next_update)
    server.until(lambda: server.snapshot().training.state == "running")
    assert server.ask("stop_training", monitor="default").done == 1

    server.until(lambda: server.snapshot().training.state == "stopped")
    assert server.snapshot().training.details == "Stopped on request"


def test_one_of_two_runs_is_stopped_and_a_range_of_its_curve_is_asked_for(server):
    server.run(
        START
        + """
import threading, time
def train(stage):
    with monitor.training(stage=stage, total=10**6) as run:
        while not run.should_stop:
            run.update(advance=1, loss=1.0)
            time.sleep(0.01)
threads = [threading.Thread(target=train, args=(stage,)) for stage in ("a", "b")]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    )
    server.until(server.next_update)
    server.until(lambda: all(one.current > 20 for one in server.snapshot().runs[:2]))
    runs = {one.stage: one for one in server.snapshot(history=True).runs}

    def steps_of_a():
        (chunk,) = server.ask(
            "curves", run_id=runs["a"].run_id, metric="loss", first_step=5, last_step=9
        ).curves
        assert chunk.run_id == runs["a"].run_id
        return chunk.step

    # The scheduler adds values to curves, a moment after they were reported.
    server.until(lambda: steps_of_a() == [5, 6, 7, 8, 9])
    both = {one.run_id for one in runs.values()}
    server.until(lambda: {one.run_id for one in server.snapshot(history=True).curves} == both)

    assert server.ask("stop_training", run_id=runs["a"].run_id).done == 1
    server.until(lambda: server.snapshot().training.stage == "b")
    states = {one.stage: one.state for one in server.snapshot().runs}
    assert states == {"a": "stopped", "b": "running"}
    assert server.ask("stop_training").done == 1


def test_operators_acknowledge_and_reset(server):
    server.run(START + "monitor.record_batch([1] * 100, [0] * 100); monitor.snapshot();")
    server.until(server.next_update)
    server.until(lambda: server.snapshot().model.status == "degraded")
    assert server.ask("acknowledge").done == 1
    assert server.ask("acknowledge").done == 0
    assert server.snapshot().model.acknowledged_at is not None
    assert server.ask("reset").done == 1

    assert server.snapshot().metrics.current_accuracy is None


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"request": "snapshot", "monitor": "nobody"}, "no monitor 'nobody'"),
        ({"request": "format_disk"}, "Invalid enum value"),
        ({"request": "viewers", "count": "many"}, "Expected `int`"),
        ({"request": "snapshot", "extra": 1}, "unknown field"),
    ],
)
def test_an_invalid_request_is_answered_with_an_error(server, request_, says):
    server.run(START)
    server.until(server.next_update)
    reply = server.ask(**request_)

    assert reply.status == "error"
    assert says in reply.message


def test_an_idle_kernel_that_nobody_watches_is_silent_until_there_is_a_viewer(server):
    server.run(START)
    server.until(server.next_update)
    # The cell has ended once a reply says that no cell runs.
    server.until(lambda: server.snapshot().system.kernel_busy is False)
    server.ask("viewers", count=0)
    while server.next_update(timeout=0.5) is not None:
        pass
    assert server.next_update(timeout=1.5) is None
    server.ask("viewers", count=1)
    asked = time.monotonic()

    assert server.next_update().full
    assert time.monotonic() - asked < 1.0


def test_the_end_of_a_monitor_is_broadcast(server):
    server.run(START)
    server.until(server.next_update)
    server.run("monitor.record(1, 1); monitor.close()")

    last = server.until(lambda: (update := server.next_update()).closed and update)
    assert last.model.status == "stopped"
    assert last.metrics.total_predictions == 1
    assert server.ask("snapshot").monitors[0].model.status == "stopped"
