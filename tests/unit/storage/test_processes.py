"""Processes that are killed, and processes that write one file at the same time."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ipyvitals import open_store
from tests.unit.storage.nursery import KILLED, ROWS, TOGETHER

NURSERY = Path(__file__).with_name("nursery.py")
LOSS_SECONDS = 2.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def nursery(path):
    def run(what):
        done = subprocess.run(
            [sys.executable, NURSERY, what, path], capture_output=True, text=True, timeout=100,
            check=False,
        )  # fmt: skip
        assert (done.stderr, done.returncode) == ("", 0)
        with closing(sqlite3.connect(path)) as connection, connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return json.loads(done.stdout)

    return run


def test_a_hundred_that_are_killed_lose_at_most_two_seconds_and_nothing_that_was_flushed(nursery):
    found = nursery("killed")

    assert len(found) == KILLED
    for one in found:
        known = one["known"]["predictions"]
        most = one["recorded"][-1][1] if one["recorded"] else 0
        assert one["flushed"] <= known <= most + ROWS
        older = [n for at, n in one["recorded"] if at < -LOSS_SECONDS - one["stall"]]
        assert known >= max(older, default=0)
        assert one["known"] == {
            "predictions": known, "labelled": known, "window": min(100, known), "notices": []
        }  # fmt: skip
    # The test itself saw what it is about: flushes, and processes that outlived two seconds.
    assert sum(one["flushed"] > 0 for one in found) > KILLED / 2
    assert sum(one["recorded"][0][0] < -LOSS_SECONDS for one in found if one["recorded"]) >= 10


def test_eight_at_once_count_for_themselves_and_keep_every_row(nursery, path):
    found = nursery("together")

    assert [one["notices"] for one in found] == [[]] * TOGETHER
    assert all(one["flushed"] for one in found)
    with open_store(path) as store:
        models, metrics, events = store.models(), store.history(), store.history("events")
        training, runs = store.history("training"), store.runs()
    totals = sorted(one["total"] for one in found)
    assert sorted(model.total_predictions for model in models) == totals
    assert sorted(model.slot for model in models) == list(range(1, TOGETHER + 1))
    assert not any(model.live for model in models)
    assert sorted(metrics.groupby("session")["total_predictions"].max()) == totals
    # Without gaps: no event of anybody is missing.
    for _, seqs in events.groupby("session")["seq"]:
        assert sorted(seqs) == list(range(1, len(seqs) + 1))
    assert (training["metric"] == "loss").sum() == len(runs) == 30 * TOGETHER
    assert {run.state for run in runs} == {"completed"}
