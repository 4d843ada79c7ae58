"""Sentences of docs/numbers.md with a number that a test of another file, or a short one, is about.

Together with `test_numbers_doc` and tests/unit/system/test_documented_numbers.py no chapter is left
out.
"""

from __future__ import annotations

import re
import warnings
from math import nan
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ipyvitals import LabelTypeWarning, Monitor
from ipyvitals.render import formatting
from ipyvitals.training.curves import Curve
from tests.unit.test_numbers_doc import CHECKED, DOCUMENT, sentences_of

ROOT = Path(__file__).parents[2]
HEADINGS = re.findall(r"^#+ (.*)$", DOCUMENT, flags=re.MULTILINE)
TABLES = ("Population stability index", "Every metric")
"""Chapters whose numbers are tables that the tests of drift, and of the contract, make anew."""
ELSEWHERE = {
    # Status.
    "there was no prediction for `Thresholds.idle` seconds (300)": (
        "test_numbers_doc.py::a_silent_model_is_idle"
    ),
    # Drift.
    "is the first `Drift.reference` rows (1,000)": "drift/test_detector.py::defaults_that_work",
    "(30 rows or more)": "drift/test_detector.py::a_reference_that_makes_no_sense_is_refused",
    "is the newest `Drift.window` rows (500)": "drift/test_detector.py::defaults_that_work",
    "A quarter of the reference (10 rows at least": "drift/test_detector.py::chosen_on_other_rows",
    "get at most 10 intervals": "stats/test_bins.py::five_rows_are_expected_in_each_interval",
    "A number with a share of 5 % or more": "stats/test_bins.py::with_a_large_share_has_a_bin",
    "each of the 20 most frequent values": "stats/test_bins.py::twenty_most_frequent_values",
    "1, 1.0, `True` and `Decimal(1)`": "stats/test_bins.py::equal_values_of_any_type",
    "so that 0.1 is one value in": "stats/test_bins.py::in_single_and_in_double_precision",
    "Texts of more than 100 characters": "stats/test_bins.py::long_texts_differ_where_only",
    "(1 − score) goes to ADWIN (Bifet": "drift/test_adwin.py::finds_what_river_finds",
    # Streams.
    "of streams whose first item came in the last 60 s": (
        "stats/test_references.py::every_statistic_agrees_with_a_reference"
    ),
    "items of the streams that ended or were left in the last 60 s": (
        "stats/test_references.py::every_statistic_agrees_with_a_reference"
    ),
    # Runs.
    "of each run 100 hyperparameters and 20 tags": "training/test_tree.py::what_is_too_many",
    'A stage with one number, such as "Fold 3"': "training/test_tree.py::names_one_and_counts",
    "Steps and counts are numbers of 64 bits": (
        "monitor/test_odd_training_values.py::of_more_than_64_bits"
    ),
    "| `training.value` |": "monitor/test_odd_training_values.py::of_more_than_64_bits",
    # Workers.
    "to this monitor, at most 100": "remote/test_report_reader.py::of_too_many_workers",
    "`late` (no report for more than 13 s": "remote/test_report_reader.py::falls_silent_is_late",
    "| `workers.many` |": "remote/test_report_reader.py::of_too_many_workers",
    "| `workers.newer`, `workers.refused` |": "remote/test_report_reader.py::what_is_no_report",
    "0 to 7: colour and shape of a run": "training/test_tree.py::a_place_is_free_again",
    "over the last 10 s or the last 8 samples": "training/test_eta.py::follows_a_change_within_ten",
    "share of the readings with a utilization below 5 %": (
        "training/test_cost.py::peaks_come_with_their_step"
    ),
    "then the last 20 that ended": "training/test_tree.py::twenty_ended_runs_stay",
    "it is read every 0.1 n s, 0.5 s at most": "monitor/test_training.py::shown_more_rarely",
    "older ones as far as 5 ms allow": "training/test_metric_values.py::that_is_behind",
    "(about 7 kB a second for all curves)": "jupyter/test_run_feed.py::no_more_bytes_than_a_page",
    "for `Thresholds.stall` (30 s), or 10 times": "training/test_alerts.py::have_ten_times_as_long",
    # Smoothed lines.
    "a value that is 1 % of the axis away counts half": (
        "stats/test_smoothing.py::each_value_counts_half_for_each_distance"
    ),
    "more than 5 scaled median deviations": "stats/test_smoothing.py::a_spike_leaves_no_tail",
    # Workers.
    "for each process that reports, those alive first, 100 at most": (
        "remote/test_report_reader.py::a_snapshot_has_at_most_100_rows_and_runs"
    ),
    "At most 100 runs of all workers are among": (
        "remote/test_report_reader.py::a_snapshot_has_at_most_100_rows_and_runs"
    ),
    "A worker in which nothing changes reports every 10 s": (
        "remote/test_report_reader.py::a_worker_in_which_nothing_changes_reports_every_10_s"
    ),
    '"7 of 8 workers" means': "render/test_text.py::the_workers_are_one_line",
    # Notices.
    "| `training.metrics`, `training.config`, `training.tags` |": (
        "training/test_tree.py::what_is_too_many"
    ),
    "| `score.range` |": "test_numbers_doc.py::a_score_is_a_ratio",
    "| `models.evicted` |": "test_numbers_doc.py::a_thousand_models_are_retained",
    "| `intake.waiting` |": "monitor/test_interrupts.py::waits_for",
    "| `callbacks.dropped` |": "events/test_callbacks.py::the_oldest_are_dropped_and_counted",
    "| `system.reading` |": "monitor/test_interrupts.py::reading",
    "At most 50 codes are counted.": "test_numbers_doc.py::fifty_codes_are_counted",
}
HERE = (
    (
        "Percentages (`…_percent`) lie in [0, 100]; accuracies, rates of error and coverages are "
        "ratios in [0, 1]."
    ),
    "77 of 80 is 96.3 %.",
    "No text shows 0, 1 or 100 % unless its number reaches it:",
    (
        "0.9996 is 99.9 %, a load of 0.3 % is 1 %, a metric of 0.99996 is 0.9999, and a loss of "
        "3.9996 is 4.000 rather than 4, and a run of 0.4 s took <1s."
    ),
    "(136.7 ms is 137 ms), and the progress of training is rounded down to whole percent.",
    "one label, `missing` 2, and two rows wait.",
    "a number with a fraction against an integer",
    "| a number, a text, an object, `None` | any | 1 |",
    "anything of another length, a text, a number: one row",
    "Where the first step given is 0, steps are indices",
    "for each `i` of `range(40)` ends at 40 of 40",
    "a curve of at most 2,048 buckets",
    "Up to 2,048 values each value is a bucket",
)
OF_OTHERS = (
    # The name of a notebook.
    "03_predictions.ipynb",
    # The panel's, in js/src/view/modelOrder.test.ts.
    "when it has 1.25 times its traffic",
)
OF_THE_MACHINE = slice(
    HEADINGS.index("`system`: what can run out"), HEADINGS.index("Smoothed lines")
)
CHAPTERS = [
    heading for heading in HEADINGS if heading not in (*CHECKED, *TABLES, *HEADINGS[OF_THE_MACHINE])
]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_sentence_with_a_number_has_a_test(chapter):
    known = [*ELSEWHERE, *HERE, *OF_OTHERS]
    assert [s for s in sentences_of(chapter) if not any(part in s for part in known)] == []


@pytest.mark.parametrize("part", [*ELSEWHERE, *HERE, *OF_OTHERS])
def test_no_test_is_about_a_sentence_that_is_gone(part):
    assert any(part in sentence for chapter in CHAPTERS for sentence in sentences_of(chapter))


@pytest.mark.parametrize("where", ELSEWHERE.values())
def test_the_tests_of_other_files_are_there(where):
    file, _, name = where.partition("::")
    text = (ROOT / "tests" / "unit" / file).read_text(encoding="utf-8")
    assert re.search(rf"def test_\w*{name.removeprefix('test_')}\w*\(", text)


def test_percentages_and_ratios_have_their_ranges():
    monitor = Monitor(name="ranges", interval=None, store=None, drift=True)
    for number in range(200):
        monitor.record(number % 3, number % 2, latency=0.01)
    monitor.record_error()
    monitor.tick()
    bounds, seen = {"percent": 100.0, "ratio": 1.0, "accuracy": 1.0, "coverage": 1.0}, set()

    def check(value, name=""):
        for key, inner in value.items() if isinstance(value, dict) else ():
            check(inner, str(key))
        for inner in value if isinstance(value, list) else ():
            check(inner, name)
        kind = next((kind for kind in bounds if name.endswith(kind)), None)
        if kind is not None and isinstance(value, int | float):
            # A process may use several cores: 100 % is one of them.
            if name != "process_cpu_percent":
                assert 0.0 <= value <= bounds[kind], name
            seen.add(kind)

    check(msgspec.to_builtins(monitor.snapshot()))
    monitor.close()
    assert seen >= {"percent", "accuracy"}


def test_numbers_are_written_as_the_document_says():
    assert formatting.ratio_text(77 / 80) == "96.3 %"
    assert formatting.ratio_text(0.9996) == "99.9 %"
    assert formatting.percent(0.3) == "1 %"
    assert (formatting.metric(0.99996), formatting.metric(3.9996)) == ("0.9999", "4.000")
    assert formatting.elapsed(0.4) == "<1s"
    assert formatting.latency(0.1367) == "137 ms"
    assert formatting.progress(99.9) == "99 %"
    for value in (1e-9, 1 - 1e-9):
        assert not {formatting.ratio_text(value), formatting.metric(value)} & {
            *("0.0 %", "100.0 %", "100 %", "0 %", "0", "1", "1.000"),
        }


def test_a_batch_with_missing_truths_has_one_label_and_two_rows_wait():
    monitor = Monitor(name="missing", interval=None, store=None)
    monitor.record_batch([1, 0, 1], [1, nan, nan], ids=["a", "b", "c"])

    found = monitor.snapshot()
    assert (found.metrics.total_labelled, found.labels.missing, found.labels.pending) == (1, 2, 2)
    monitor.close()


@pytest.mark.parametrize(
    ("prediction", "actual", "is_score"),
    [
        *((0.7, 1, True), (2.5, 1, True), (0.7, True, True), (0.7, 1.0, True), (0.2, 0.0, True)),
        *(([0.1, 0.9], 1, True), (np.array([0.1, 0.9]), "cat", True), ({"a": 0.9}, "a", True)),
        *((1, 1, False), (1.0, 1, False), (2.5, 1.0, False), ("a", "b", False), (0.7, 0.3, False)),
    ],
)
def test_scores_against_classes_are_said_and_not_counted(prediction, actual, is_score):
    monitor = Monitor(name="scores", interval=None, store=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelTypeWarning)
        monitor.record(prediction, actual)
        found = monitor.snapshot()
    assert [one.code for one in found.notices if one.code == "labels.scores"] == (
        ["labels.scores"] if is_score else []
    )
    assert found.metrics.total_labelled == (0 if is_score else 1)
    monitor.close()


@pytest.mark.parametrize(
    ("argument", "answer", "rows"),
    [
        *((7, 1, 1), ("text", "label", 1), (None, None, 1), (object(), [1, 2], 2)),
        *(([1, 2, 3], [0, 1, 1], 3), ([1, 2, 3], [0, 1], 1), ([1, 2, 3], "label", 1)),
        *((np.zeros((4, 2)), np.zeros(4), 4), ([1, 2, 3], 0.5, 1)),
    ],
)
def test_rows_of_a_watched_call(argument, answer, rows):
    monitor = Monitor(name="rows", interval=None, store=None)
    monitor.watch(lambda given: answer, name="model")(argument)
    metrics = monitor.snapshot().metrics
    assert (metrics.total_predictions, metrics.calls_per_minute) == (rows, 1)
    monitor.close()


def test_steps_from_zero_are_indices():
    monitor = Monitor(name="steps", interval=None, store=None, terminal=False)
    with monitor.training(total=40) as run:
        for i in range(40):
            run.log(loss=1.0, step=i)
        assert (run.current, run.total) == (40, 40)
    monitor.close()


def test_a_curve_has_at_most_2048_buckets_and_a_run_100_curves():
    curve = Curve()
    for step in range(2_048):
        curve.add(step, float(step), float(step % 97))
    assert len(curve) == 2_048
    for step in range(2_048, 20_000):
        curve.add(step, float(step), 1e6 if step == 7_777 else -1e6 if step == 9_999 else 1.0)
    chunk = curve.chunk("run", "loss")
    assert len(chunk.step) <= 2_048
    assert (chunk.first_step[0], chunk.step[-1]) == (0, 19_999)
    assert (max(chunk.high), min(chunk.low)) == (1e6, -1e6)

    monitor = Monitor(name="curves", interval=None, store=None, terminal=False)
    with monitor.training(total=1) as run:
        run.log({f"m{number}": 1.0 for number in range(150)})
        assert (len(run.metrics), len(run.record.series.curves)) == (150, 100)
    monitor.close()
