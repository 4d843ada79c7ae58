"""The newest reading, and what the kernel does on the machine."""

from __future__ import annotations

import threading

import psutil
import pytest

from ipyvitals import FakeClock, SystemSection, Thresholds
from ipyvitals.system import system_monitor as machine
from ipyvitals.system.system_monitor import SystemMonitor, waited_for_cpu


class FakeSampler:
    def __init__(self):
        self.reading = SystemSection(cpu_percent=10.0, memory_percent=20.0, disk_percent=30.0)
        self.closed = 0

    def sample(self, now):
        return self.reading

    def close(self):
        self.closed += 1


class FakeKernel:
    """A kernel whose cell has been running for so long, or for None."""

    def __init__(self, seconds=None, here=True):
        self.seconds = seconds
        self.here = here

    def busy(self):
        return self.seconds is not None if self.here else None

    def busy_seconds(self):
        return self.seconds


@pytest.fixture
def parts():
    class Parts:
        clock = FakeClock(time=1_000.0)
        kernel = FakeKernel()
        late = None
        thread = 7
        samplers = []  # noqa: RUF012

        def sampler(self):
            self.samplers.append(FakeSampler())
            return self.samplers[-1]

        def machine(self, thresholds=None):
            return SystemMonitor(
                self.clock,
                thresholds or Thresholds(),
                sampler=self.sampler,
                kernel=self.kernel,
                lag=lambda since: self.late,
                thread_id=lambda: self.thread,
            )

    Parts.samplers = []
    Parts.kernel = FakeKernel()
    return Parts()


def read(one):
    return one.judge(one.read())


def test_a_reading_that_no_other_follows_becomes_unknown_once(parts):
    one = parts.machine()
    read(one)
    parts.clock.advance(10.0)
    assert one.expire(2.0) is None
    assert one.now().cpu_percent == 10.0

    parts.clock.advance(0.1)
    assert one.expire(2.0) == 10.0
    assert one.now().cpu_percent is None
    assert one.shown().system_health == "unknown"
    assert one.expire(2.0) is None

    read(one)
    parts.clock.advance(60.0)
    assert one.expire(None) is None
    assert one.expire(20.0) is None
    assert one.now().cpu_percent == 10.0


def test_a_reading_is_kept_with_its_health(parts):
    one = parts.machine()
    assert one.section == SystemSection()
    assert read(one).system_health == "healthy"
    assert one.section.cpu_percent == 10.0


def test_other_thresholds_hold_from_then_on(parts):
    one = parts.machine()
    one.adjust(Thresholds(memory=5.0, look_hold=1))
    assert read(one).limiter == "memory"


def test_what_reads_it_is_closed_at_the_end(parts):
    one = parts.machine()
    read(one)
    one.close()
    assert [sampler.closed for sampler in parts.samplers] == [1]


def test_a_forked_child_reads_anew_and_only_when_asked(parts):
    one = parts.machine()
    read(one)
    one.after_fork()
    one.close()
    assert len(parts.samplers) == 1
    read(one)
    assert len(parts.samplers) == 2


class TestKernel:
    def test_a_cell_that_runs_has_a_beginning(self, parts):
        one = parts.machine()
        parts.kernel.seconds = 12.0
        section = read(one)
        assert section.kernel_busy is True
        assert (section.kernel_busy_seconds, section.kernel_busy_since) == (12.0, 988.0)

    def test_an_idle_kernel_has_none(self, parts):
        section = read(parts.machine())
        assert section.kernel_busy is False
        assert section.kernel_busy_seconds is section.kernel_busy_since is None

    def test_outside_a_kernel_all_of_it_is_unknown(self, parts):
        parts.kernel.here = False
        assert read(parts.machine()).kernel_busy is None

    def test_asked_now_it_is_exact(self, parts):
        one = parts.machine()
        parts.kernel.seconds = 1.0
        read(one)
        parts.kernel.seconds = 4.5
        assert one.now().kernel_busy_seconds == 4.5
        assert one.section.kernel_busy_seconds == 1.0

    def test_what_moves_by_itself_is_not_shown_anew(self, parts):
        one = parts.machine()
        parts.kernel.seconds = 1.0
        before = read(one)
        parts.kernel.seconds = 2.0
        assert one.shown() is before

    @pytest.mark.parametrize("seconds", [None, 0.2])
    def test_a_cell_that_ended_is_shown_at_once_though_another_began(self, parts, seconds):
        one = parts.machine()
        parts.kernel.seconds = 60.0
        read(one)
        parts.kernel.seconds = seconds
        shown = one.shown()
        assert shown.kernel_busy_seconds == seconds
        assert shown.kernel_busy == (seconds is not None)
        assert one.shown() is shown


class TestLag:
    @pytest.mark.parametrize(
        ("late", "starved"), [(None, None), (0.006, False), (0.249, False), (0.25, True)]
    )
    def test_a_thread_that_gets_no_turn_is_starved(self, parts, monkeypatch, late, starved):
        monkeypatch.setattr(machine, "waited_for_cpu", lambda thread: None)
        parts.late = late
        section = read(parts.machine())
        assert (section.kernel_lag_seconds, section.gil_starved) == (late, starved)

    def test_want_of_a_processor_is_not_the_lock(self, parts, monkeypatch):
        waited = iter([5.0, 7.0, 7.1])
        monkeypatch.setattr(machine, "waited_for_cpu", lambda thread: next(waited))
        one = parts.machine()
        read(one)
        parts.late = 1.9
        assert read(one).gil_starved is False
        assert read(one).gil_starved is True

    def test_what_another_thread_waited_for_is_not_compared(self, parts, monkeypatch):
        waited = {7: 5.0, 8: 9.0}
        monkeypatch.setattr(machine, "waited_for_cpu", waited.get)
        one = parts.machine()
        read(one)
        parts.late, parts.thread = 1.9, 8
        assert read(one).gil_starved is True
        parts.thread = None
        assert read(one).gil_starved is True


def test_linux_tells_how_long_a_thread_waited_for_a_processor(tmp_path):
    file = tmp_path / "7" / "schedstat"
    file.parent.mkdir()
    file.write_text("7284921 1500000000 42\n")
    assert waited_for_cpu(7, str(tmp_path)) == 1.5
    file.write_text("")
    assert waited_for_cpu(7, str(tmp_path)) is None
    assert waited_for_cpu(8, str(tmp_path)) is None


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux counts it")
def test_a_thread_of_this_process_is_found():
    assert waited_for_cpu(threading.get_native_id()) >= 0.0


def test_a_reading_that_hangs_does_not_hold_up_the_end(parts, monkeypatch):
    monkeypatch.setattr(machine, "CLOSE_SECONDS", 0.01)
    one, begun, go_on = parts.machine(), threading.Event(), threading.Event()
    parts.samplers[0].sample = lambda now: (begun.set(), go_on.wait(20), SystemSection())[-1]
    thread = threading.Thread(target=one.read)
    thread.start()
    assert begun.wait(20)
    one.close()
    go_on.set()
    thread.join()
    assert parts.samplers[0].closed == 0
