"""When a kernel is told how many are watching."""

from __future__ import annotations

import asyncio

import pytest

from ipyvitals.server.errors import KernelSilentError
from ipyvitals.server.viewers import RENEW_SECONDS, RETRY_SECONDS, Viewers


class Kernel:
    def __init__(self):
        self.watched_by = 0
        self.told = []
        self.now = 0.0
        self.silent = False
        self.viewers = Viewers(lambda _: self.watched_by, self.tell, lambda: self.now)

    async def tell(self, kernel_id, count):
        if self.silent:
            raise KernelSilentError("nobody there")
        self.told.append(count)

    def look(self):
        if self.viewers.is_due("k"):
            asyncio.run(self.viewers.tell("k"))


@pytest.fixture
def kernel():
    return Kernel()


def test_it_is_told_at_first_and_on_every_change(kernel):
    kernel.look()
    kernel.look()
    kernel.watched_by = 2
    kernel.look()
    kernel.look()

    assert kernel.told == [0, 2]


def test_it_is_told_again_before_it_forgets(kernel):
    kernel.look()
    kernel.now = RENEW_SECONDS - 0.1
    kernel.look()
    assert kernel.told == [0]

    kernel.now = RENEW_SECONDS
    kernel.look()
    assert kernel.told == [0, 0]


def test_a_silent_kernel_is_asked_again_but_not_at_once(kernel):
    kernel.silent = True
    kernel.look()
    kernel.silent = False
    kernel.now = RETRY_SECONDS - 0.1
    kernel.look()
    assert kernel.told == []

    kernel.now = RETRY_SECONDS
    kernel.look()
    assert kernel.told == [0]


def test_one_that_began_anew_is_told_at_once(kernel):
    kernel.look()
    kernel.viewers.forget("k")
    kernel.look()

    assert kernel.told == [0, 0]
