"""A real kernel, as JupyterLab runs it: the messages that it sends while cells run."""

from __future__ import annotations

import os
import queue
import time
from itertools import pairwise

import pytest
from jupyter_client.manager import start_new_kernel

SECONDS = 60.0


class Cell:
    """Messages that one cell sent until it ended."""

    def __init__(self, messages, error):
        self.messages = messages
        self.error = error

    def of(self, kind):
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    @property
    def text(self):
        return "".join(one["text"] for one in self.of("stream") if one["name"] == "stdout")

    @property
    def stderr(self):
        return "".join(one["text"] for one in self.of("stream") if one["name"] == "stderr")

    @property
    def updates(self):
        return [
            one["data"]["state"]
            for one in self.of("comm_msg")
            if one["data"].get("method") == "update" and "at" in one["data"]["state"]
        ]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """File that receives the stderr of the kernel process."""
    return tmp_path_factory.mktemp("kernel") / "log"


@pytest.fixture(scope="module")
def client(log):
    with log.open("wb") as file:
        manager, client = start_new_kernel(stderr=file)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
    client.context.destroy()


@pytest.fixture
def run(client):
    def run_cell(code, fails=False):
        asked = client.execute(code)
        messages, error = [], None
        end = time.monotonic() + SECONDS
        while True:
            try:
                message = client.get_iopub_msg(timeout=max(0.1, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the cell did not end: {code}") from None
            messages.append(message)
            own = message["parent_header"].get("msg_id") == asked
            if own and message["msg_type"] == "error":
                error = message["content"]
            if own and message["content"].get("execution_state") == "idle":
                break
        while (reply := client.get_shell_msg(timeout=SECONDS))["parent_header"]["msg_id"] != asked:
            pass
        if reply["content"]["status"] == "aborted":
            # ipykernel before 7 may still abort requests that were queued behind a failed cell.
            return run_cell(code, fails)
        assert (error is not None) == fails, error
        return Cell(messages, error)

    return run_cell


def test_a_monitor_as_last_expression_shows_its_panel(run):
    cell = run("""
from ipyvitals import Monitor
monitor = Monitor("churn", version="2.1", interval=0.2, metrics_interval=0.1)
monitor
""")

    (shown,) = cell.of("execute_result")
    view = shown["data"]["application/vnd.jupyter.widget-view+json"]
    opened = [one for one in cell.of("comm_open") if one["comm_id"] == view["model_id"]]
    assert opened[0]["data"]["state"]["model"]["name"] == "churn"
    assert shown["data"]["text/plain"].startswith("ipyvitals 'default': churn 2.1")


def test_the_panel_moves_while_a_busy_loop_runs(run):
    cell = run("""
n = 0
while monitor.snapshot().metrics.total_predictions < 3 or len(monitor.events()) < 40:
    monitor.record(n, n)
    n += 1
""")

    totals = [one["metrics"]["total_predictions"] for one in cell.updates if "metrics" in one]
    assert len(totals) >= 3
    assert all(a < b for a, b in pairwise(totals))
    assert any("system" in one for one in cell.updates)
    assert cell.stderr == ""


def test_a_running_cell_is_reported_as_busy(run):
    run("monitor.tick()")

    assert run("monitor.tick(); print(monitor.snapshot().system.kernel_busy)").text == "True\n"


def test_a_cell_knows_for_how_long_it_has_been_running(run):
    printed = run("""
import time
time.sleep(0.3)
system, now = monitor.snapshot().system, time.time()
print(0.3 <= system.kernel_busy_seconds < 60)
print(abs(now - system.kernel_busy_since - system.kernel_busy_seconds) < 0.1)
""")

    assert printed.text == "True\nTrue\n"


@pytest.mark.parametrize("count", [0, 1, 50])
def test_clients_of_a_model_that_a_cell_serves_are_counted(run, count):
    printed = run(f"""
import socket, threading
from ipyvitals import FakeClock
clock = FakeClock()
serving = Monitor("served", name="serving", interval=None, clock=clock)
server = socket.create_server(("127.0.0.1", 0))
accepted = []
serve = lambda: [accepted.append(server.accept()[0]) for _ in range({count})]
thread = threading.Thread(target=serve)
thread.start()
clients = [socket.create_connection(server.getsockname()) for _ in range({count})]
thread.join()
serving.tick()
print(serving.snapshot().system.active_connections)
for one in (*clients, *accepted, server):
    one.close()
serving.close()
""")

    assert printed.text == f"{count}\n"


def test_a_loop_that_fails_is_shown_as_failed(run):
    cell = run(
        """
for step in monitor.track(range(10), stage="Fit"):
    if step == 3:
        raise ValueError("bad batch")
""",
        fails=True,
    )
    assert cell.error["evalue"] == "bad batch"

    printed = run("t = monitor.snapshot().training; print(t.state, t.current, t.details)").text
    assert printed == "failed 3 ValueError: bad batch\n"


def test_an_error_elsewhere_ends_no_loop_of_an_earlier_cell(run):
    run("steps = monitor.track(range(10)); next(steps)")
    run("1 / 0", fails=True)
    assert run("print(monitor.snapshot().training.state)").text == "running\n"

    run("steps.close()")


def test_an_interrupted_loop_is_no_failure(run, client):
    cell = run(
        """
for step in monitor.track(range(10)):
    if step == 3:
        raise KeyboardInterrupt
""",
        fails=True,
    )
    assert cell.error["ename"] == "KeyboardInterrupt"

    printed = run("t = monitor.snapshot().training; print(t.state, t.details)").text
    assert printed == "stopped Interrupted\n"


def test_a_run_that_a_callback_leaves_open_ends_with_the_error_of_its_cell(run):
    run(
        """
monitor.training(total=10, stage="Callback").update(3, loss=1.0)
raise ValueError("early")
""",
        fails=True,
    )

    printed = run("r = monitor.snapshot().runs[0]; print(r.stage, r.state, r.end, r.reason)").text
    assert printed == "Callback failed cell Its cell ended with ValueError\n"


def test_a_run_left_open_by_an_earlier_cell_swallows_no_later_one(run):
    run("r = monitor.training(total=10, stage='first'); r.update(3, loss=1.)")
    cell = run("""
with monitor.training(total=4, stage="second") as s:
    s.update(2)
    print(monitor.snapshot().training.stage, r.state)
print([(one.stage, one.state, one.end) for one in monitor.snapshot().runs[:2]])
""")
    assert cell.text == (
        "second stopped\n[('second', 'completed', 'completed'), ('first', 'stopped', 'replaced')]\n"
    )


def test_values_logged_without_a_run_are_a_run_that_ends_with_the_cell(run):
    run("for step in range(3): monitor.log({'train/loss': 1.0 / (step + 1)})")

    printed = run("r = monitor.snapshot().runs[0]; print(r.state, r.current, r.metrics)").text
    assert printed == "completed 3 {'train/loss': 0.3333333333333333}\n"


def test_runs_and_curves_reach_the_panel_while_the_cell_is_busy(run):
    run("panel = monitor.panel()")
    cell = run("""
import threading, time
def train(stage):
    with monitor.training(total=30, stage=stage) as inner:
        for step in range(1, 31):
            time.sleep(0.1)
            inner.update(step, loss=1.0 / step)
threads = [threading.Thread(target=train, args=(stage,)) for stage in ("a", "b")]
for thread in threads: thread.start()
for thread in threads: thread.join()
""")
    rows, starts = {}, {}
    for state in cell.updates:
        for row in state.get("runs", []):
            rows[row["run_id"]] = rows.get(row["run_id"], {}) | row
        for chunk in state.get("curves", []):
            starts.setdefault(chunk["run_id"], []).append(chunk["start"])
    # Of a run that the panel has already, such as an earlier one, only what changed comes.
    parallel = [row for row in rows.values() if row.get("stage") in ("a", "b")]
    assert len(parallel) == 2
    assert all(row["current"] > 5 for row in parallel)
    # The curve grows in several messages, each of which begins where the one before ended.
    for row in parallel:
        assert len(starts[row["run_id"]]) > 3
        assert starts[row["run_id"]] == sorted(set(starts[row["run_id"]]))
        assert starts[row["run_id"]][0] == 0


def test_the_same_cell_again_replaces_the_monitor(run):
    cell = run("""
import threading
before = monitor
monitor = Monitor("churn", version="2.1", interval=0.2, metrics_interval=0.1)
names = [thread.name for thread in threading.enumerate()]
print(before.closed, sorted(name for name in names if name.startswith("ipyvitals")))
""")

    assert cell.text == "True ['ipyvitals-sampler', 'ipyvitals-scheduler', 'ipyvitals-store']\n"
    closed = [one["data"].get("state") for one in cell.of("comm_msg")]
    assert {"closed": True} in closed


def test_labels_of_another_kind_warn_in_the_cell(run):
    cell = run("""
monitor.record("1", 1)
monitor.snapshot();
""")

    assert "LabelTypeWarning" in cell.stderr
    assert cell.stderr.count("can never be equal") == 1


def test_nothing_is_printed_from_the_background(run):
    cell = run("""
monitor.on("*", lambda event: 1 / 0)
monitor.deploy("other")
monitor.flush()
print(monitor.snapshot().notices[-1].code)
""")

    assert (cell.text, cell.stderr) == ("callbacks.failed\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_a_monitor_and_leaves_the_sockets_to_the_kernel(run, log):
    run("monitor = Monitor('churn', interval=0.2, metrics_interval=0.1); monitor")
    cell = run("""
import gc, os, warnings
warnings.filterwarnings("ignore", message="This process", category=DeprecationWarning)
pid = os.fork()
if pid == 0:
    code = 1
    try:
        monitor = Monitor("churn", interval=0.2, metrics_interval=0.1)
        gc.collect()
        monitor.record(1, 1)
        monitor.tick()
        monitor.deploy("child")
        code = 10 + monitor.models()[0].total_predictions
        monitor.close()
    finally:
        os._exit(code)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
monitor.record(1, 1)
print(monitor.closed, monitor.snapshot().metrics.total_predictions)
""")

    assert cell.text == "11\nFalse 1\n"
    assert cell.stderr == ""
    assert "from fork" not in log.read_text()
    assert {"closed": True} not in [one["data"].get("state") for one in cell.of("comm_msg")]
