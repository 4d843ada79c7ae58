"""Messages of the WebSocket."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tornado.httpclient import HTTPClientError

from ipyvitals import EVENT_TYPES
from ipyvitals.server import client_queue
from ipyvitals.server.schema import KernelMessage, StateMessage, UpdateMessage
from tests.server.fake_kernel import FakeKernel, delta, full
from tests.server.serving import START, started, until

pytestmark = pytest.mark.anyio

MOVE = "monitor.record(1, 1); monitor.flush()"


async def test_the_state_comes_first_then_what_changes(server):
    notebook = await started(server)
    stream = await server.stream()
    state = msgspec.convert(await stream.next(), StateMessage)
    (kernel,) = state.kernels
    (monitor,) = kernel.monitors
    assert monitor.metrics.total_predictions == 10
    assert monitor.history["at"]

    await notebook.run(MOVE)
    while True:
        message = await stream.first("update", kernel_id=notebook.kernel_id)
        update = msgspec.convert(message, UpdateMessage).update
        if update.metrics and update.metrics.total_predictions == 11:
            break
    assert "history" not in message["update"]
    assert update.events == []
    numbers = [one["id"] for one in stream.received]
    assert numbers == list(range(state.id, state.id + len(numbers)))


async def test_all_seven_events_are_sent_with_their_kernel(server):
    stream = await server.stream()
    notebook = await started(
        server,
        START
        + "for step in monitor.track(range(3)): monitor.log(loss=float('nan')); monitor.flush()\n"
        + "monitor.deploy('b')",
    )

    seen = {}
    while set(EVENT_TYPES) - seen.keys():
        message = await stream.next()
        seen[message["type"]] = message
    for name in EVENT_TYPES:
        assert seen[name]["kernel_id"] == notebook.kernel_id
        assert seen[name]["monitor"] == "default"
    assert seen["model_deployed"]["model_name"] == "b"


async def test_each_lifecycle_change_of_a_kernel_is_sent(server):
    stream = await server.stream()
    assert (await stream.next())["kernels"] == []
    notebook = await server.notebook("life.ipynb")
    added = msgspec.convert(await stream.first("kernel", change="added"), KernelMessage)
    assert added.kernel_id == notebook.kernel_id
    assert added.kernel.connected

    session = msgspec.convert(await stream.first("kernel", change="session"), KernelMessage)
    assert session.kernel.path == "life.ipynb"
    await server.ask(f"api/kernels/{notebook.kernel_id}", "DELETE")
    removed = await stream.first("kernel", change="removed")
    assert removed["kernel"] is None


async def test_renaming_a_notebook_is_sent(server):
    stream = await server.stream()
    await server.notebook("before.ipynb")
    await stream.first("kernel", change="session")
    (session,) = (await server.ask("api/sessions")).json
    await server.ask(f"api/sessions/{session['id']}", "PATCH", {"path": "after.ipynb"})

    message = await stream.first("kernel", change="session")
    assert message["kernel"]["path"] == "after.ipynb"


async def test_a_client_can_select_one_kernel_and_some_types(server):
    one = await started(server, path="one.ipynb")
    other = await started(server, path="other.ipynb")
    stream = await server.stream(kernel_id=one.kernel_id, types="model_deployed")
    state = await stream.next()
    assert [kernel["kernel_id"] for kernel in state["kernels"]] == [one.kernel_id]
    for notebook in (other, one):
        await notebook.run(MOVE + "; monitor.deploy('next');")

    message = await stream.next()
    while message["type"] == "kernel":
        message = await stream.next()
    assert (message["type"], message["kernel_id"]) == ("model_deployed", one.kernel_id)


async def test_unknown_types_are_refused(server):
    with pytest.raises(HTTPClientError) as refused:
        await server.stream(types="updates")

    assert refused.value.code == 400


async def test_a_client_that_reconnects_receives_what_it_missed(server):
    notebook = await started(server)
    first = await server.stream()
    state = await first.next()
    first.close()
    await notebook.run(MOVE + "; monitor.deploy('next');")
    await until(lambda: server.hub.broadcaster.last_id > state["id"])

    again = await server.stream(since=state["id"], stream=state["stream"])
    message = await again.next()
    assert message["id"] == state["id"] + 1
    await again.first("model_deployed")
    await again.send({"type": "resume", "since": state["id"]})
    until_again = again.received[-1]["id"]
    while (message := await again.next())["id"] > state["id"] + 1:
        assert message["id"] == until_again + 1
        until_again = message["id"]


@pytest.mark.parametrize("query", [{"since": 10**9}, {"since": 0, "stream": "of another run"}])
async def test_a_client_that_cannot_resume_receives_the_whole_state(server, query):
    await started(server)
    stream = await server.stream(**query)

    assert (await stream.next())["type"] == "state"


@pytest.mark.parametrize(
    "message",
    [
        "broken",
        b"\xff\xfe",
        {"type": "execute"},
        {"type": "resume"},
        ["type"],
        {"type": "resume", "since": "1"},
    ],
)
async def test_invalid_messages_of_a_client_close_the_connection(server, message):
    stream = await server.stream()
    await stream.send(message)

    assert await stream.closed() == 1003
    assert "expected" in stream.reason


async def test_an_oversized_message_of_a_client_closes_the_connection(server):
    stream = await server.stream()
    await stream.send(" " * 5000)

    assert await stream.closed() == 1009


async def test_a_slow_client_receives_the_newest_state_and_the_number_of_missed_messages(
    server, monkeypatch
):
    kernel = await FakeKernel(server).start()
    kernel.send(full())
    await until(lambda: kernel.record.monitors)
    stream = await server.stream()
    await stream.next()
    (subscriber,) = server.hub.broadcaster.subscribers
    opened = asyncio.Event()
    write = subscriber.write_message

    async def slow_write(message):
        await opened.wait()
        await write(message)

    monkeypatch.setattr(subscriber, "write_message", slow_write)
    # Any client that did not take everything at once is slow.
    monkeypatch.setattr(client_queue, "SLOW_SECONDS", 0.0)
    for n in range(2, 302):
        kernel.send(delta(n, predictions=n))
    await until(lambda: kernel.record.monitors["default"].latest.n == 301)
    opened.set()
    missed = await stream.first("missed")
    # Each delta is an update and an event; one message was being written.
    assert 200 < missed["count"] < 600

    state = await stream.next()
    assert (state["type"], state["id"]) == ("state", missed["id"])
    assert state["kernels"][0]["monitors"][0]["metrics"]["total_predictions"] == 301
    kernel.send(delta(302))
    assert (await stream.next())["id"] == state["id"] + 1
    kernel.stop()


async def test_too_many_clients_are_refused(server):
    streams = [await server.stream() for _ in range(3)]
    for stream in streams:
        await stream.next()
    with pytest.MonkeyPatch.context() as patch:
        for rule in server.app.web_app.default_router.rules:
            for route in getattr(rule.target, "rules", ()):
                if "max_clients" in getattr(route, "target_kwargs", {}):
                    patch.setitem(route.target_kwargs, "max_clients", 3)
        last = await server.stream()
        assert await last.closed() == 1013

    assert "3 places" in last.reason


async def test_the_end_of_the_server_closes_the_stream(tmp_path):
    from tests.server.serving import serving

    async with serving(tmp_path) as server:
        stream = await server.stream()
        await stream.next()
        server._open.clear()
    assert await stream.closed() == 1001
    stream.close()
