"""Compare the joiner of late labels with a plain-Python reference."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.ingest.label_join import EarlyLabel, LabelJoiner, PendingPrediction
from ipyvitals.schema import LabelsSection
from ipyvitals.utils.notices import Notices

CODES = tuple(
    f"labels.{what}" for what in ("reused_id", "evicted", "expired", "duplicate", "unknown")
)
EARLY_TTL = 60.0


def make(capacity=10_000, ttl=3_600.0):
    notices = Notices(lambda: 0.0)
    return LabelJoiner(capacity, ttl, notices), notices


def add(join, id, prediction=1, *, at=0.0, model="churn"):
    """Add a prediction; return its early label, if any."""
    early = join.add_prediction(id, PendingPrediction((model, 1), prediction, at, None))
    return None if early is None else early.actual


def take(join, id, actual=1, *, at=0.0):
    """Add a label; return model and value of its pending prediction, if any."""
    prediction = join.add_label(id, EarlyLabel(actual, at))
    return None if prediction is None else (prediction.deployment[0], prediction.prediction)


class ReferenceJoiner:
    """Reference joiner: linear search through lists."""

    def __init__(self, capacity, ttl):
        self.capacity = capacity
        self.ttl = ttl
        self.pending = []
        self.labelled = []
        self.dropped = []
        self.early = []
        self.counts = dict.fromkeys(CODES, 0)
        self.joined_early = 0

    def add_prediction(self, id, prediction):
        if any(one == id for one, _ in self.pending):
            self.counts["labels.reused_id"] += 1
            self._remove_pending(id)
        for one, label in self.early:
            if one == id:
                self.early.remove((one, label))
                self.joined_early += 1
                self._mark(id)
                return label
        if len(self.pending) == self.capacity:
            self.counts["labels.evicted"] += 1
            self._add_dropped(self.pending.pop(0)[0])
        self.labelled = [one for one in self.labelled if one != id]
        self.dropped = [one for one in self.dropped if one != id]
        self.pending.append((id, prediction))
        return None

    def add_label(self, id, label):
        for one, prediction in self.pending:
            if one == id:
                self._mark(id)
                return prediction
        if id in self.labelled or id in dict(self.early):
            self.counts["labels.duplicate"] += 1
            return None
        self.counts["labels.unknown"] += 1
        if id not in self.dropped:
            self.early = [*self.early, (id, label)][-self.capacity :]
        return None

    def mark_labelled(self, id, at):
        if any(one == id for one, _ in self.pending):
            self.counts["labels.reused_id"] += 1
        if id in dict(self.early):
            self.counts["labels.duplicate"] += 1
            self.counts["labels.unknown"] -= 1
        self.early = [one for one in self.early if one[0] != id]
        self._mark(id)

    def expire(self, now):
        for id, prediction in list(self.pending):
            if now - prediction.at > self.ttl:
                self.counts["labels.expired"] += 1
                self._remove_pending(id)
                self._add_dropped(id)
        self.early = [one for one in self.early if now - one[1].at <= EARLY_TTL]

    def section(self):
        counts = {name.removeprefix("labels."): count for name, count in self.counts.items()}
        del counts["reused_id"]
        counts["unknown"] -= self.joined_early
        return LabelsSection(
            pending=len(self.pending),
            pending_limit=self.capacity,
            early=self.joined_early,
            **counts,
        )

    def _remove_pending(self, id):
        self.pending = [one for one in self.pending if one[0] != id]

    def _add_dropped(self, id):
        if id not in self.dropped:
            self.dropped = [*self.dropped, id][-self.capacity :]

    def _mark(self, id):
        self._remove_pending(id)
        if id not in self.labelled:
            self.labelled = [*self.labelled, id][-self.capacity :]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "take", "take", "settle", "expire"]),
        st.integers(0, 7),
        st.sampled_from([0.0, 0.5, 4.0, 10.0, 10.5, 30.0, 61.0]),
    ),
    max_size=80,
)


def apply(join, step, id, serial, now):
    """Apply one step; return the joined prediction or label, if any."""
    if step == "add":
        return join.add_prediction(id, PendingPrediction((f"m{serial % 3}", 1), serial, now, None))
    if step == "take":
        return join.add_label(id, EarlyLabel(serial, now))
    return join.mark_labelled(id, now) if step == "settle" else join.expire(now)


@given(capacity=st.integers(1, 5), ttl=st.sampled_from([0.0, 10.0, 100.0]), steps=STEPS)
def test_it_joins_and_counts_as_plain_lists_do(capacity, ttl, steps):
    join, _ = make(capacity, ttl)
    plain, now = ReferenceJoiner(capacity, ttl), 0.0
    for serial, (step, id, gap) in enumerate(steps):
        now += gap
        for one in (join, plain):
            one.expire(now)
        assert apply(join, step, id, serial, now) == apply(plain, step, id, serial, now)
        assert join.section() == plain.section()
        assert join.pending == len(plain.pending) <= capacity
        owners = Counter(prediction.deployment[0] for _, prediction in plain.pending)
        assert [join.pending_by_model[f"m{number}"] for number in range(3)] == [
            owners[f"m{number}"] for number in range(3)
        ]


@given(ttl=st.sampled_from([0.0, 10.0, 100.0]), steps=STEPS)
def test_joins_do_not_depend_on_when_expire_is_called(ttl, steps):
    expired_often, never_expired = make(ttl=ttl)[0], make(ttl=ttl)[0]
    now = 0.0
    for serial, (step, id, gap) in enumerate(steps):
        now += gap
        if step in ("add", "take"):
            expired_often.expire(now)
            found = [apply(join, step, id, serial, now) for join in (expired_often, never_expired)]
            assert found[0] == found[1]
    for join in (expired_often, never_expired):
        join.expire(now)
    assert expired_often.section() == never_expired.section()


def test_a_label_finds_the_prediction_and_its_model():
    join, notices = make()
    add(join, "a", 1)
    add(join, "b", "yes", model="fraud")
    assert take(join, "b") == ("fraud", "yes")
    assert take(join, "a") == ("churn", 1)
    assert join.pending == 0
    assert notices.get() == []


def test_the_first_label_wins_and_the_second_is_counted():
    join, notices = make()
    add(join, 7, 1)
    assert take(join, 7) == ("churn", 1)
    assert take(join, 7) is None
    assert take(join, 7) is None
    (notice,) = notices.get()
    assert (notice.code, notice.count) == ("labels.duplicate", 2)
    assert "7" in notice.message


def test_an_id_labelled_at_once_takes_no_second_label():
    join, notices = make()
    join.mark_labelled("now", 0.0)
    assert take(join, "now") is None
    assert notices.count("labels.duplicate") == 1
    assert join.pending == 0


def test_an_unknown_id_is_counted_and_named():
    join, notices = make()
    assert take(join, "who?") is None
    (notice,) = notices.get()
    assert (notice.code, notice.count) == ("labels.unknown", 1)
    assert "'who?'" in notice.message


def test_an_id_may_be_used_again_after_its_label():
    join, notices = make()
    for prediction in (0, 1):
        add(join, "batch-1", prediction)
        assert take(join, "batch-1") == ("churn", prediction)
    assert notices.get() == []


def test_of_two_predictions_under_one_id_the_newer_is_labelled():
    join, notices = make()
    add(join, "x", "old")
    add(join, "x", "new", at=1.0)
    assert join.pending == 1
    assert take(join, "x") == ("churn", "new")
    assert notices.count("labels.reused_id") == 1


def test_the_oldest_of_ten_thousand_make_room():
    join, notices = make(capacity=10_000)
    for id in range(10_003):
        add(join, id, id)
    assert join.pending == 10_000
    assert notices.count("labels.evicted") == 3
    assert [take(join, id) for id in (0, 1, 2)] == [None] * 3
    assert take(join, 3) == ("churn", 3)
    assert notices.count("labels.unknown") == 3


def test_a_prediction_waits_as_long_as_its_time_to_live():
    join, notices = make(ttl=60.0)
    add(join, "early", 0)
    add(join, "late", 1, at=30.0)
    join.expire(60.0)
    assert join.pending == 2
    join.expire(60.5)
    assert take(join, "early") is None
    assert take(join, "late") == ("churn", 1)
    assert notices.count("labels.expired") == notices.count("labels.unknown") == 1


def test_expired_predictions_do_not_count_as_evicted():
    join, _ = make(capacity=2, ttl=10.0)
    for id, at in (("a", 0.0), ("b", 1.0), ("c", 20.0)):
        add(join, id, at=at)
    assert (join.section().expired, join.section().evicted, join.pending) == (2, 0, 1)


def test_memory_for_labelled_ids_is_bounded_too():
    join, notices = make(capacity=3)
    for id in range(5):
        add(join, id, id)
        take(join, id)
    for id in range(5):
        take(join, id)
    assert notices.count("labels.unknown") == 2
    assert notices.count("labels.duplicate") == 3


class TestLabelsThatComeFirst:
    def test_a_label_waits_for_its_prediction(self):
        join, _ = make()
        assert take(join, "a", "yes", at=0.0) is None
        assert add(join, "a", at=60.0) == "yes"
        section = join.section()
        assert (section.pending, section.early, section.unknown) == (0, 1, 0)

    def test_but_for_no_more_than_a_minute(self):
        join, _ = make()
        take(join, "a", "yes", at=0.0)
        assert add(join, "a", at=60.5) is None
        section = join.section()
        assert (section.pending, section.early, section.unknown) == (1, 0, 1)

    def test_of_two_the_first_counts(self):
        join, _ = make()
        take(join, "a", "first")
        take(join, "a", "second")
        assert add(join, "a") == "first"
        assert take(join, "a", "third") is None
        assert join.section().duplicate == 2

    def test_one_for_an_id_labelled_at_once_is_a_duplicate(self):
        join, _ = make()
        take(join, "a")
        join.mark_labelled("a", 0.0)
        assert join.section().duplicate == 1
        assert join.section().unknown == 0

    def test_one_for_a_prediction_that_had_to_go_is_not_kept_for_the_next(self):
        join, _ = make(ttl=10.0)
        add(join, "a", "old")
        take(join, "a", "of the old", at=11.0)
        assert add(join, "a", "new", at=12.0) is None
        assert take(join, "a", at=13.0) == ("churn", "new")
        assert (join.section().expired, join.section().unknown) == (1, 1)

    def test_how_many_wait_is_bounded(self):
        join, _ = make(capacity=3)
        for id in range(5):
            take(join, id, id)
        assert [add(join, id) for id in range(5)] == [None, None, 2, 3, 4]


def test_pending_predictions_are_counted_for_each_model():
    join, _ = make()
    for id, model in enumerate(["churn", "fraud", "churn"]):
        add(join, id, model=model)
    take(join, 0)
    assert (
        join.pending_by_model["churn"],
        join.pending_by_model["fraud"],
        join.pending_by_model["who"],
    ) == (1, 1, 0)
