"""Drift detection from the user's side: settings, reference, checks, and the drift section."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyvitals.drift.detector import Drift, DriftDetector
from ipyvitals.drift.features import columns_of
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.stats.drift import psi, psi_threshold
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
    cities = pd.Series(features["city"])
    before = cities[:1_000].value_counts()
    after = cities[1_000:1_500].value_counts()[before.index]
    assert section["city"].psi == pytest.approx(float(psi(before, after)))
    assert section["city"].threshold == pytest.approx(psi_threshold(1_000, 500, 3, 0.005))
    before, after = predictions[:1_000].sum(), predictions[1_000:1_500].sum()
    assert section[""].psi == pytest.approx(
        float(psi([before, 1_000 - before], [after, 500 - after]))
    )
    assert section[""].threshold == pytest.approx(psi_threshold(1_000, 500, 2, 0.005))


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


@pytest.mark.parametrize("value", [7, "x", None, [1, 2], float("nan"), True])
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
    one = shown(detector.section())["age"]
    assert one.threshold == pytest.approx(psi_threshold(3_000, 500, 10, 0.01 / 5))
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
