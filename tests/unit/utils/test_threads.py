"""Workers go on after any error; calls of the main thread go on after an interrupt."""

from __future__ import annotations

import contextvars
import threading
import time

import pytest

from ipyvitals.utils.threads import Worker, run_uninterrupted

LONG = 20.0


def until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ValueError])
def test_a_loop_that_raises_runs_again_on_its_thread(error):
    worker, threads = Worker("tested"), []

    def loop():
        threads.append(threading.current_thread())
        if len(threads) < 3:
            raise error
        worker.end()

    worker.start(loop)
    worker.join(LONG)
    assert len(threads) == 3
    assert len(set(threads)) == 1
    assert (worker.endings, worker.alive, worker.started) == (2, False, False)


def test_a_thread_that_is_gone_starts_again():
    worker, go_on = Worker("tested"), threading.Event()

    def loop():
        go_on.wait(LONG)
        worker.end()

    worker.start(loop)
    worker.check()
    assert worker.endings == 0
    alive, gone = worker.thread, threading.Thread(target=lambda: None)
    gone.start()
    gone.join()
    worker.thread = gone
    worker.check()
    worker.check()
    assert worker.endings == 1
    assert worker.alive
    go_on.set()
    for thread in (alive, worker.thread):
        thread.join(LONG)
    worker.check()
    assert not worker.alive


def test_a_loop_that_ended_may_start_again():
    worker, runs = Worker("tested"), []

    def loop():
        runs.append(1)
        worker.end()

    for count in (1, 2):
        worker.start(loop)
        until(lambda count=count: len(runs) == count)
        worker.join(LONG)
    assert worker.endings == 0


class TestUninterrupted:
    def test_another_thread_than_the_main_one_runs_the_call_itself(self):
        seen = []

        def run():
            run_uninterrupted(
                lambda: seen.append(threading.current_thread()) or True, LONG, lambda: 0
            )

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(LONG)
        assert seen == [thread]

    def test_the_main_thread_waits_for_one_that_has_its_context(self):
        variable, seen = contextvars.ContextVar("variable"), []
        variable.set("mine")

        def call():
            seen.append((variable.get(), threading.current_thread()))
            return True

        assert run_uninterrupted(call, LONG, lambda: 0)
        ((value, thread),) = seen
        assert value == "mine"
        assert thread is not threading.main_thread()
        thread.join(LONG)
        assert not thread.is_alive()

    def test_the_main_thread_waits_as_long_as_there_is_progress(self):
        steps, go_on = [], threading.Event()

        def call():
            for step in range(20):
                steps.append(step)
                time.sleep(0.01)
            go_on.wait(LONG)
            return True

        assert not run_uninterrupted(call, 0.1, lambda: len(steps))
        assert len(steps) == 20
        go_on.set()
