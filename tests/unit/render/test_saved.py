"""What is saved into a notebook has no texts of exceptions, and no ids."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ipyvitals import FakeClock, Monitor
from ipyvitals.render.html import saved_text, static_view
from ipyvitals.render.saved import SETTING, without_texts
from ipyvitals.schema import ModelSection, Notice, Snapshot, TrainingSection
from ipyvitals.schema.messages import MESSAGES

SECRET = "postgres://ada:hunter2@db"
EMPTY = Snapshot(monitor="default", seq=0, at=0.0)


def saved(snapshot):
    shown = without_texts(snapshot)
    return static_view(shown) + saved_text(shown)


@pytest.fixture
def monitor():
    with Monitor("churn", interval=None, store=None, clock=FakeClock()) as one:
        yield one


def test_an_error_is_saved_by_its_type_and_shown_live_with_its_text(monitor):
    monitor.record_error(ConnectionError(SECRET))
    snapshot = monitor.snapshot()

    assert SECRET in repr(monitor)
    assert "hunter2" not in saved(snapshot)
    assert "ConnectionError" in saved(snapshot)


@pytest.mark.parametrize("text", [SECRET, f"cannot reach {SECRET}", f"{SECRET}: refused", ""])
def test_an_error_that_is_a_text_is_not_saved(monitor, text):
    monitor.record_error(text)

    assert "hunter2" not in saved(monitor.snapshot())


def test_a_failed_run_is_saved_by_the_type_of_its_error(monitor):
    with pytest.raises(ValueError, match="hunter2"), monitor.training(10):
        raise ValueError(SECRET)
    snapshot = monitor.snapshot()

    assert SECRET in repr(monitor)
    assert snapshot.training.state == "failed"
    assert "hunter2" not in saved(snapshot)
    assert "ValueError" in saved(snapshot)


def test_unknown_ids_are_not_saved(monitor):
    monitor.label("customer-4711", 1)
    snapshot = monitor.snapshot()

    assert "customer-4711" in repr(monitor)
    assert "4711" not in saved(snapshot)
    assert "no prediction waits under the id" in saved(snapshot)


def test_a_reason_of_a_rule_stays(monitor):
    model = ModelSection(
        status="degraded", reason="Accuracy dropped", reason_code="accuracy.raised"
    )

    assert "Accuracy dropped" in saved(replace(EMPTY, model=model))


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_no_notice_saves_the_text_of_an_exception(code):
    names = {"error", "text", "id", "prediction", "label", "value"}
    args = dict.fromkeys(names, f"OSError: {SECRET}")
    notice = Notice(code=code.replace("*", "cpu"), message=SECRET, count=1, at=0.0, args=args)

    assert "hunter2" not in saved(replace(EMPTY, notices=[notice]))


def test_the_setting_saves_all_texts(monitor, monkeypatch):
    monitor.record_error(ConnectionError(SECRET))
    monkeypatch.setenv(SETTING, "1")

    assert SECRET in saved(monitor.snapshot())


def test_texts_do_not_reverse_what_stands_around_them():
    model = ModelSection(name="churn\u202egpj", status="failed", reason="\u2067x")
    training = TrainingSection(stage="\u202dfit")
    snapshot = replace(EMPTY, monitor="a\u202e", model=model, training=training)

    for text in (static_view(snapshot), saved_text(snapshot)):
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        assert "gpj" in text
