"""What a training run did is in the saved notebook, in the report and in text."""

from __future__ import annotations

import pytest

from ipyvitals import FakeClock, Monitor
from ipyvitals.render.html import static_view
from ipyvitals.render.run_summary import run_facts
from ipyvitals.render.text import text_view
from ipyvitals.schema import (
    BestValue,
    GpuCost,
    RunAlert,
    RunCost,
    RunInfo,
    Snapshot,
    TrainingSection,
)

COST = RunCost(
    duration_seconds=252.0, steps=1_200, data_wait_seconds=30.0, peak_memory_bytes=2 * 1024**3,
    peak_memory_step=7, gpu_utilization_percent=71.0, gpu_idle_ratio=0.1, energy_wh=12.4,
    gpus=[
        GpuCost(
            index=0, name="A", peak_memory_bytes=None, peak_memory_step=None,
            utilization_percent=71.0, idle_ratio=0.1, energy_wh=12.4,
        )
    ],
)  # fmt: skip
NIGHT = RunInfo(
    run_id="a-1", name="night <1>", state="completed", steps=1_200, started_at=1_767_323_045.0,
    ended_at=1_767_323_297.0, data_wait_ratio_total=0.119, cost=COST,
    best={"val_loss": BestValue(value=0.4571, step=472, goal="min")},
    metrics={"val_loss": 0.46},
)  # fmt: skip


def snapshot(*runs):
    return Snapshot(monitor="default", seq=0, at=1_767_323_300.0, runs=list(runs))


def test_a_summary_has_state_steps_time_waiting_cost_and_best_values():
    assert run_facts(NIGHT) == [
        "completed", "1,200 steps in 4m 12s", "waited for data 12 %", "peak memory 2.0 GiB",
        "GPU 71 %", "12.4 Wh", "best val_loss 0.4571 at step 472",
    ]  # fmt: skip


def test_what_is_not_known_is_left_out():
    assert run_facts(RunInfo(run_id="a-1", unit="epoch", steps=1, elapsed_seconds=61.0)) == [
        "running", "1 epoch in 1m 1s",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "metric", "word"),
    [("stalled", None, "stalled"), ("not_finite", "loss", "loss not finite")],
)
def test_what_is_wrong_is_said(kind, metric, word):
    alert = RunAlert(
        kind=kind, metric=metric, value=None, step=3, at=0.0, reason="", reason_code="x"
    )
    assert word in run_facts(RunInfo(run_id="a-1", alert=alert))


def test_the_saved_table_has_a_line_a_run_as_text():
    html = static_view(snapshot(NIGHT))

    assert "night &lt;1&gt;" in html
    assert "<1>" not in html
    assert "best val_loss 0.4571 at step 472" in html
    assert "ended 2 Jan 2026, 03:08 UTC" in html
    assert "Training runs" not in static_view(snapshot())


def test_text_has_the_newest_three():
    runs = [RunInfo(run_id=f"a-{n}", name=f"n{n}", state="completed") for n in range(5)]
    lines = text_view(snapshot(*runs)).splitlines()

    assert [line.strip().partition(":")[0] for line in lines if "Run " in line] == [
        "Run n0", "Run n1", "Run n2",
    ]  # fmt: skip


def test_a_loop_inside_a_run_has_a_line_only_with_metrics():
    outer = RunInfo(run_id="a-1", name="outer")
    quiet = RunInfo(run_id="a-2", parent_id="a-1", name="quiet")
    inner = RunInfo(run_id="a-3", parent_id="a-1", name="inner", metrics={"loss": 0.5})
    html = static_view(snapshot(outer, quiet, inner))
    assert ("outer" in html, "quiet" in html, "inner" in html) == (True, False, True)


def test_a_monitor_prints_it_and_its_report_has_it():
    clock = FakeClock()
    with Monitor("churn", interval=None, clock=clock) as monitor:
        with monitor.training(2, stage="Fit", name="night") as run:
            for step, loss in ((1, 0.2), (2, 0.4)):
                clock.advance(61)
                run.update(step, loss=loss)

        assert "Run night: completed, 2 steps in 2m 2s, best loss 0.2 at step 1" in repr(monitor)
        report = monitor.report(charts="svg")
        assert "best loss 0.2 at step 1" in report
        assert "What the training runs took" in report


@pytest.mark.parametrize(
    ("unit", "steps", "text"),
    [
        ("batch", 126, "126 batches in 4m 12s"),
        ("batch", 1, "1 batch in 4m 12s"),
        ("query", 2, "2 queries in 4m 12s"),
        ("day", 2, "2 days in 4m 12s"),
        ("epoch", 0, "0 epochs in 4m 12s"),
    ],
)
def test_what_a_summary_counts_has_its_plural(unit, steps, text):
    run = RunInfo(run_id="a-1", state="completed", unit=unit, steps=steps, elapsed_seconds=252.0)
    assert run_facts(run) == ["completed", text]


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0s"), (0.4, "<1s"), (1.0, "1s")])
def test_a_run_of_less_than_a_second_took_no_0_seconds(seconds, text):
    run = RunInfo(run_id="a-1", state="completed", steps=3, elapsed_seconds=seconds)
    assert run_facts(run) == ["completed", f"3 steps in {text}"]


def test_a_short_time_is_text_in_a_saved_page():
    section = TrainingSection(
        state="running", current=1, total=2, elapsed_seconds=0.4, eta_seconds=0.4
    )
    page = static_view(Snapshot(monitor="default", seq=0, at=1_767_323_300.0, training=section))
    assert "running, &lt;1s" in page
    assert "&lt;1s left" in page
