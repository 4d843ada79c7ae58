"""When the server sends a kernel its viewer count."""

from __future__ import annotations

import asyncio

import pytest

from ipyvitals.server.errors import KernelTimeoutError
from ipyvitals.server.viewers import RENEW_SECONDS, RETRY_SECONDS, ViewerCountSender


class Kernel:
    def __init__(self):
        self.viewer_count = 0
        self.received = []
        self.now = 0.0
        self.silent = False
        self.sender = ViewerCountSender(lambda _: self.viewer_count, self.receive, lambda: self.now)

    async def receive(self, kernel_id, count):
        if self.silent:
            raise KernelTimeoutError("no reply")
        self.received.append(count)

    def poll(self):
        if self.sender.is_due("k"):
            asyncio.run(self.sender.send("k"))


@pytest.fixture
def kernel():
    return Kernel()


def test_the_count_is_sent_first_and_on_every_change(kernel):
    kernel.poll()
    kernel.poll()
    kernel.viewer_count = 2
    kernel.poll()
    kernel.poll()

    assert kernel.received == [0, 2]


def test_the_count_is_sent_again_before_it_expires(kernel):
    kernel.poll()
    kernel.now = RENEW_SECONDS - 0.1
    kernel.poll()
    assert kernel.received == [0]

    kernel.now = RENEW_SECONDS
    kernel.poll()
    assert kernel.received == [0, 0]


def test_after_a_timeout_the_count_is_sent_again_with_a_delay(kernel):
    kernel.silent = True
    kernel.poll()
    kernel.silent = False
    kernel.now = RETRY_SECONDS - 0.1
    kernel.poll()
    assert kernel.received == []

    kernel.now = RETRY_SECONDS
    kernel.poll()
    assert kernel.received == [0]


def test_a_restarted_kernel_receives_the_count_at_once(kernel):
    kernel.poll()
    kernel.sender.forget("k")
    kernel.poll()

    assert kernel.received == [0, 0]
