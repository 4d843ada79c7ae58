"""What readings cost is a share of the time; the oldest are renewed first."""

from __future__ import annotations

import pytest

from ipyvitals.system.budget import ReadBudget, RotatingReader


class Cost:
    """A clock of CPU that readings move on."""

    def __init__(self, seconds=1.0):
        self.each = seconds
        self.spent = 0.0
        self.read = []

    def timer(self):
        return self.spent

    def __call__(self, key):
        self.spent += self.each
        self.read.append(key)
        return f"{key}{len(self.read)}"

    def new(self):
        read, self.read = self.read, []
        return "".join(read)


def test_what_was_not_spent_is_saved_up_to_a_limit():
    cost = Cost()
    budget = ReadBudget(0.1, cost.timer, reserve=2.0)
    counts = []
    for now in (0.0, 10.0, 1_000.0):
        before = cost.spent
        while budget.due(now) and cost.spent < before + 9:
            with budget.measure(now):
                cost("x")
        counts.append(cost.spent - before)
    assert counts == [3.0, 1.0, 3.0]


def test_a_reading_that_fails_has_its_cost():
    cost = Cost()
    budget = ReadBudget(0.1, cost.timer)

    def fail():
        with budget.measure(0.0):
            cost("x")
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        fail()
    assert [budget.due(now) for now in (9.0, 10.0)] == [False, True]


def test_a_clock_that_steps_back_grants_nothing():
    budget = ReadBudget(0.1)
    budget.spend(100.0, 1.0)
    assert not budget.due(50.0)
    assert not budget.due(109.0)
    assert budget.due(110.0)


class TestRotation:
    def of(self, cost, reserve=1.5, share=0.4, **options):
        return RotatingReader(cost, ReadBudget(share, cost.timer, reserve=reserve), **options)

    def test_new_ones_come_first_and_then_the_oldest(self):
        cost = Cost()
        reader = self.of(cost)
        reads = []
        for now, keys in ((0.0, "abc"), (5.0, "abc"), (10.0, "abcd"), (15.0, "abcd")):
            reader.update(now, keys)
            reads.append(cost.new())
        assert reads == ["ab", "ca", "db", "ca"]

    def test_those_that_are_gone_are_forgotten(self):
        cost = Cost(0.0)
        reader = self.of(cost)
        reader.update(0.0, "ab")
        assert reader.update(5.0, "b") == {"b": "b3"}
        assert reader.update(10.0, "ab") == {"a": "a4", "b": "b5"}

    def test_new_ones_may_be_paid_later(self):
        cost = Cost()
        reader = self.of(cost, overdraft=2.0)
        reads = []
        for now in (0.0, 5.0, 10.0, 15.0):
            reader.update(now, "abcd")
            reads.append(cost.new())
        assert reads == ["abcd", "", "ab", "cd"]

    def test_young_values_are_not_read_again(self):
        cost = Cost(0.0)
        reader = self.of(cost, min_age=30.0)
        reads = []
        for now in (0.0, 29.0, 30.0):
            reader.update(now, "ab")
            reads.append(cost.new())
        assert reads == ["ab", "", "ab"]
        reader.expire("b")
        reader.expire("unknown")
        reader.update(31.0, "ab")
        assert cost.new() == "b"

    def test_one_that_fails_leaves_no_old_value(self):
        answers = iter(["first", OSError("broken")])

        def read(key):
            answer = next(answers)
            if isinstance(answer, OSError):
                raise answer
            return answer

        reader = RotatingReader(read, ReadBudget(0.5))
        reader.update(0.0, "a")
        with pytest.raises(OSError, match="broken"):
            reader.update(1e6, "a")
        assert reader.values == {}
