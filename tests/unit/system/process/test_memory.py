"""Shared pages count once, and reading them never takes long."""

from __future__ import annotations

from ipyvitals.system.process.memory import ProportionalMemory

ROOT = (1, 10.0)
MIB = 2**20


class FakeMemory:
    """Processes whose readings cost what the test says."""

    def __init__(self, cost=0.0001, **shares):
        self.cost = cost
        self.seconds = 0.0
        self.shares = {}
        self.asked = []

    def read(self, pid):
        self.asked.append(pid)
        self.seconds += self.cost
        return self.shares.get(pid)

    def timer(self):
        return self.seconds

    def told(self):
        asked, self.asked = self.asked, []
        return asked


def workers(count, size=100):
    return {ROOT: size} | {(pid, 10.0): size for pid in range(2, 2 + count)}


def of(machine):
    return ProportionalMemory(machine.read, machine.timer)


def total(memory, resident):
    return sum(memory.bytes_of(key) for key in resident)


def test_shared_pages_count_once():
    machine, resident = FakeMemory(), workers(3)
    machine.shares = dict.fromkeys(range(1, 5), 30)
    memory = of(machine)
    memory.update(0.0, ROOT, resident)
    assert (total(memory, resident), memory.complete) == (120, True)


def test_until_all_are_read_the_figure_is_no_less_than_the_truth():
    machine, resident = FakeMemory(cost=0.004), workers(3)
    machine.shares = dict.fromkeys(range(1, 5), 30)
    memory = of(machine)
    figures = []
    for now in (0.0, 5.0, 10.0):
        memory.update(now, ROOT, resident)
        figures.append((total(memory, resident), memory.complete))
    assert figures == [(260, False), (190, False), (120, True)]


def test_growth_counts_at_once():
    machine, resident = FakeMemory(), workers(1)
    machine.shares = {1: 60, 2: 60}
    memory = of(machine)
    memory.update(0.0, ROOT, resident)
    resident = resident | {(2, 10.0): 150}
    memory.update(5.0, ROOT, resident)
    assert total(memory, resident) == 170
    assert machine.told() == [1, 2]


def test_each_is_read_again_after_half_a_minute_the_oldest_first():
    machine, resident = FakeMemory(cost=0.004), workers(2)
    memory = of(machine)
    for now in (0.0, 5.0, 10.0, 29.9):
        memory.update(now, ROOT, resident)
    assert machine.told() == [1, 2, 3]
    for now in (31.0, 36.0, 41.0):
        memory.update(now, ROOT, resident)
    assert machine.told() == [1, 2, 3]


def test_new_ones_come_first_and_then_the_root_whose_share_they_changed():
    machine = FakeMemory(cost=0.004)
    memory = of(machine)
    memory.update(0.0, ROOT, workers(0))
    for now in (5.0, 10.0, 15.0, 20.0):
        memory.update(now, ROOT, workers(2))
    assert machine.told() == [1, 2, 3, 1]


def test_reading_costs_a_small_share_of_the_time_however_large_they_are():
    for cost in (0.0005, 0.004, 0.5):
        machine = FakeMemory(cost)
        memory = of(machine)
        for now in range(0, 1_000, 5):
            memory.update(float(now), ROOT, workers(500))
        assert machine.seconds <= 0.0008 * 1_000 + cost + 0.005
        assert machine.seconds >= 0.0008 * 1_000 * 0.9


def test_where_it_may_not_be_read_what_is_resident_counts_and_that_is_said():
    memory = of(FakeMemory())
    resident = workers(2)
    memory.update(0.0, ROOT, resident)
    assert (total(memory, resident), memory.complete) == (300, False)


def test_another_process_of_the_same_id_is_new():
    machine = FakeMemory()
    machine.shares = {1: 60, 2: 60}
    memory = of(machine)
    memory.update(0.0, ROOT, {ROOT: 100, (2, 10.0): 100})
    machine.told()
    memory.update(5.0, ROOT, {ROOT: 100, (2, 99.0): 100})
    assert machine.told() == [2, 1]


class TestWorkersOfALoader:
    """A kernel of 300 MiB forks workers that share most of it; a reading costs 1 ms."""

    def start(self):
        self.machine = FakeMemory(cost=0.001)
        self.machine.shares = {1: 300}
        memory = of(self.machine)
        memory.update(0.0, ROOT, {ROOT: 300})
        assert (memory.total, memory.complete) == (300, True)
        return memory

    def test_new_ones_are_counted_exactly_once_all_are_read_again(self):
        memory = self.start()
        # 240 MiB of the kernel are shared by three, and each worker has 10 of its own.
        self.machine.shares = {1: 140, 2: 90, 3: 90}
        memory.update(5.0, ROOT, {ROOT: 300, (2, 4.0): 250, (3, 4.0): 250})
        assert (memory.total, memory.complete) == (320, True)

    def test_shares_that_are_too_old_are_no_exact_figure(self):
        memory = self.start()
        self.machine.cost = 0.1
        self.machine.shares = {1: 140, 2: 90, 3: 90}
        # One reading uses up the budget: the kernel's share is that of the time when it was alone.
        memory.update(5.0, ROOT, {ROOT: 300, (2, 4.0): 250, (3, 4.0): 250})
        assert not memory.complete
        assert memory.total >= 320

    def test_until_those_that_went_are_forgotten_the_total_is_no_less_than_the_truth(self):
        memory = self.start()
        self.machine.shares = {1: 140, 2: 90, 3: 90}
        memory.update(5.0, ROOT, {ROOT: 300, (2, 4.0): 250, (3, 4.0): 250})
        self.machine.cost = 0.1
        memory.update(40.0, ROOT, {ROOT: 300, (2, 4.0): 250, (3, 4.0): 250})
        self.machine.shares = {1: 300}
        memory.update(41.0, ROOT, {ROOT: 300})
        assert (memory.total, memory.complete) == (300, False)
        memory.update(1_000.0, ROOT, {ROOT: 300})
        assert (memory.total, memory.complete) == (300, True)

    def test_workers_that_still_grow_into_shared_pages_are_no_exact_figure(self):
        memory = self.start()
        self.machine.shares = {1: 290, 2: 10, 3: 10}
        memory.update(5.0, ROOT, {ROOT: 300, (2, 4.0): 20, (3, 4.0): 20})
        assert (memory.total, memory.complete) == (310, True)
        self.machine.cost = 0.0
        self.machine.shares = {1: 140, 2: 90, 3: 90}
        grown = {ROOT: 300, (2, 4.0): 250, (3, 4.0): 250}
        memory.update(10.0, ROOT, grown)
        assert not memory.complete
        assert memory.total >= 320
        for now in (15.0, 20.0, 45.0):
            memory.update(now, ROOT, grown)
        assert (memory.total, memory.complete) == (320, True)

    def test_while_new_ones_may_not_be_listed_yet_it_is_no_exact_figure(self):
        memory = self.start()
        self.machine.shares = {1: 140, 2: 90}
        memory.update(5.0, ROOT, {ROOT: 300, (2, 4.0): 250})
        # Another worker, not listed yet, shares the pages of the one that ended.
        memory.update(10.0, ROOT, {ROOT: 300}, settled=False)
        assert (memory.total, memory.complete) == (300, False)
        self.machine.shares = {1: 300}
        memory.update(15.0, ROOT, {ROOT: 300})
        assert (memory.total, memory.complete) == (300, True)

    def test_what_the_kernel_allocates_is_its_own(self):
        memory = self.start()
        self.machine.shares = {1: 140, 2: 90}
        memory.update(5.0, ROOT, {ROOT: 300, (2, 4.0): 250})
        memory.update(10.0, ROOT, {ROOT: 1_300, (2, 4.0): 250})
        assert (memory.total, memory.complete) == (1_230, True)

    def test_a_small_program_beside_it_changes_nothing(self):
        memory = self.start()
        self.machine.cost = 0.1
        self.machine.shares = {1: 299, 2: 2}
        memory.update(200.0, ROOT, {ROOT: 300, (2, 4.0): 3})
        memory.update(205.0, ROOT, {ROOT: 300, (2, 4.0): 3})
        assert (memory.total, memory.complete) == (302, True)
        memory.update(210.0, ROOT, {ROOT: 300})
        assert memory.complete
