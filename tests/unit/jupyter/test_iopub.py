"""Messages handed to ipykernel's own thread: whole, in order, and whatever is missing."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest
import zmq
from ipykernel.inprocess.socket import DummySocket
from ipykernel.iostream import IOPubThread

from ipyvitals.jupyter import iopub as outlet
from ipyvitals.jupyter.iopub import open_outlet

WAIT_MS = 20_000
linux = pytest.mark.skipif(not hasattr(os, "eventfd"), reason="there is no eventfd")


class Wire:
    """ipykernel's thread on a socket that publishes, and who listens."""

    def __init__(self):
        self._context = zmq.Context()
        published = self._context.socket(zmq.PUB)
        published.bind("inproc://iopub")
        self._heard = self._context.socket(zmq.SUB)
        self._heard.connect("inproc://iopub")
        self._heard.subscribe(b"")
        self.thread = start(published)

    @property
    def socket(self):
        return self.thread.background_socket

    def add_findings(self, count=1):
        found = []
        for _ in range(count):
            assert self._heard.poll(WAIT_MS), f"{len(found)} of {count} came"
            found.append(self._heard.recv_multipart())
        return found

    def is_silent(self):
        return not self._heard.poll(0)

    def stop(self):
        stop(self.thread)

    def end(self):
        self.stop()
        self.thread.close()
        self._context.destroy(linger=0)


def start(socket):
    thread = IOPubThread(socket)
    thread.start()
    while thread._event_pipe_gc_task is None:
        time.sleep(0.001)
    return thread


def stop(thread):
    """End a thread, and its task before it, which ipykernel would leave behind."""
    if thread.thread.is_alive():
        loop, task = thread.io_loop.asyncio_loop, thread._event_pipe_gc_task
        asyncio.run_coroutine_threadsafe(cancel(task), loop).result(WAIT_MS / 1000)
    thread.stop()


async def cancel(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def wire():
    made = Wire()
    yield made
    made.end()


def test_a_message_comes_whole(wire):
    message = [b"topic", b"<IDS|MSG>", b"", b"x" * 100_000, b"\0\xff"]
    open_outlet(wire.socket)(message)

    assert wire.add_findings() == [message]


def test_none_overtakes_another(wire):
    post = open_outlet(wire.socket)
    for n in range(300):
        send = wire.socket.send_multipart if n % 3 else post
        send([b"topic", b"%d" % n])

    assert [int(n) for _, n in wire.add_findings(300)] == list(range(300))


def test_any_thread_hands_over(wire):
    post = open_outlet(wire.socket)
    threads = [
        threading.Thread(target=lambda one=one: [post([b"%d" % one, b"%d" % n]) for n in range(50)])
        for one in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    heard = wire.add_findings(400)
    for one in range(8):
        assert [int(n) for of, n in heard if int(of) == one] == list(range(50))
    assert wire.is_silent()


@linux
def test_all_lines_of_a_kernel_ring_one_bell(wire):
    assert open_outlet(wire.socket) is open_outlet(wire.socket)


@linux
@pytest.mark.parametrize("found", [None, lambda *args: -1], ids=["missing", "failing"])
def test_where_the_library_does_not_help_the_socket_sends(wire, monkeypatch, found):
    monkeypatch.setattr(outlet, "_zmq_send", lambda: found)
    open_outlet(wire.socket)([b"topic", b"content"])

    assert wire.add_findings() == [[b"topic", b"content"]]


def test_a_kernel_in_the_same_process_has_another_socket():
    socket = DummySocket()
    thread = start(socket)
    try:
        open_outlet(thread.background_socket)([b"topic", b"content"])
        frames = socket.queue.get(timeout=WAIT_MS / 1000)
        assert [frame.bytes for frame in frames] == [b"topic", b"content"]
    finally:
        stop(thread)


def test_without_a_bell_ipykernel_wakes_its_thread(wire, monkeypatch):
    monkeypatch.delattr(os, "eventfd", raising=False)

    assert open_outlet(wire.socket) == wire.socket.send_multipart


def test_once_the_thread_has_ended_the_caller_sends(wire):
    post = open_outlet(wire.socket)
    post([b"topic", b"before"])
    wire.add_findings()
    wire.stop()
    post([b"topic", b"after"])

    assert wire.add_findings() == [[b"topic", b"after"]]


def test_a_closed_socket_takes_nothing_and_raises_nothing(wire):
    post = open_outlet(wire.socket)
    wire.stop()
    wire.thread.close()

    post([b"topic", b"content"])
