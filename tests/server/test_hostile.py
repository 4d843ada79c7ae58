"""Invalid or oversized messages of a kernel affect neither the server nor other kernels."""

from __future__ import annotations

import itertools
import json

import msgspec
import psutil
import pytest
from jupyter_client.session import Session
from prometheus_client.parser import text_string_to_metric_families

from ipyvitals.schema import ModelDeployed, ModelSection
from ipyvitals.schema.protocol import Reply
from ipyvitals.server import hub as hub_module
from tests.server.fake_kernel import AT, SNAPSHOT, FakeKernel, delta, full
from tests.server.serving import until

pytestmark = pytest.mark.anyio


def rss():
    return psutil.Process().memory_info().rss


@pytest.fixture
async def kernel(server):
    running = await FakeKernel(server).start()
    yield running
    running.stop()


async def all_received(kernel):
    """Wait until all messages sent so far have arrived."""
    monitor = f"mark {len(kernel.record.monitors)}"
    kernel.send(full(monitor))
    await until(lambda: monitor in kernel.record.monitors)


async def test_a_message_with_a_wrong_signature_is_dropped(kernel):
    kernel.send(full("forged"), Session(key=b"another"))
    await all_received(kernel)

    assert "forged" not in kernel.record.monitors
    assert kernel.record.dropped == {"forged": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"comm_id": "ipyvitals"}',
        b'{"comm_id": "ipyvitals", "data": {"monitor": "m"}}',
        b'{"comm_id": "ipyvitals", "data": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        json.dumps(
            {"comm_id": "ipyvitals", "data": {**msgspec.to_builtins(full()), "at": "today"}}
        ).encode(),
    ],
    ids=range(9),
)
async def test_broken_messages_are_dropped_and_counted(kernel, content):
    kernel.send_raw(content)
    await all_received(kernel)

    assert kernel.record.dropped == {"malformed": 1}
    assert "default" not in kernel.record.monitors


async def test_messages_of_other_comms_are_ignored(kernel):
    kernel.send_content({"comm_id": "other", "data": {"any": "thing"}})
    await all_received(kernel)

    assert not kernel.record.dropped


async def test_a_large_message_is_dropped_and_counted(kernel):
    kernel.send(full(model=ModelSection(name="x" * 2_000_000)))
    await all_received(kernel)

    assert kernel.record.dropped == {"oversized": 1}


async def test_a_huge_message_affects_no_other_kernel(server, kernel):
    other = await FakeKernel(server).start()
    before = rss()
    kernel.send_raw(b" " * 50_000_000)
    other.send(full())
    await until(lambda: other.record.monitors)
    await until(lambda: kernel.record.dropped == {"oversized": 1})
    kernel.send(full(model=ModelSection(name="after")))
    await until(lambda: kernel.record.monitors)

    # The sender is in this process too: neither side keeps the message in memory.
    await until(lambda: rss() - before < 40_000_000)
    other.stop()


async def test_a_broken_connection_is_reopened(server, kernel, monkeypatch):
    stream = await server.stream()
    await stream.next()
    kernel.send(full())
    await until(lambda: kernel.record.monitors)
    kernel.send_raw(b" " * 70_000_000)
    monkeypatch.setattr(hub_module, "SILENCE_TIMEOUT_SECONDS", 0.1)
    # ZeroMQ disconnected: the server subscribes to the topic again.
    await until(lambda: kernel.topics.count(b"\x01comm-ipyvitals") >= 2)

    numbers = itertools.count(3)

    def is_received():
        # On a slow machine ZeroMQ may have disconnected again in the meantime.
        kernel.send(full(n=next(numbers), model=ModelSection(name="after")))
        return kernel.record.monitors["default"].latest.model.name == "after"

    await until(is_received)


async def test_names_are_text_and_stay_text(server, kernel):
    name = '<img src=x onerror=alert(1)>"\n\\{}%s'
    version = "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    row = msgspec.structs.replace(SNAPSHOT.models[0], name=name, version=version)
    kernel.send(full(name, model=ModelSection(name=name, version=version), models=[row]))
    await until(lambda: kernel.record.monitors)

    answer = await server.ask("api/monitoring/system", monitor=name)
    assert answer.json["model"]["name"] == name
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    metrics = (await server.ask("metrics")).body.decode()
    labels = [
        sample.labels
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.labels.get("kernel") == kernel.id and "model" in sample.labels
    ]
    assert {one["model"] for one in labels} == {name}


async def test_the_number_of_monitors_is_bounded(kernel):
    for n in range(100):
        kernel.send(full(f"monitor {n}"))
    await until(lambda: kernel.record.dropped["monitors"] == 68)

    assert len(kernel.record.monitors) == 32
    kernel.send(full("monitor 0", n=2, closed=True))
    kernel.send(full("new"))
    await until(lambda: "new" in kernel.record.monitors)
    assert len(kernel.record.monitors) == 32


async def test_events_and_points_are_bounded(kernel):
    kernel.send(full())
    large = ModelDeployed(
        monitor="default",
        seq=1,
        at=AT,
        model_id="m",
        model_name="x" * 100_000,
        model_version=None,
        deployment_timestamp=AT,
    )
    kernel.send(full(n=2, seq=1, events=[large]))
    for n in range(3, 703):
        kernel.send(delta(n))
    await until(lambda: kernel.record.monitors)
    await until(lambda: kernel.record.monitors["default"].latest.n == 702)

    assert kernel.record.dropped == {"oversized": 1}
    assert len(kernel.record.events) == 200
    assert kernel.record.events[-1].seq == 702
    history = kernel.server.hub.state(kernel.id).monitors[0].history
    assert {len(column) for column in history.values()} == {600}


async def test_a_gap_is_counted_and_filled_by_a_request(kernel):
    kernel.reply = Reply(monitors=[full(n=9, model=ModelSection(name="asked"))])
    kernel.send(full())
    kernel.send(delta(5))

    await until(lambda: kernel.record.monitors)
    await until(lambda: kernel.record.monitors["default"].latest.model.name == "asked")
    assert kernel.record.dropped == {"lost": 1}
    kernel.send(delta(9))
    kernel.send(delta(10, predictions=7))
    await until(lambda: kernel.record.monitors["default"].latest.metrics.total_predictions == 7)
    assert kernel.record.dropped == {"lost": 1}


async def test_requests_to_a_kernel_that_numbers_wrongly_are_rate_limited(kernel):
    kernel.send(full())
    for n in range(2, 200, 2):
        kernel.send(delta(n + 1))
    await all_received(kernel)

    requests = [one for one in kernel.requests if one["request"] == "snapshot"]
    assert len(requests) <= 2
