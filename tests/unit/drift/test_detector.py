"""Drift detection from the user's side: settings, reference, checks, and the drift section."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import drift_calibration
from ipyvitals.drift.detector import Drift, DriftDetector
from ipyvitals.drift.features import columns_of
from ipyvitals.drift.reference import ReferenceDistribution
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.stats.drift import psi
from ipyvitals.stats.packing import pack
from ipyvitals.stats.psi_threshold import PsiThresholdEstimator
from ipyvitals.stats.streak import HysteresisSwitch
from ipyvitals.utils.notices import Notices

ROWS = 4_000
START = 2_500
"""First row of the change: the reference and the window are full by then."""


@pytest.fixture
def notices():
    return Notices(lambda: 0.0)


def detector_of(**settings):
    return DriftDetector(Drift(**settings), Notices(lambda: 0.0))


def clean(seed=0, rows=ROWS):
    """Return predictions and features without drift."""
    rng = np.random.default_rng(seed)
    return rng.random(rows) < 0.3, {
        "age": rng.normal(40, 12, rows),
        "income": rng.lognormal(10, 1, rows),
        "city": rng.choice(["Bern", "Basel", "Genf"], rows, p=[0.6, 0.3, 0.1]),
        "children": rng.poisson(1.2, rows),
    }


def shifted(name, change, seed=0):
    predictions, features = clean(seed)
    column = predictions if name == "" else features[name]
    column = column.tolist()
    column[START:] = change(np.random.default_rng(seed + 1), column[START:])
    return (column, features) if name == "" else (predictions, {**features, name: column})


def is_over(look):
    return look.value > look.threshold


def turns_of(looks):
    """Return the looks at which the rule turns: three in a row over, three in a row under."""
    over = np.array([is_over(look) for look in looks], dtype=bool)
    return [looks[turn] for turn in HysteresisSwitch(3).update(over, ~over)]


def shown(section):
    return {one.name: one for one in section.features}


# Settings


def test_the_settings_have_defaults_that_work():
    drift = Drift()
    assert (drift.reference, drift.window, drift.alpha) == (1_000, 500, 0.01)
    assert (drift.errors, drift.max_features) == (False, 100)


@pytest.mark.parametrize(
    "setting",
    [
        {"reference": 30},
        {"window": np.int64(1_000_000)},
        {"alpha": 0.5},
        {"alpha": 1e-6},
        {"max_features": 0},
    ],
)
def test_settings_may_lie_on_their_bounds(setting):
    Drift(**setting)


@pytest.mark.parametrize(
    ("setting", "kind", "words"),
    [
        ({"reference": 29}, ArgumentValueError, r"Drift\(reference=…\): expected 30 to 1,000,000"),
        ({"reference": 1_000_001}, ArgumentValueError, "got 1000001"),
        ({"window": 5}, ArgumentValueError, r"Drift\(window=…\).* got 5"),
        ({"window": 500.0}, ArgumentTypeError, r"expected a whole number, got 500\.0"),
        ({"window": True}, ArgumentTypeError, "got True"),
        ({"max_features": -1}, ArgumentValueError, "expected 0 to 1,000, got -1"),
        ({"max_features": None}, ArgumentTypeError, "got None"),
        ({"alpha": 0.0}, ArgumentValueError, "expected a probability"),
        ({"alpha": 5}, ArgumentValueError, "expected a probability"),
        ({"alpha": float("nan")}, ArgumentValueError, "expected a probability"),
        ({"alpha": "1%"}, ArgumentTypeError, "expected a number, got '1%'"),
        ({"alpha": True}, ArgumentTypeError, "expected a number, got True"),
        ({"errors": 1}, ArgumentTypeError, r"Drift\(errors=…\): expected a bool, got 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(setting, kind, words):
    with pytest.raises(kind, match=words):
        Drift(**setting)


def test_errors_need_river(monkeypatch):
    monkeypatch.setitem(sys.modules, "river", None)
    Drift()
    with pytest.raises(ArgumentValueError, match=r"pip install 'ipyvitals\[drift\]'"):
        Drift(errors=True)


# From the first rows to the first look


def test_the_first_rows_are_the_reference_and_the_next_ones_the_window():
    detector = detector_of()
    predictions, features = clean()

    def feed(start, stop):
        rows = {name: column[start:stop] for name, column in features.items()}
        detector.update(predictions[start:stop], rows)
        return detector.section()

    section = detector.section()
    assert (section.state, section.features, section.watched) == ("collecting", [], 1)
    section = feed(0, 999)
    assert (section.state, section.reference_rows, section.reference_size) == (
        "collecting",
        999,
        1_000,
    )
    assert (section.features, section.watched, section.window_rows) == ([], 5, 0)
    section = feed(999, 1_400)
    assert (section.state, section.reference_rows) == ("watching", 1_000)
    assert (section.window_rows, section.window_size, section.watched) == (400, 500, 5)
    assert [one.name for one in section.features] == ["", "age", "income", "city", "children"]
    assert {(one.psi, one.threshold, one.drifted) for one in section.features} == {
        (None, None, False)
    }
    assert detector.take_checks() == []
    section = feed(1_400, 1_500)
    (look,) = detector.take_checks()
    assert look.n == section.window_rows == 500
    assert detector.take_checks() == []
    assert {name: one.kind for name, one in shown(section).items()} == {
        "": "categorical",
        "age": "numeric",
        "income": "numeric",
        "city": "categorical",
        "children": "categorical",
    }


def test_the_figures_are_those_of_the_plain_formula():
    predictions, features = clean()
    detector = detector_of()
    detector.update(predictions[:1_500], {"city": features["city"][:1_500]})
    section = shown(detector.section())
    reference = ReferenceDistribution.fit(
        {"": predictions[:1_000], "city": features["city"][:1_000]}, 500
    )
    window = {"": predictions[1_000:1_500], "city": features["city"][1_000:1_500]}
    for (name, bins), before in zip(reference.bins.items(), reference.counts, strict=True):
        assert before.sum() == 750
        after = np.bincount(bins.index(window[name]), minlength=before.size)
        estimator = PsiThresholdEstimator(750, 500, before.size, 0.005)
        assert section[name].psi == pytest.approx(float(psi(before, after)))
        assert section[name].threshold == pytest.approx(float(estimator.get(before, after)))


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=8), as_lists=st.booleans())
def test_the_looks_do_not_depend_on_how_the_rows_are_handed_in(cuts, as_lists):
    predictions, features = shifted("age", lambda _, ages: [age + 10 for age in ages])
    at_once, in_parts = detector_of(window=303), detector_of(window=303)
    at_once.update(predictions, features)
    looks = []
    for start, stop in pairwise(sorted({0, ROWS, *cuts})):
        part = {name: column[start:stop] for name, column in features.items()}
        if as_lists:
            part = {name: np.asarray(column).tolist() for name, column in part.items()}
        in_parts.update(predictions[start:stop].tolist(), part)
        looks += in_parts.take_checks()
    assert looks == at_once.take_checks()
    assert len(looks) == (ROWS - 1_000 - 303) // 61 + 1
    assert in_parts.section() == at_once.section()


def test_a_fold_of_many_rows_is_seen_as_small_ones_are():
    predictions, features = clean(rows=15_000)
    large, small = detector_of(), detector_of()
    large.update(predictions, features)
    for start in range(0, 15_000, 1_000):
        rows = {name: column[start : start + 1_000] for name, column in features.items()}
        small.update(predictions[start : start + 1_000], rows)
    assert large.take_checks() == small.take_checks()
    assert large.section() == small.section()


def test_single_rows_are_seen_as_whole_columns_are():
    predictions, features = clean(rows=1_600)
    rows = [
        dict(zip(features, row, strict=True))
        for row in zip(*(column.tolist() for column in features.values()), strict=True)
    ]
    by_row, by_column = detector_of(), detector_of()
    for start in range(0, 1_600, 7):
        by_row.update(predictions[start : start + 7].tolist(), columns_of(rows[start : start + 7]))
    by_column.update(predictions, features)
    assert by_row.take_checks() == by_column.take_checks()
    assert by_row.section() == by_column.section()


def test_the_arrays_of_the_reference_may_change_afterwards():
    predictions, features = clean()
    unchanged = detector_of()
    unchanged.update(predictions[:900], {"age": features["age"][:900].copy()})
    ages = features["age"][:900].copy()
    changed = detector_of()
    changed.update(predictions[:900], {"age": ages})
    ages[:] = 0
    for detector in (unchanged, changed):
        detector.update(predictions[900:2_000], {"age": features["age"][900:2_000]})
    assert changed.section() == unchanged.section()


# What is found


def test_without_drift_next_to_nothing_is_found():
    looks, raised = [], 0
    for seed in range(40):
        detector = detector_of()
        detector.update(*clean(seed))
        found = detector.take_checks()
        assert len(found) == 26
        looks += found
        raised += bool(turns_of(found))
    assert sum(map(is_over, looks)) / len(looks) < 0.02
    assert raised <= 2


CHANGES = {
    "predictions": ("", lambda rng, predictions: rng.random(len(predictions)) < 0.5),
    "half a deviation": ("age", lambda _, ages: [age + 6 for age in ages]),
    "twice as wide": ("age", lambda _, ages: [40 + 2 * (age - 40) for age in ages]),
    "another currency": ("income", lambda _, incomes: [1.5 * income for income in incomes]),
    "a new category": (
        "city",
        lambda rng, cities: [city if rng.random() > 0.1 else "Chur" for city in cities],
    ),
    "other shares": ("city", lambda rng, cities: rng.choice(["Bern", "Genf"], len(cities))),
    "missing": ("age", lambda rng, ages: [age if rng.random() > 0.1 else None for age in ages]),
    "NaN": ("income", lambda rng, rich: [one if rng.random() > 0.1 else np.nan for one in rich]),
    "no numbers": (
        "age",
        lambda rng, ages: [str(age) if rng.random() < 0.1 else age for age in ages],
    ),
    "gone": ("children", lambda _, children: [None] * len(children)),
    "fewer children": ("children", lambda rng, children: rng.poisson(0.7, len(children))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_drift_is_found_within_a_thousand_rows_and_named(change):
    name, change = CHANGES[change]
    for seed in range(5):
        detector = detector_of()
        detector.update(*shifted(name, change, seed))
        looks = detector.take_checks()
        assert turns_of(looks[: (START - 1_500) // 100]) == []
        (turn, *_) = turns_of(looks)
        assert looks.index(turn) <= (START - 1_500 + 1_000) // 100
        assert turn.feature == (name or None)
        assert turn.value > turn.threshold
        section = detector.section()
        assert section.state == "drifted"
        first = section.features[0]
        assert (first.name, first.drifted) == (name, True)
        assert first.psi > first.threshold
        assert sum(one.drifted for one in section.features) == 1


def test_a_feature_that_is_no_longer_handed_in_is_missing():
    predictions, features = clean()
    detector = detector_of()
    detector.update(predictions[:2_000], {"age": features["age"][:2_000]})
    detector.update(predictions[2_000:], None)
    first = detector.section().features[0]
    assert (first.name, first.drifted) == ("age", True)


def test_a_feature_that_is_often_missing_already_is_normal():
    rng = np.random.default_rng(3)
    ages = [age if rng.random() < 0.2 else None for age in rng.normal(size=ROWS)]
    detector = detector_of()
    detector.update(rng.random(ROWS), {"age": ages})
    assert detector.section().state == "watching"


def test_drift_ends_when_the_window_is_normal_again():
    predictions, features = clean(rows=6_000)
    features["age"][2_000:3_000] += 20
    detector = detector_of()
    detector.update(predictions[:3_000], {"age": features["age"][:3_000]})
    assert detector.section().state == "drifted"
    looks = detector.take_checks()
    detector.update(predictions[3_000:], {"age": features["age"][3_000:]})
    looks += detector.take_checks()
    section = detector.section()
    assert section.state == "watching"
    assert not any(one.drifted for one in section.features)
    on, off = turns_of(looks)
    assert (on.feature, is_over(on), is_over(off)) == ("age", True, False)


def test_a_verdict_may_take_another_number_of_looks():
    rows = shifted("age", lambda _, ages: [age + 40 for age in ages])
    states = []
    for hold in (1, 26):
        detector = DriftDetector(Drift(), Notices(lambda: 0.0), hold)
        detector.update(*rows)
        states.append(detector.section().state)
    assert states == ["drifted", "watching"]


def test_the_twenty_furthest_above_their_thresholds_are_shown():
    rng = np.random.default_rng(5)
    features = {str(number): rng.normal(size=ROWS) for number in range(40)}
    for number in range(40):
        features[str(number)][START:] += number / 20
    detector = detector_of()
    detector.update(rng.random(ROWS), features)
    section = detector.section()
    assert (len(section.features), section.watched) == (20, 41)
    ratios = [one.psi / one.threshold for one in section.features]
    assert ratios == sorted(ratios, reverse=True)
    assert {"39", "38", "37"} <= set(shown(section))
    assert not {"", "0", "1"} & set(shown(section))


@pytest.mark.parametrize("value", [7, "x", None, float("nan"), True, date(2026, 1, 1)])
def test_a_constant_never_drifts(value):
    detector = detector_of()
    detector.update([value] * 2_000, {"constant": [value] * 2_000})
    section = detector.section()
    assert section.state == "watching"
    assert {one.psi for one in section.features} == {0.0}


# Which features


def test_features_without_a_place_are_counted_once_each(notices):
    predictions, features = clean()
    detector = DriftDetector(Drift(max_features=2), notices)
    detector.update(predictions[:500], {name: column[:500] for name, column in features.items()})
    assert notices.count("drift.features") == 2
    detector.update(predictions[500:], {name: column[500:] for name, column in features.items()})
    assert notices.count("drift.features") == 2
    assert detector.section().watched == 3
    detector.update([True, False], {"new": [1, 2], "city": ["Bern", "Bern"]})
    assert notices.count("drift.features") == 3
    (notice,) = notices.get()
    assert "'new'" in notice.message
    assert detector.section().watched == 3


def test_a_feature_that_comes_late_in_the_reference_was_missing_before():
    predictions, features = clean()
    ages = features["age"]
    detector, expected = detector_of(), detector_of()
    detector.update(predictions[:400], None)
    detector.update(predictions[400:], {"age": ages[400:]})
    expected.update(predictions, {"age": [None] * 400 + ages[400:].tolist()})
    assert detector.section() == expected.section()


def test_predictions_alone_are_watched_without_features(notices):
    detector = DriftDetector(Drift(max_features=0), notices)
    detector.update(*clean())
    assert detector.section().watched == 1
    assert notices.count("drift.features") == 4


def test_names_that_change_with_every_row_need_no_more_memory(notices):
    detector = DriftDetector(Drift(reference=30, max_features=3), notices)
    for row in range(3_000):
        detector.update([row], {f"request-{row}": [row]})
    assert detector.section().watched == 4
    assert notices.count("drift.features") == 1_000


# A reference of one's own


def test_training_data_are_a_reference_at_once():
    predictions, features = clean(rows=3_000)
    live, live_features = clean(seed=9, rows=700)
    detector = detector_of()
    detector.set_reference(predictions.tolist(), pd.DataFrame(features))
    section = detector.section()
    assert (section.state, section.reference_rows, section.reference_size) == (
        "watching",
        3_000,
        3_000,
    )
    detector.update(live, live_features)
    assert len(detector.take_checks()) == 3
    assert detector.section().state == "watching"


def test_live_rows_unlike_the_training_data_drift_from_the_start():
    predictions, features = clean()
    detector = detector_of()
    detector.set_reference(predictions, features)
    live, live_features = clean(seed=9, rows=700)
    detector.update(live, {**live_features, "age": live_features["age"] + 10})
    assert detector.section().state == "drifted"
    assert detector.section().features[0].name == "age"


def test_a_new_reference_begins_anew(notices):
    predictions, features = shifted("age", lambda _, ages: [age + 20 for age in ages])
    detector = DriftDetector(Drift(max_features=1), notices)
    detector.update(predictions, {"age": features["age"]})
    assert detector.section().state == "drifted"
    detector.set_reference(
        predictions[START:], {"age": features["age"][START:], "late": [0] * (ROWS - START)}
    )
    section = detector.section()
    assert (section.state, section.window_rows, detector.take_checks()) == ("watching", 0, [])
    assert notices.count("drift.features") == 1
    detector.update(predictions[START:], {"age": features["age"][START:]})
    assert detector.section().state == "watching"


def test_a_reference_in_the_middle_of_collecting_replaces_what_was_collected():
    predictions, features = clean()
    detector = detector_of()
    detector.update(predictions[:500], {"old": [1] * 500})
    detector.set_reference(predictions[:30], {"age": features["age"][:30]})
    section = detector.section()
    assert (section.state, section.reference_rows, section.watched) == ("watching", 30, 2)


@pytest.mark.parametrize(
    ("predictions", "features", "kind", "words"),
    [
        ([1] * 29, None, ArgumentValueError, "30 rows or more, got 29; hand in more"),
        ([1] * 30, {"age": [1] * 29}, ArgumentValueError, "expected 30 rows.* got 29"),
        (1, None, ArgumentTypeError, "predictions: expected an array"),
        ([1] * 30, "age", ArgumentTypeError, "features: expected a DataFrame"),
    ],
)
def test_a_reference_that_makes_no_sense_is_refused_and_changes_nothing(
    predictions, features, kind, words
):
    detector = detector_of()
    detector.update([1] * 10, None)
    before = detector.section()
    with pytest.raises(kind, match=words):
        detector.set_reference(predictions, features)
    assert detector.section() == before


# Errors, and an end of it all


def test_errors_are_watched_where_that_is_asked_for():
    assert detector_of().section().errors is None
    detector = detector_of(errors=True)
    rng = np.random.default_rng(0)
    detector.update_errors(rng.random(1_000) < 0.9)
    section = detector.section()
    assert (section.state, section.errors.changes) == ("collecting", 0)
    detector.update_errors(rng.random(1_000) < 0.5)
    section = detector.section()
    assert (section.state, section.errors.rising) == ("drifted", True)
    (change,) = detector.take_error_changes()
    assert change.rising
    detector.update_errors(np.ones(1_000, dtype=bool))
    section = detector.section()
    assert (section.state, section.errors.rising) == ("collecting", False)
    assert not detector.take_error_changes()[-1].rising


def test_errors_that_nobody_watches_are_no_trouble():
    detector = detector_of()
    detector.update_errors(np.zeros(2_000, dtype=bool))
    assert (detector.section().state, detector.take_error_changes()) == ("collecting", [])


def test_a_reset_forgets_everything_but_the_reference():
    predictions, features = shifted("age", lambda _, ages: [age + 20 for age in ages])
    detector = detector_of(errors=True)
    detector.update(predictions, features)
    detector.update_errors(np.arange(2_000) < 1_000)
    assert detector.section().state == "drifted"
    detector.reset()
    section = detector.section()
    assert (section.state, section.reference_rows, section.window_rows) == ("watching", 1_000, 0)
    assert (section.watched, section.errors.changes, section.errors.error_rate) == (5, 0, None)
    assert detector.take_checks() == detector.take_error_changes() == []
    detector.update(
        predictions[:1_000], {name: column[:1_000] for name, column in features.items()}
    )
    assert detector.section().state == "watching"


def test_a_reset_keeps_what_there_is_of_a_reference():
    detector = detector_of()
    detector.update([1] * 500, None)
    detector.reset()
    assert detector.section().reference_rows == 500


def test_looks_that_nobody_takes_are_bounded():
    detector = detector_of(reference=30, window=30)
    detector.update(np.arange(100_000) % 7, None)
    assert len(detector.take_checks()) == 10_000


def test_no_rows_change_nothing():
    detector = detector_of()
    detector.update([], None)
    detector.update(*clean())
    before = detector.section()
    detector.update(np.array([]), {"age": np.array([])})
    assert detector.section() == before


# Calibration, and what the documents promise


def equal_categories(rng, rows):
    return [f"c{number}" for number in rng.integers(0, 200, rows)]


def test_twenty_stable_streams_of_200_equal_categories_stay_as_they_are():
    """Of 1,000 stable streams of 5,000 rows, 16 to 26 raise a false alarm."""
    turned = looks = over = 0
    for seed in range(20):
        rng, detector = np.random.default_rng([1, seed]), detector_of()
        found = []
        for _ in range(10):
            detector.update(equal_categories(rng, 500), None)
            found += detector.take_checks()
        turned += bool(turns_of(found))
        looks += len(found)
        over += sum(map(is_over, found))
    assert turned == 0
    assert over / looks <= 0.01


STABLE = {
    "2 categories": lambda rng, rows: rng.random(rows) < 0.5,
    "20 categories": lambda rng, rows: rng.integers(0, 20, rows).astype(str),
    "100 categories": lambda rng, rows: rng.integers(0, 100, rows).astype(str),
    "Zipf": lambda rng, rows: rng.zipf(1.5, rows).astype(str),
    "rare": lambda rng, rows: np.where(
        rng.random(rows) < 0.8, "a", rng.integers(0, 20, rows).astype(str)
    ),
    "normal": lambda rng, rows: rng.normal(size=rows),
    "ties": lambda rng, rows: rng.poisson(3, rows),
    "mixture": lambda rng, rows: np.where(rng.random(rows) < 0.5, 0.0, rng.lognormal(size=rows)),
    "sentinel": lambda rng, rows: np.where(rng.random(rows) < 0.05, -999.0, rng.normal(size=rows)),
    "missing": lambda rng, rows: np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
}


@pytest.mark.parametrize("rows", [30, 100, 1_000])
@pytest.mark.parametrize("name", STABLE)
def test_at_most_alpha_of_looks_at_stable_data_are_above_the_threshold(name, rows):
    over, streams = 0, 300
    for seed in range(streams):
        rng, detector = np.random.default_rng([2, rows, seed]), detector_of(alpha=0.05)
        detector.set_reference(STABLE[name](rng, rows))
        detector.update(STABLE[name](rng, 500), None)
        over += sum(map(is_over, detector.take_checks()))
    assert over / streams <= 0.05


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.9])
def test_zeros_that_become_a_sentinel_are_found(share):
    rng, detector = np.random.default_rng(0), detector_of()

    def mixture(value, rows):
        return np.where(rng.random(rows) < share, value, rng.lognormal(size=rows))

    detector.set_reference(mixture(0.0, 1_000))
    detector.update(mixture(0.0, 700), None)
    assert detector.section().state == "watching"
    detector.update(mixture(-999.0, 700), None)
    assert detector.section().state == "drifted"
    assert detector.section().features[0].psi > 0.2


def sections_of(reference, live):
    detector = detector_of()
    detector.set_reference([0, 1] * (len(reference) // 2), {"x": reference})
    detector.update([0, 1] * (len(live) // 2), {"x": live})
    return detector.section()


TENTHS = np.arange(1, 16) / 10
IDS = 2**59 + np.arange(15)


@pytest.mark.parametrize(
    ("reference", "live"),
    [
        (TENTHS.astype(np.float32), TENTHS.tolist()),
        (TENTHS.tolist(), TENTHS.astype(np.float32)),
        (TENTHS.astype(np.float32), TENTHS),
        (IDS.tolist(), IDS),
        (IDS, IDS.tolist()),
        (IDS, IDS.astype(np.uint64)),
        (np.arange(15), np.arange(15.0).tolist()),
        (np.arange(15) % 2 == 0, (np.arange(15) % 2 == 0).astype(float)),
        (pd.Series(list("abcdefghijklmno")), np.array(list("abcdefghijklmno"))),
    ],
)
def test_the_type_of_equal_values_is_no_drift(reference, live):
    rng = np.random.default_rng(0)
    rows, live_rows = rng.integers(0, 15, 1_000), rng.integers(0, 15, 700)
    reference = [reference[row] for row in rows] if isinstance(reference, list) else reference[rows]
    live = [live[row] for row in live_rows] if isinstance(live, list) else live[live_rows]
    section = sections_of(reference, live)
    assert section.state == "watching"
    (psi_of_x,) = [one.psi for one in section.features if one.name == "x"]
    assert psi_of_x < 0.1


@pytest.mark.parametrize(
    "live", [[6, 7, 8, 9, 10], [100] * 5, [-1, -2, -3, -4, -5], [1.5, 2.5, 3.5, 4.5, 5.5]]
)
def test_thirty_reference_rows_of_five_integers_see_all_new_values(live):
    assert sections_of([1, 2, 3, 4, 5] * 6, live * 140).state == "drifted"
    assert sections_of([1, 2, 3, 4, 5] * 6, [1, 2, 3, 4, 5] * 140).state == "watching"


DAY = timedelta(days=1)
START_DATE = datetime(2020, 1, 1, tzinfo=UTC)
CANNOT_BE_COMPARED = {
    "ids": lambda row: f"id-{row}",
    "lists": lambda row: [row % 3],
    "arrays": lambda row: np.array([row % 3, 1]),
    "texts": lambda row: "a prompt with the same long beginning " * 20 + str(row),
}


@pytest.mark.parametrize("kind", ["datetime64", "datetime", "date", "naive"])
def test_dates_that_move_by_five_years_are_found(kind):
    days = np.random.default_rng(0).integers(0, 400, 1_700)
    moments = [START_DATE + int(day) * DAY for day in days]
    later = [moment + 5 * 365 * DAY for moment in moments[1_000:]]
    convert = {
        "datetime64": lambda some: np.array([one.replace(tzinfo=None) for one in some], "M8[ns]"),
        "datetime": list,
        "date": lambda some: [one.date() for one in some],
        "naive": lambda some: [one.replace(tzinfo=None) for one in some],
    }[kind]
    same = sections_of(convert(moments[:1_000]), moments[1_000:])
    assert (same.state, shown(same)["x"].kind) == ("watching", "numeric")
    assert sections_of(convert(moments[:1_000]), convert(later)).state == "drifted"


def test_dates_in_the_first_rows_are_watched_too():
    days = np.random.default_rng(0).integers(0, 400, 3_000)
    dates = np.datetime64("2020-01-01") + days
    detector = detector_of()
    detector.update([0, 1] * 1_000, {"day": dates[:2_000]})
    assert detector.section().state == "watching"
    detector.update([0, 1] * 500, {"day": dates[2_000:] + 1_825})
    assert detector.section().features[0].name == "day"
    assert detector.section().state == "drifted"


def test_a_hundred_new_ids_are_found_by_the_share_of_new_values():
    rng = np.random.default_rng(0)
    users = [f"user-{number}" for number in rng.integers(0, 100, 1_700)]
    new = [f"new-{number}" for number in rng.integers(0, 100, 700)]
    assert sections_of(users[:1_000], users[1_000:]).state == "watching"
    assert sections_of(users[:1_000], new).state == "drifted"


@pytest.mark.parametrize("kind", CANNOT_BE_COMPARED)
def test_what_cannot_be_compared_is_named_as_not_watched(kind):
    value = CANNOT_BE_COMPARED[kind]
    section = sections_of(
        [value(row) for row in range(1_000)], [value(-row - 1) for row in range(700)]
    )
    assert (section.unwatched, section.watched) == (["x"], 1)
    assert [one.name for one in section.features] == [""]
    assert section.state == "watching"


def test_a_column_that_is_not_watched_is_reported_when_its_values_vanish():
    section = sections_of([f"id-{row}" for row in range(1_000)], [None] * 700)
    assert (section.state, section.features[0].name) == ("drifted", "x")


def test_a_resumed_detector_goes_on_with_the_same_figures():
    predictions, features = clean()
    features["day"] = np.datetime64("2020-01-01") + np.arange(ROWS) % 300
    features["user"] = [f"u{number % 150}" for number in range(ROWS)]
    features["id"] = [f"id-{number}" for number in range(ROWS)]
    first, second = detector_of(), detector_of()
    first.set_reference(predictions, features)
    second.resume(first.reference, [])
    for detector in (first, second):
        detector.update(predictions[::2], {name: column[::2] for name, column in features.items()})
    assert second.section() == first.section()
    assert second.section().unwatched == ["id"]


def test_a_reference_of_the_first_version_is_still_read():
    column = {"name": "", "counts": [60, 40, *[0] * 20], "categories": ["a", "b"]}
    edges = {"name": "x", "counts": [50, 50, *[0] * 20], "edges": pack(np.array([0.5]))}
    stored = msgspec.msgpack.encode({"rows": 100, "columns": [column, edges], "v": 1})
    detector = detector_of(window=30)
    detector.resume(stored, [])
    detector.update(["a", "b", "a"] * 20, {"x": [0.1, 0.9, 0.4] * 20})
    assert detector.section().state == "watching"
    detector.update(["c"] * 60, {"x": [0.1] * 60})
    assert detector.section().state == "drifted"


@pytest.mark.parametrize(
    "stored",
    [
        {"rows": 30, "columns": [], "v": 1},
        {"rows": 30, "columns": [{"name": "", "counts": []}], "v": 2},
        {"rows": 30, "columns": [{"name": "", "counts": [0, 0]}], "v": 2},
        {"rows": 30, "columns": [{"name": "x", "counts": [30, 0]}], "v": 2},
        {"rows": 30, "columns": [{"name": "", "counts": [30, 0], "rare_bins": 999}], "v": 2},
        {"rows": 30, "columns": [{"name": "", "counts": [30]}], "v": 3},
    ],
)
def test_what_is_no_reference_is_refused(stored):
    with pytest.raises(ValueError, match="expected a reference"):
        detector_of().resume(msgspec.msgpack.encode(stored), [])


@pytest.mark.parametrize("value", [2**70, "\ud800", (1, 2), b"x"])
def test_a_reference_that_cannot_be_stored_is_empty(value):
    detector = detector_of()
    detector.set_reference([value, "x"] * 500)
    assert detector.reference == b""
    assert detector.section().state == "watching"


def test_the_bins_are_chosen_on_other_rows_than_those_that_are_counted():
    rows = np.random.default_rng(0).normal(size=1_000)
    reference = ReferenceDistribution.fit({"": rows}, 500)
    assert (reference.rows, reference.counts.sum()) == (1_000, 750)
    for count, counted in [(30, 20), (100, 75), (10_000, 9_000)]:
        reference = ReferenceDistribution.fit({"": np.arange(count) % 2}, 500)
        assert reference.counts.sum() == counted
        # Whatever the period of the data, both parts have their share of each value.
        assert abs(np.diff(np.sort(reference.counts[0])[-2:])) < 0.2 * counted


def documented_table(name):
    text = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text(encoding="utf-8")
    _, table = text.split(f"<!-- drift {name} -->")
    table, _ = table.split(f"<!-- end of drift {name} -->")
    rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    return rows[2:]


def test_the_documented_table_of_stable_data_has_at_most_one_percent_of_looks():
    """At most `Drift.alpha` (1 %) of all looks at unchanged data exceed the threshold."""
    rows = documented_table("calibration")
    assert [row[0] for row in rows] == list(drift_calibration.STABLE)
    shares = [float(cell.removesuffix(" %")) for row in rows for cell in row[1:]]
    assert len(shares) == 28 * 4
    assert max(shares) <= 1.0


@pytest.mark.parametrize(
    "change",
    ["normal, mean + 0.5", "lognormal × 1.5", "10 categories, 5 % new", "2 categories, 50 to 60 %"],
)
def test_changes_are_found_as_soon_as_the_documented_table_says(change):
    documented = {row[0]: row[1:] for row in documented_table("power")}
    assert list(documented) == list(drift_calibration.CHANGES)
    rows, _ = drift_calibration.rows_until_found(drift_calibration.CHANGES[change], 15)
    median = int(documented[change][0].removesuffix(" rows").replace(",", ""))
    assert abs(np.median(rows) - median) <= 200


def test_the_script_measures_what_the_table_shows():
    share = drift_calibration.share_above(drift_calibration.STABLE["normal"], 1_000, 100)
    assert 0 <= share <= 0.01
