"""Twenty kernels and hundreds of concurrent clients, one of which does not read."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import AsyncExitStack

import pytest

from ipyvitals.server.client_queue import SLOW_SECONDS
from tests.server.fake_kernel import FakeKernel, delta, full
from tests.server.serving import serving, until

pytestmark = pytest.mark.anyio

KERNELS, CLIENTS, ROUNDS = 20, 300, 4
WAITING = 60
SOCKET_BYTES = 4096
TEXT_FRAME = 1


class StuckClient:
    """Opens the stream and reads nothing until `read` is called."""

    def __init__(self, server):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BYTES)
        self.socket.setblocking(False)
        self.server = server
        self.subscriber = None

    async def open(self):
        before = set(self.server.hub.broadcaster.subscribers)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", self.server.app.port))
        lines = [
            "GET /ipyvitals/api/events HTTP/1.1",
            f"Host: 127.0.0.1:{self.server.app.port}",
            f"Authorization: token {self.server.token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        await loop.sock_sendall(self.socket, "\r\n".join([*lines, "", ""]).encode())
        subscribers = self.server.hub.broadcaster.subscribers
        await until(lambda: len(subscribers) > len(before))
        (self.subscriber,) = subscribers - before
        # Small socket buffers, so that almost all data waits in the memory of the server.
        self.subscriber.ws_connection.stream.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES
        )

    @property
    def buffered_bytes(self):
        """Bytes that the server buffers for the client: queued, or partly written."""
        stream = self.subscriber.ws_connection.stream
        return self.subscriber._client_queue._bytes + len(stream._write_buffer)

    async def read(self, until_type):
        """Read messages up to the first one of a type; return all of them."""
        reader, writer = await asyncio.open_connection(sock=self.socket)
        async with asyncio.timeout(30):
            await reader.readuntil(b"\r\n\r\n")
            messages = []
            while not messages or messages[-1]["type"] != until_type:
                head, size = await reader.readexactly(2)
                if size >= 126:
                    more = await reader.readexactly(2 if size == 126 else 8)
                    size = int.from_bytes(more, "big")
                text = await reader.readexactly(size)
                if head & 0xF == TEXT_FRAME:
                    messages.append(json.loads(text))
        writer.close()
        return messages


async def test_all_clients_receive_everything_in_order_except_one_that_does_not_read(tmp_path):
    config = {"IpyvitalsExtension": {"client_messages": WAITING}}
    async with serving(tmp_path, config) as server, AsyncExitStack() as ending:
        kernels = [await FakeKernel(server).start() for _ in range(KERNELS)]
        for kernel in kernels:
            ending.callback(kernel.stop)
        for kernel in kernels:
            kernel.send(full())
        await until(lambda: all(kernel.record.monitors for kernel in kernels))
        streams = await asyncio.gather(*(server.stream() for _ in range(CLIENTS)))
        for state in await asyncio.gather(*(stream.next() for stream in streams)):
            assert len(state["kernels"]) == KERNELS
        stuck = StuckClient(server)
        await stuck.open()

        last = 1 + ROUNDS
        wanted = {kernel.id: list(range(2, last + 1)) for kernel in kernels}
        listening = [asyncio.create_task(listen(stream, wanted)) for stream in streams]
        buffered = []

        def send_all(n):
            for kernel in kernels:
                kernel.send(delta(n, predictions=n))

        for n in range(2, last):
            send_all(n)
            # As with real kernels, time passes between two updates of a kernel.
            await until(lambda n=n: all(one.latest.n == n for one in monitors(kernels)))
            others = server.hub.broadcaster.subscribers - {stuck.subscriber}
            await until(
                lambda others=others: not any(one._client_queue._messages for one in others)
            )
            buffered.append(stuck.buffered_bytes)
        # What the socket took in the beginning is one message; then the client takes none.
        queue = stuck.subscriber._client_queue
        await until(lambda: time.monotonic() - queue._taken_at > SLOW_SECONDS)
        send_all(last)
        await until(lambda: all(one.latest.n == last for one in monitors(kernels)))
        buffered.append(stuck.buffered_bytes)
        numbers = await asyncio.gather(*listening)

        assert len({tuple(ids) for ids in numbers}) == 1
        assert numbers[0] == list(range(numbers[0][0], numbers[0][0] + len(numbers[0])))
        assert not any(kernel.record.dropped for kernel in kernels)
        # More was sent than the queue may hold: it was dropped, and its memory is free again.
        assert len(numbers[0]) > WAITING
        # At first the socket buffers may hold everything.
        assert max(buffered) > 0
        assert max(buffered) <= state_bytes(stuck) + WAITING * 2_000
        assert buffered[-1] <= state_bytes(stuck)

        messages = await stuck.read("missed")
        assert messages[0]["type"] == "state"
        delivered = len(messages) - 2
        assert (
            delivered + messages[-1]["count"] == server.hub.broadcaster.last_id - messages[0]["id"]
        )


async def listen(stream, wanted):
    """Return the ids of all messages up to the last update of each kernel."""
    received = {kernel_id: [] for kernel_id in wanted}
    ids = []
    while received != wanted:
        message = await stream.next()
        assert message["type"] != "missed"
        ids.append(message["id"])
        if message["type"] == "update":
            received[message["kernel_id"]].append(message["update"]["n"])
    return ids


def monitors(kernels):
    return [kernel.record.monitors["default"] for kernel in kernels]


def state_bytes(client):
    """Return the size of the state message, which each client receives first."""
    return len(client.subscriber._state())
