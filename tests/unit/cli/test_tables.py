"""The list as text."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.tables import HEADINGS, plain_table, rich_table

NOW = 1000.0
BASE = ModelEntry(source="server", monitor="default", live=True, name="churn", version="2.1")


def entry(**fields):
    return msgspec.structs.replace(BASE, **fields)


def status(**fields):
    row = plain_table([entry(**fields)], NOW).splitlines()[1]
    return row.split("churn 2.1", 1)[1].split("  –", 1)[0].strip()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "active"}, "Live"),
        ({"status": "active", "live": False}, "was live"),
        ({"status": "stopped", "live": False}, "Stopped"),
        ({"status": "training", "stage": "Fit", "progress": 41.9}, "Training 41 %"),
        ({"status": "training", "stage": "Fit"}, "Training"),
        (
            {"status": "degraded", "reason": "Accuracy dropped below threshold"},
            "Degraded: Accuracy dropped below threshold",
        ),
        ({"status": "active", "reason": "Deployed"}, "Live"),
        (
            {"status": "training", "live": False, "lost": "step 3 of 10"},
            "Training lost: step 3 of 10",
        ),
        ({"status": "training", "live": False, "lost": ""}, "Training lost"),
    ],
)
def test_how_it_is(fields, said):
    assert status(**fields) == said


def test_figures_and_what_is_not_known():
    full = entry(
        status="active",
        current_accuracy=0.942,
        accuracy_low=0.88,
        accuracy_high=0.973,
        total_predictions=1247,
        predictions_per_minute=23,
        latency_p95_seconds=0.0124,
        last_at=995.0,
        notebook="a.ipynb",
    )
    bare = ModelEntry(source="store", monitor="m", live=False)
    lines = plain_table([full, bare], NOW).splitlines()

    assert "94.2 % (88.0–97.3)" in lines[1]
    assert "1,247    23  12 ms  now    a.ipynb" in lines[1]
    assert lines[2].split() == ["m", *["–"] * 7, "history"]
    assert len({line.index(word) for line, word in zip(lines, ("HEARD", "now"), strict=False)}) == 1


def drawn(width, *entries):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(rich_table(entries, NOW, width))
    return console.file.getvalue()


def test_a_table_of_rich_says_the_same():
    text = drawn(
        160,
        entry(
            status="active",
            name="[red]x[/red]",
            model_id="x",
            run="Fit",
            run_state="failed",
            workers=8,
            workers_heard=7,
        ),
    )

    assert "[red]x[/red] 2.1" in text
    assert "Live" in text
    assert "7 of 8" in text
    assert [heading for heading in HEADINGS if heading not in text] == []


@pytest.mark.parametrize("width", [120, 100, 80, 60, 40])
def test_a_narrow_terminal_loses_the_least_needed_columns_and_no_half_words(width):
    degraded = entry(
        status="degraded",
        reason="Accuracy dropped below threshold",
        current_accuracy=0.78,
        accuracy_low=0.689,
        accuracy_high=0.85,
        total_predictions=1_702_000,
        predictions_per_minute=31,
        latency_p95_seconds=0.013,
        last_at=NOW,
        notebook="serve.ipynb",
    )
    text = drawn(width, degraded, entry(status="active"))

    assert max(map(len, text.splitlines())) <= width
    assert "churn 2.1" in text
    assert "Degraded" in text
    if width >= 60:
        assert "78.0 % (68.9–85.0)" in text
    if width >= 80:
        assert "serve.ipynb" in text
    # Only the reason of a status may be cut.
    assert text.count("…") <= 1


def test_nothing_is_nothing():
    assert plain_table([], NOW) == ""
