"""Fifty kernels and a hundred clients at once."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.fake_kernel import FakeKernel, delta, full
from tests.server.serving import until

pytestmark = pytest.mark.anyio

KERNELS, CLIENTS, ROUNDS = 50, 100, 3


async def test_every_client_hears_of_every_kernel_in_order(server):
    kernels = [await FakeKernel(server).start() for _ in range(KERNELS)]
    for kernel in kernels:
        kernel.send(full())
    await until(lambda: all(kernel.record.monitors for kernel in kernels))
    streams = [await server.stream() for _ in range(CLIENTS)]
    for stream in streams:
        state = await stream.next()
        assert len(state["kernels"]) == KERNELS

    wanted = {kernel.id: list(range(2, 2 + ROUNDS)) for kernel in kernels}

    async def listen(stream):
        heard = {kernel.id: [] for kernel in kernels}
        while heard != wanted:
            message = await stream.next()
            assert message["type"] != "missed"
            if message["type"] == "update":
                heard[message["kernel_id"]].append(message["update"]["n"])
        return [one["id"] for one in stream.heard[1:]]

    listening = [asyncio.create_task(listen(stream)) for stream in streams]
    for n in range(2, 2 + ROUNDS):
        for kernel in kernels:
            kernel.send(delta(n, predictions=n))
        # As in life, there is time between two updates of a kernel.
        await until(lambda n=n: all(one.latest.n == n for one in monitors(kernels)))
        await until(lambda: not any(one._outbox._waiting for one in server.hub.feed.subscribers))
    numbers = await asyncio.gather(*listening)

    for heard in numbers:
        assert heard == list(range(heard[0], heard[0] + len(heard)))
    for kernel in kernels:
        assert not kernel.record.dropped
        kernel.stop()


def monitors(kernels):
    return [kernel.record.monitors["default"] for kernel in kernels]
