"""Every bound of the documents holds on every way in, and on every way out."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from ipyvitals.schema import Gpu, Notice, Point, SystemSection
from ipyvitals.schema.decoding import MAX_ITEMS, MAX_TEXT_CHARS
from ipyvitals.schema.protocol import Reply
from ipyvitals.server import client_queue, kernel_state, rest
from ipyvitals.server.metrics import collector, derived, sources
from tests.server.fake_kernel import AT, SNAPSHOT, FakeKernel, delta, full
from tests.server.serving import until

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "server.md"
UPDATE_BYTES = 1024 * 1024


@pytest.fixture
async def kernel(server):
    running = await FakeKernel(server).start()
    yield running
    running.stop()


async def by_broadcast(kernel, *updates):
    for update in updates:
        kernel.send(update)
    kernel.send(full("mark"))
    await until(lambda: "mark" in kernel.record.monitors or kernel.record.dropped["monitors"])


async def by_reply(kernel, *updates):
    kernel.reply = Reply(monitors=list(updates))
    await kernel.server.hub.request(kernel.id, "snapshot", history=True)
    kernel.reply = Reply()


@pytest.fixture(params=[by_broadcast, by_reply])
def send(request):
    return request.param


def row(number, **fields):
    return replace(SNAPSHOT.models[0], model_id=f"m{number}", active=False, **fields)


def notice(number, message=""):
    return Notice(code=f"code.{number}", message=message, count=1, at=AT)


async def test_an_update_above_its_size_is_dropped(kernel, send):
    large = full(notices=[notice(n, "x" * 10_000) for n in range(200)])
    assert len(msgspec.json.encode(large)) > UPDATE_BYTES
    await send(kernel, large)

    assert "default" not in kernel.record.monitors
    assert kernel.record.dropped == {"oversized": 1}


async def test_lists_end_with_their_bound(kernel, send):
    await send(kernel, full(notices=[notice(n) for n in range(5_000)]))

    assert len(kernel.record.monitors["default"].latest.notices) == MAX_ITEMS
    assert kernel.record.dropped == {"invalid": 4_000}


async def test_models_are_bounded_also_over_many_updates(kernel, send):
    updates = [
        replace(full(n=n), models=[row(f"{n} {place}") for place in range(600)], full=n == 1)
        for n in range(1, 5)
    ]
    await send(kernel, *updates)

    assert len(kernel.record.monitors["default"].latest.models) == kernel_state.MAX_MODELS


async def test_a_row_of_a_model_is_bounded(kernel, send):
    rows = [row(1, reason="x" * 50_000), row("2" * 50_000), row(3)]
    await send(kernel, full(models=rows))

    found = kernel.record.monitors["default"].latest.models
    assert [(one.model_id, one.reason) for one in found] == [("m1", None), ("m3", None)]
    assert kernel.record.dropped == {"oversized": 1}


async def test_texts_are_cut(kernel, send):
    await send(kernel, full(model=replace(SNAPSHOT.model, name="x" * 100_000)))

    assert len(kernel.record.monitors["default"].latest.model.name) == MAX_TEXT_CHARS


async def test_the_number_of_monitors_is_bounded(kernel, send):
    await send(kernel, *(full(f"monitor {n}") for n in range(40)))

    assert len(kernel.record.monitors) == kernel_state.MAX_MONITORS


async def test_points_are_bounded(kernel, send):
    columns = {name: [1.0] * 900 for name in Point.__struct_fields__}
    columns["at"] = [AT - 900 + n for n in range(900)]
    await send(kernel, full(history=columns), *(delta(n) for n in range(2, 20)))

    state = kernel.server.hub.state(kernel.id)
    history = next(one.history for one in state.monitors if one.monitor == "default")
    assert {len(column) for column in history.values()} == {600}


async def test_events_are_bounded(kernel, send):
    await send(kernel, full(), *(delta(n) for n in range(2, 302)))

    assert len(kernel.record.events) <= 200


async def test_a_reply_as_a_whole_is_bounded(server, kernel):
    kernel.reply = Reply(message="x" * 40_000_000)
    answer = await server.ask(f"ipyvitals/api/kernels/{kernel.id}/reset", "POST")

    assert answer.code == 504
    assert "too large" in answer.json["message"]
    assert kernel.record.dropped == {"oversized": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"monitor": "' + "x" * rest.MAX_BODY_BYTES + '"}', 413),
        ("[" * 10_000, 400),
        ('{"monitor": ' + "1" * 5_000 + "}", 400),
        ('{"monitor": NaN}', 400),
    ],
    ids=["large", "deep", "number", "nan"],
)
async def test_bodies_are_bounded(server, kernel, body, code):
    answer = await server.ask(f"ipyvitals/api/kernels/{kernel.id}/reset", "POST", body)

    assert answer.code == code, answer.body
    assert "expected" in answer.json["message"]


@pytest.mark.parametrize("since", ["9" * 4_301, "9" * 19, "0"])
async def test_any_number_to_resume_from_is_answered(server, kernel, since):
    stream = await server.stream(since=since)

    assert (await stream.next())["type"] in ("state", "kernel")


async def test_any_number_to_resume_from_in_a_message_is_answered(server):
    stream = await server.stream()
    await stream.first("state")
    await stream.send('{"type": "resume", "since": ' + "9" * 4_000 + "}")

    assert (await stream.next())["type"] == "state"


async def test_the_first_message_is_the_state_of_any_size(server, kernel):
    columns = {name: [1 / 3] * 600 for name in Point.__struct_fields__}
    columns["at"] = [AT - 600 + n + 1 / 3 for n in range(600)]
    for n in range(32):
        kernel.send(full(f"monitor {n}", history=columns))
    await until(lambda: len(kernel.record.monitors) == 32)
    stream = await server.stream()
    state = await stream.next()

    assert len(json.dumps(state)) > client_queue.MAX_BYTES
    assert state["type"] == "state"
    assert len(state["kernels"][0]["monitors"]) == 32
    kernel.send(full("monitor 0", n=2))
    assert (await stream.next())["type"] == "update"


async def test_a_client_that_reads_misses_nothing_of_a_burst(server, kernel):
    events = [replace(delta(2).events[0], seq=n, at=AT + n) for n in range(2, 102)]
    for n in range(12):
        kernel.send(full(f"monitor {n}"))
    await until(lambda: len(kernel.record.monitors) == 12)
    stream = await server.stream()
    for n in range(12):
        burst = [replace(event, monitor=f"monitor {n}") for event in events]
        kernel.send(replace(delta(2, f"monitor {n}"), seq=101, events=burst))
    state = await stream.next()
    received = [await stream.next() for _ in range(12 * 101)]

    assert state["type"] == "state"
    assert not [one for one in received if one["type"] in ("missed", "state")]
    ids = [one["id"] for one in received]
    assert ids == list(range(state["id"] + 1, state["id"] + 1 + len(ids)))


async def test_series_are_bounded_and_what_is_left_out_is_counted(server, kernel):
    active = replace(SNAPSHOT.models[0], model_id="active")
    gpus = [Gpu(index=0, power_watts=float(n)) for n in range(200)]
    codes = [notice(n) for n in range(300)]
    for n in range(3):
        models = [*(row(place) for place in range(500)), active]
        sections = {"models": models, "notices": codes, "system": SystemSection(gpus=gpus)}
        kernel.send(full(f"monitor {n}", **sections))
    await until(lambda: len(kernel.record.monitors) == 3)
    text = (await server.ask("metrics")).body.decode()

    found = {one.name: one for one in text_string_to_metric_families(text)}
    predictions = found["ipyvitals_predictions"].samples
    assert len(predictions) == collector.DEFAULT_MAX_MODELS
    assert sum(one.value for one in found["ipyvitals_active_model"].samples) == 3
    assert [one.value for one in found["ipyvitals_omitted_models"].samples] == [3 * 501 - 200]
    assert len(found["ipyvitals_gpu_power_watts"].samples) == 3 * sources.MAX_GPUS
    assert len(found["ipyvitals_notices"].samples) == 3 * derived.MAX_CODES


async def test_series_are_never_the_same_twice(server, kernel):
    long = "x" * 200
    models = [
        row(1, name="churn", version="1"),
        replace(row(2, name="churn", version="1"), model_id="churn"),
        replace(row(3, name="churn", version="1"), model_id=f"{long}a"),
        replace(row(3, name="churn", version="1"), model_id=f"{long}b"),
        replace(row(4, name="churn (churn)", version="1"), model_id="churn"),
    ]
    system = SystemSection(gpus=[Gpu(index=0, power_watts=1.0), Gpu(index=0, power_watts=2.0)])
    notices = [notice(1), notice(1), notice(f"{long}a"), notice(f"{long}b")]
    sections = {"models": models, "system": system, "notices": notices}
    kernel.send(full(f"{long}a", **sections))
    kernel.send(full(f"{long}b", **sections))
    await until(lambda: len(kernel.record.monitors) == 2)
    text = (await server.ask("metrics")).body.decode()

    lines = [line.rpartition(" ")[0] for line in text.splitlines() if line.startswith("ipyvitals")]
    assert len(lines) == len(set(lines))
    assert sum(line.startswith("ipyvitals_predictions_total") for line in lines) == 2 * 5
    assert sum(line.startswith("ipyvitals_gpu_power_watts") for line in lines) == 2 * 2
    assert sum(line.startswith("ipyvitals_notices_total") for line in lines) == 2 * 3


def test_the_document_names_every_bound():
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())

    for bound in (
        f"{kernel_state.MAX_MONITORS} monitors",
        f"{kernel_state.MAX_MODELS:,} models",
        f"{kernel_state.MAX_MODEL_BYTES // 1024} KiB",
        f"{kernel_state.MAX_EVENT_BYTES // 1024} KiB",
        f"{MAX_TEXT_CHARS:,} characters",
        f"{MAX_ITEMS:,} entries",
        f"{client_queue.MAX_BYTES // 1024**2} MiB",
        f"{client_queue.MAX_BURST_BYTES // 1024**2} MiB",
        f"{rest.MAX_BODY_BYTES // 1024} KiB",
        f"{sources.MAX_GPUS} GPUs",
        f"{derived.MAX_CODES} codes",
        f"{sources.MAX_LABEL_CHARS} characters",
    ):
        assert bound in text, bound
