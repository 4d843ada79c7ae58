"""Late labels against a plain-Python reference."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.intake.labels import LabelJoin
from ipyvitals.notices import Notices

CODES = tuple(
    f"labels.{what}" for what in ("reused_id", "evicted", "expired", "duplicate", "unknown")
)


def make(capacity=10_000, ttl=3_600.0):
    notices = Notices(lambda: 0.0)
    return LabelJoin(capacity, ttl, notices), notices


class PlainJoin:
    """Lists, searched from end to end."""

    def __init__(self, capacity, ttl):
        self.capacity = capacity
        self.ttl = ttl
        self.waiting = []
        self.labelled = []
        self.counts = dict.fromkeys(CODES, 0)

    def add(self, id, model, prediction, at):
        if any(entry[0] == id for entry in self.waiting):
            self.counts["labels.reused_id"] += 1
            self._forget(id)
        elif len(self.waiting) == self.capacity:
            self.counts["labels.evicted"] += 1
            self.waiting.pop(0)
        if id in self.labelled:
            self.labelled.remove(id)
        self.waiting.append((id, model, prediction, at))

    def take(self, id):
        for entry in self.waiting:
            if entry[0] == id:
                self._settle(id)
                return entry[1:3]
        self.counts["labels.duplicate" if id in self.labelled else "labels.unknown"] += 1
        return None

    def settle(self, id):
        self._settle(id)

    def expire(self, now):
        fresh = [entry for entry in self.waiting if now - entry[3] <= self.ttl]
        self.counts["labels.expired"] += len(self.waiting) - len(fresh)
        self.waiting = fresh

    def _forget(self, id):
        self.waiting = [entry for entry in self.waiting if entry[0] != id]

    def _settle(self, id):
        self._forget(id)
        if id not in self.labelled:
            self.labelled = [*self.labelled, id][-self.capacity :]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "take", "take", "settle", "expire"]),
        st.integers(0, 7),
        st.sampled_from([0.0, 0.5, 4.0, 10.0, 10.5]),
    ),
    max_size=80,
)


@given(capacity=st.integers(1, 5), steps=STEPS)
def test_it_joins_and_counts_as_plain_lists_do(capacity, steps):
    join, notices = make(capacity, ttl=10.0)
    plain, now = PlainJoin(capacity, 10.0), 0.0
    for serial, (step, id, gap) in enumerate(steps):
        now += gap
        if step == "add":
            for one in (join, plain):
                one.add(id, "churn", serial, now)
        elif step == "take":
            assert join.take(id) == plain.take(id)
        elif step == "settle":
            join.settle(id)
            plain.settle(id)
        else:
            join.expire(now)
            plain.expire(now)
        assert join.pending == len(plain.waiting) <= capacity
    assert {code: notices.count(code) for code in CODES} == plain.counts


def test_a_label_finds_the_prediction_and_its_model():
    join, notices = make()
    join.add("a", "churn", 1, at=0.0)
    join.add("b", "fraud", "yes", at=0.0)
    assert join.take("b") == ("fraud", "yes")
    assert join.take("a") == ("churn", 1)
    assert join.pending == 0
    assert notices.get() == []


def test_the_first_label_wins_and_the_second_is_counted():
    join, notices = make()
    join.add(7, "churn", 1, at=0.0)
    assert join.take(7) == ("churn", 1)
    assert join.take(7) is None
    assert join.take(7) is None
    (notice,) = notices.get()
    assert (notice.code, notice.count) == ("labels.duplicate", 2)
    assert "7" in notice.message


def test_an_id_labelled_at_once_takes_no_second_label():
    join, notices = make()
    join.settle("now")
    assert join.take("now") is None
    assert notices.count("labels.duplicate") == 1
    assert join.pending == 0


def test_an_unknown_id_is_counted_and_named():
    join, notices = make()
    assert join.take("who?") is None
    (notice,) = notices.get()
    assert (notice.code, notice.count) == ("labels.unknown", 1)
    assert "'who?'" in notice.message


def test_an_id_may_be_used_again_after_its_label():
    join, notices = make()
    for prediction in (0, 1):
        join.add("batch-1", "churn", prediction, at=0.0)
        assert join.take("batch-1") == ("churn", prediction)
    assert notices.get() == []


def test_of_two_predictions_under_one_id_the_newer_is_labelled():
    join, notices = make()
    join.add("x", "churn", "old", at=0.0)
    join.add("x", "churn", "new", at=1.0)
    assert join.pending == 1
    assert join.take("x") == ("churn", "new")
    assert notices.count("labels.reused_id") == 1


def test_the_oldest_of_ten_thousand_make_room():
    join, notices = make(capacity=10_000)
    for id in range(10_003):
        join.add(id, "churn", id, at=0.0)
    assert join.pending == 10_000
    assert notices.count("labels.evicted") == 3
    assert [join.take(id) for id in (0, 1, 2)] == [None] * 3
    assert join.take(3) == ("churn", 3)
    assert notices.count("labels.unknown") == 3


def test_a_prediction_waits_as_long_as_its_time_to_live():
    join, notices = make(ttl=60.0)
    join.add("early", "churn", 0, at=0.0)
    join.add("late", "churn", 1, at=30.0)
    join.expire(60.0)
    assert join.pending == 2
    join.expire(60.5)
    assert join.take("early") is None
    assert join.take("late") == ("churn", 1)
    assert notices.count("labels.expired") == notices.count("labels.unknown") == 1


def test_memory_for_labelled_ids_is_bounded_too():
    join, notices = make(capacity=3)
    for id in range(5):
        join.add(id, "churn", id, at=0.0)
        join.take(id)
    for id in range(5):
        join.take(id)
    assert notices.count("labels.unknown") == 2
    assert notices.count("labels.duplicate") == 3
