"""Kernels that restart, die, fall silent, or belong to another server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time

import pytest

from ipyvitals.server import hub as hub_module
from tests.server.serving import START, serving, started, until

pytestmark = pytest.mark.anyio


def latest(server, notebook, name="default"):
    return server.hub.kernels[notebook.kernel_id].monitors[name].latest


async def test_a_restart_clears_the_state(server):
    notebook = await started(server)
    stream = await server.stream()
    await stream.next()
    answer = await server.ask(f"api/kernels/{notebook.kernel_id}/restart", "POST")
    assert answer.code == 200

    restarted = await stream.first("kernel", change="restarted")
    assert restarted["kernel"]["monitors"] == []
    assert (await server.ask("api/monitoring/system")).code == 404
    again = await server.page(notebook.kernel_id)
    await again.run(START)
    update = await stream.first("update", kernel_id=notebook.kernel_id)
    assert update["update"]["full"]
    changes = [one["change"] for one in stream.received if one["type"] == "kernel"]
    assert changes.count("restarted") == 1


async def test_a_monitor_bears_the_name_of_its_notebook(server):
    code = START.replace(', name="default"', "")
    fraud = await started(server, code, path="fraud.ipynb")
    churn = await started(server, code, path="churn.ipynb")
    names = [list(server.hub.kernels[one.kernel_id].monitors) for one in (fraud, churn)]
    assert names == [["fraud"], ["churn"]]


async def test_a_killed_kernel_is_restarted_and_reconnected(server):
    notebook = await started(server)
    stream = await server.stream()
    await stream.next()
    kernel = server.app.kernel_manager.get_kernel(notebook.kernel_id)
    os.kill(kernel.provisioner.pid, signal.SIGKILL)

    await stream.first("kernel", change="restarted")
    metrics = (await server.ask("metrics")).body.decode()
    assert f'kernel="{notebook.kernel_id}"' not in metrics
    await until(lambda: kernel.provisioner.pid is not None and kernel.has_kernel)
    again = await server.page(notebook.kernel_id)
    await again.run(START)
    await stream.first("update", kernel_id=notebook.kernel_id)
    changes = [one["change"] for one in stream.received if one["type"] == "kernel"]
    assert changes.count("restarted") == 1
    assert (await server.ask("api/monitoring/system")).code == 200


async def test_a_kernel_that_dies_amid_a_training_says_so(server):
    notebook = await started(server)
    await notebook.run("run = monitor.training(total=10, stage='Fit'); run.update(3)")
    await until(lambda: latest(server, notebook).training.current == 3)
    stream = await server.stream()
    await stream.next()
    kernel = server.app.kernel_manager.get_kernel(notebook.kernel_id)
    os.kill(kernel.provisioner.pid, signal.SIGKILL)

    lost = await stream.first("training_completed")
    assert (lost["state"], lost["details"], lost["current"]) == ("lost", "killed by SIGKILL", 3)
    restarted = await stream.first("kernel", change="restarted")
    ended = restarted["kernel"]["ended"]
    assert (ended["reason"], ended["signal"], ended["exit_code"]) == ("signal", "SIGKILL", -9)
    assert (ended["stage"], ended["current"], ended["total"]) == ("Fit", 3, 10)
    assert ended["last_seen"] <= ended["at"]
    events = await server.ask(f"ipyvitals/api/kernels/{notebook.kernel_id}/events")
    assert json.loads(events.body)["events"][-1]["state"] == "lost"
    await until(lambda: kernel.provisioner.pid is not None and kernel.has_kernel)
    again = await server.page(notebook.kernel_id)
    await again.run(START)
    await stream.first("update", kernel_id=notebook.kernel_id)


async def test_a_restart_by_a_user_without_a_training_is_no_end(server):
    notebook = await started(server)
    stream = await server.stream()
    await stream.next()
    await server.ask(f"api/kernels/{notebook.kernel_id}/restart", "POST")
    restarted = await stream.first("kernel", change="restarted")
    assert restarted["kernel"]["ended"] is None


async def test_a_kernel_that_cannot_be_restarted_is_dead(server):
    notebook = await started(server)
    stream = await server.stream()
    await stream.next()
    kernel = server.app.kernel_manager.get_kernel(notebook.kernel_id)
    kernel._restarter._fire_callbacks("dead")

    dead = await stream.first("kernel", change="dead")
    assert (dead["kernel_id"], dead["kernel"]) == (notebook.kernel_id, None)
    assert (await server.ask("api/monitoring/system")).code == 404
    await kernel.shutdown_kernel(now=True)


async def test_replacing_or_closing_a_monitor_is_published(server):
    notebook = await started(server)
    stream = await server.stream()
    await stream.next()
    await notebook.run("monitor = Monitor('next', name='default')")
    closing = await stream.first("update")
    while not closing["update"]["closed"]:
        closing = await stream.first("update")
    assert closing["update"]["metrics"]["total_predictions"] == 10

    await until(lambda: latest(server, notebook).model.name == "next")
    assert not latest(server, notebook).closed
    await notebook.run("monitor.close()")
    await until(lambda: latest(server, notebook).closed)
    assert (await server.ask("api/monitoring/system")).json["model"]["status"] == "stopped"
    assert "ipyvitals_model_status" not in (await server.ask("metrics")).body.decode()


async def test_two_servers_know_their_own_kernels(server, tmp_path):
    async with serving(tmp_path, {"ServerApp": {"base_url": "/other/"}}) as other:
        here, there = await started(server), await started(other)
        for one, notebook in ((server, here), (other, there)):
            (kernel,) = (await one.ask("ipyvitals/api/kernels")).json["kernels"]
            assert kernel["kernel_id"] == notebook.kernel_id
            assert (await one.ask("api/models")).json["models"][0]["total_predictions"] == 10


async def test_a_kernel_without_viewers_falls_silent(server):
    notebook = await started(server)
    record = server.hub.kernels[notebook.kernel_id]
    server.disconnect_clients()
    await until(lambda: server.hub._viewer_counts._sent[notebook.kernel_id].count == 0)
    await until(lambda: not server.hub._viewer_counts._sent[notebook.kernel_id].in_flight)
    before = server.app.kernel_manager.get_kernel(notebook.kernel_id).last_activity
    last_n = latest(server, notebook).n
    # Three readings of the machine are due in this time.
    await asyncio.sleep(1.5)

    assert latest(server, notebook).n == last_n
    assert server.app.kernel_manager.get_kernel(notebook.kernel_id).last_activity == before
    record.last_seen -= hub_module.STALE_SECONDS
    at = latest(server, notebook).at
    assert (await server.ask("api/monitoring/system")).json["at"] > at
    # A request is no activity either: the kernel can be culled.
    assert server.app.kernel_manager.get_kernel(notebook.kernel_id).last_activity == before


async def test_a_viewer_sees_everything_within_a_second(server):
    notebook = await started(server)
    server.disconnect_clients()
    await until(lambda: server.hub._viewer_counts._sent[notebook.kernel_id].count == 0)
    await until(lambda: not server.hub._viewer_counts._sent[notebook.kernel_id].in_flight)
    stream = await server.stream()
    opened_at = time.monotonic()
    await stream.next()

    message = await stream.first("update")
    assert message["update"]["full"]
    assert time.monotonic() - opened_at < 1.0
    await stream.send({"type": "hidden"})
    await until(lambda: server.hub._viewer_counts._sent[notebook.kernel_id].count == 0)
    await stream.send({"type": "visible"})
    await until(lambda: server.hub._viewer_counts._sent[notebook.kernel_id].count == 1)


async def test_a_cell_that_floods_its_output_delays_no_update(server):
    notebook = await started(server)
    stream = await server.stream(types="update")
    await stream.next()
    printed = await notebook.run(
        "import time\n"
        "for n in range(900):\n"
        "    print(n, flush=True); monitor.record(1, 1); time.sleep(0.0001)\n"
        "monitor.flush()"
    )
    # The page lost much of the output.
    assert "rate exceeded" in printed

    await until(lambda: latest(server, notebook).metrics.total_predictions == 910)
    updates = [(await stream.first("update"))["update"] for _ in range(5)]
    numbers = [update["n"] for update in updates]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert not server.hub.kernels[notebook.kernel_id].dropped


async def test_a_kernel_older_than_the_hub_is_found_with_its_charts(server):
    notebook = await started(server)
    await until(lambda: len(server.hub.kernels[notebook.kernel_id].monitors["default"]._points) > 3)
    await server.hub.stop()
    server.hub.start()

    await until(lambda: server.hub.kernels[notebook.kernel_id].monitors)
    (kernel,) = (await server.ask("ipyvitals/api/kernels")).json["kernels"]
    assert len(kernel["monitors"][0]["history"]["at"]) > 3


async def test_kernels_behind_a_gateway_say_why_they_are_unavailable(server):
    why = "runs behind a gateway"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server.hub._kernel_manager, "unavailable_reason", lambda: why)
        stream = await server.stream()
        notebook = await server.notebook()
        message = await stream.first("kernel", change="unavailable")

        assert message["kernel"]["unavailable"] == why
        assert not message["kernel"]["connected"]
        answer = await server.ask(f"ipyvitals/api/kernels/{notebook.kernel_id}/reset", "POST")
        assert (answer.code, answer.json) == (504, {"message": why})


async def test_a_kernel_that_cannot_be_connected_affects_no_other(server):
    class Broken:
        kernel_name = "broken"
        execution_state = "idle"
        iopub_port = 1

    server.app.kernel_manager._kernels["broken"] = Broken()
    try:
        await until(lambda: "broken" in server.hub.kernels)
        state = server.hub.state("broken")
        assert "AttributeError" in state.unavailable
        notebook = await started(server)
        assert latest(server, notebook).model.name == "churn"
    finally:
        del server.app.kernel_manager._kernels["broken"]


async def test_pages_do_not_mistake_a_reply_for_the_end_of_a_cell(tmp_path):
    extensions = {"ipyvitals": True, "jupyterlab": True}
    config = {
        "ServerApp": {"jpserver_extensions": extensions},
        "LabApp": {"extension_manager": "readonly", "news_url": None},
    }
    async with serving(tmp_path, config) as server:
        page = (await server.ask("lab")).body.decode()

    untracked = re.search(r'"untracked_message_types": (\[[^\]]*\])', page)
    assert {"ipyvitals_request", "ipyvitals_reply"} <= set(json.loads(untracked[1]))
