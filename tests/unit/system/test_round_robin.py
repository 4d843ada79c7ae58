"""Who is next."""

from __future__ import annotations

from ipyvitals.system.round_robin import RoundRobin


def test_all_have_their_turn_before_one_has_it_again():
    turns = RoundRobin()
    seen = [turns.next(range(5), 2) for _ in range(5)]
    assert seen == [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4]]


def test_new_ones_come_first():
    turns = RoundRobin()
    turns.next("abc", 3)
    assert turns.next("abcd", 2) == ["d", "a"]


def test_one_that_left_and_came_back_is_new():
    turns = RoundRobin()
    turns.next("abc", 3)
    turns.next("bc", 0)
    assert turns.next("abc", 1) == ["a"]


def test_only_new_ones_where_nobody_is_to_be_asked_again():
    turns = RoundRobin()
    turns.next("ab", 2)
    assert turns.next("abc", 9, again=False) == ["c"]
    assert turns.next("abc", 9, again=False) == []
