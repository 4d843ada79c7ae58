"""However a monitor ends, the server learns that it is gone."""

from __future__ import annotations

import msgspec
import pytest

from ipyvitals.schema import ModelSection
from ipyvitals.schema.protocol import Reply
from tests.server.fake_kernel import SNAPSHOT, FakeKernel, full
from tests.server.serving import started, until

pytestmark = pytest.mark.anyio

DEGRADED = """
from ipyvitals import Monitor, Thresholds
thresholds = Thresholds(accuracy=0.9)
monitor = Monitor(
    "churn", name="default", interval=0.5, metrics_interval=0.1, thresholds=thresholds
)
monitor.record_batch([1] * 100, [0] * 100)
monitor.flush()
"""


@pytest.mark.parametrize(
    "end",
    [
        "monitor.close()",
        "del monitor; import gc; gc.collect()",
        "%reset -f\nimport gc; gc.collect()",
        "monitor.itself = monitor; del monitor; import gc; gc.collect()",
    ],
    ids=["close", "del", "reset", "cycle"],
)
async def test_a_monitor_that_is_gone_is_closed_and_degraded_no_more(server, end):
    notebook = await started(server, DEGRADED)
    record = server.hub.kernels[notebook.kernel_id]
    await until(lambda: record.monitors["default"].latest.model.status == "degraded")
    await notebook.run(end)
    await until(lambda: record.monitors["default"].latest.closed)

    system = (await server.ask("api/monitoring/system")).json
    assert system["model"]["status"] == "stopped"
    models = (await server.ask("api/models")).json["models"]
    assert {one["status"] for one in models} == {"stopped"}
    assert notebook.kernel_id not in (await server.ask("metrics")).body.decode()


async def test_a_monitor_of_the_same_name_goes_on(server):
    notebook = await started(server, DEGRADED)
    await notebook.run("del monitor; import gc; gc.collect()\n" + DEGRADED)
    record = server.hub.kernels[notebook.kernel_id]
    await until(lambda: not record.monitors["default"].latest.closed)
    await notebook.run("monitor.record(1, 1); monitor.flush()")
    await until(lambda: record.monitors["default"].latest.model.total_predictions % 100 == 1)

    assert not record.monitors["default"].latest.closed


@pytest.fixture
async def kernel(server):
    running = await FakeKernel(server).start()
    yield running
    running.stop()


def monitors(kernel):
    return {name: one.latest.closed for name, one in kernel.record.monitors.items()}


async def test_a_monitor_that_the_kernel_does_not_name_any_more_is_ended(server, kernel):
    degraded = msgspec.structs.replace(SNAPSHOT.model, status="degraded")
    kernel.send(full("gone", model=degraded))
    kernel.send(full("there"))
    await until(lambda: len(kernel.record.monitors) == 2)
    stream = await server.stream()
    await stream.first("state")
    kernel.reply = Reply(open=["there"])
    await server.hub.request(kernel.id, "viewers", count=1)

    assert monitors(kernel) == {"gone": True, "there": False}
    update = (await stream.first("update"))["update"]
    assert (update["monitor"], update["closed"]) == ("gone", True)
    assert update["model"]["status"] == "stopped"
    # From here on the kernel names it again, whenever the server asks.
    kernel.reply = Reply(open=["gone", "there"])
    kernel.send(full("gone", n=1, model=ModelSection(status="active")))
    await until(lambda: not monitors(kernel)["gone"])


async def test_a_kernel_that_names_no_monitors_is_of_an_older_version(server, kernel):
    kernel.send(full("there"))
    await until(lambda: kernel.record.monitors)
    await server.hub.request(kernel.id, "viewers", count=1)

    assert monitors(kernel) == {"there": False}
