"""Whatever a kernel sends, all routes answer, and the figures of other kernels stay."""

from __future__ import annotations

import contextlib
import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ipyvitals.server.errors import KernelReplyError, KernelTimeoutError
from tests.server.contract_strategies import replies, updates
from tests.server.fake_kernel import FakeKernel, delta, full
from tests.server.serving import until

pytestmark = pytest.mark.anyio

EXAMPLES, BATCH = 120, 10


def examples(strategy, count=EXAMPLES):
    """Return values of a strategy, the same ones in each run."""
    found = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


def encoded(value):
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return json.dumps(value).encode()
    finally:
        sys.set_int_max_str_digits(limit)


class Witness:
    """A sound kernel beside a hostile one, and a client that watches both."""

    def __init__(self, server, sound, hostile, stream):
        self.server, self.sound, self.hostile, self.stream = server, sound, hostile, stream
        self.n = 1

    async def check(self):
        """Check that every route answers, and that the sound kernel's figures arrive."""
        self.n += 1
        self.sound.send(delta(self.n, predictions=self.n))
        while True:
            message = await self.stream.next()
            assert message is not None, self.stream.reason
            update = message.get("update", {})
            if message.get("kernel_id") == self.sound.id and update.get("n") == self.n:
                break
        assert update["metrics"]["total_predictions"] == self.n
        assert not self.sound.record.dropped

        for path, query in (
            ("ipyvitals/api/models", {}),
            ("ipyvitals/api/kernels", {}),
            ("ipyvitals/api/monitoring/system", {"kernel_id": self.sound.id}),
            (f"ipyvitals/api/kernels/{self.hostile.id}/events", {}),
        ):
            answer = await self.server.ask(path, **query)
            assert answer.code == 200, (path, answer.body)
            assert answer.json
        answer = await self.server.ask("ipyvitals/api/monitoring/system", kernel_id=self.hostile.id)
        assert answer.code in (200, 404), answer.body
        metrics = await self.server.ask("metrics")
        assert metrics.code == 200
        samples = [
            (sample.name, tuple(sorted(sample.labels.items())))
            for family in text_string_to_metric_families(metrics.body.decode())
            for sample in family.samples
        ]
        assert len(samples) == len(set(samples))
        assert any(self.sound.id in dict(labels).values() for _, labels in samples)
        await self.whole_state_is_sent()

    async def whole_state_is_sent(self):
        stream = await self.server.stream()
        state = await stream.next()
        assert {one["kernel_id"] for one in state["kernels"]} >= {self.sound.id, self.hostile.id}
        stream.close()


@pytest.fixture
async def witness(server):
    sound = await FakeKernel(server).start()
    hostile = await FakeKernel(server).start()
    sound.send(full())
    hostile.send(full())
    await until(lambda: sound.record.monitors and hostile.record.monitors)
    stream = await server.stream()
    await stream.first("state")
    yield Witness(server, sound, hostile, stream)
    sound.stop()
    hostile.stop()


async def all_arrived(witness):
    """Wait until the server has handled what the hostile kernel sent."""
    record = witness.hostile.record
    before = record.dropped["malformed"]
    witness.hostile.send_raw(b"the end of a batch")
    await until(lambda: record.dropped["malformed"] > before)


async def send_all(witness, contents):
    for start in range(0, len(contents), BATCH):
        for content in contents[start : start + BATCH]:
            witness.hostile.send_raw(content)
        await all_arrived(witness)
        await witness.check()


async def test_updates_with_any_value_in_any_field(witness):
    contents = [encoded({"comm_id": "ipyvitals", "data": update}) for update in examples(updates())]
    await send_all(witness, contents)

    # Most of them were taken, without the values that are not sound.
    dropped = witness.hostile.record.dropped
    assert dropped["invalid"] > 0
    assert dropped["malformed"] < len(contents) / 2 + len(contents) / BATCH
    assert not dropped["forged"]


async def test_messages_of_any_bytes(witness):
    sound = encoded({"comm_id": "ipyvitals", "data": json.loads(encoded({}))})
    damaged = st.tuples(st.integers(0, len(sound)), st.binary(max_size=8)).map(
        lambda one: sound[: one[0]] + one[1] + sound[one[0] :]
    )
    await send_all(witness, examples(st.one_of(st.binary(max_size=200), damaged), 60))


async def test_messages_of_any_parts(witness):
    parts = st.lists(
        st.one_of(st.binary(max_size=40), st.just(b"<IDS|MSG>"), st.just(b"{}")), max_size=8
    )
    for each in examples(parts, 60):
        witness.hostile.iopub.send_multipart([b"comm-ipyvitals", *each])
    await all_arrived(witness)
    await witness.check()


async def test_replies_with_any_value_in_any_field(witness):
    for number, reply in enumerate(examples(replies(), 60)):
        witness.hostile.raw_reply = encoded(reply)
        with contextlib.suppress(KernelReplyError, KernelTimeoutError):
            await witness.server.hub.request(witness.hostile.id, "snapshot", history=True)
        if number % BATCH == 0:
            await witness.check()
    await witness.check()
