"""Training runs beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, compare
from ipyvitals.charts.palette import PALETTES

SLOW, FAST = [0.9, 0.8, 0.7], [0.9, 0.5]
TWO = {"a-1": {"loss": SLOW, "accuracy": [0.1, 0.2, 0.3]}, "a-2": {"loss": FAST}}


class FakeHistory:
    """What has a history: a Store, or a Monitor."""

    def __init__(self, frame):
        self._frame = frame

    def history(self, section):
        assert section == "training"
        return self._frame


def panels(figure):
    return [one.text.partition("</b>")[0][3:] for one in figure.layout.annotations]


def lines(figure, axis="y"):
    return {one.name: list(one.y) for one in figure.data if (one.yaxis or "y") == axis}


def test_one_panel_a_metric_and_one_line_a_run(training):
    figure = compare(training(TWO))

    assert panels(figure) == ["loss", "accuracy"]
    first, second = "Fit, 2 Jan 2026, 03:04:06", "Fit, 2 Jan 2026, 03:05:46"
    assert lines(figure) == {first: SLOW, second: FAST}
    assert lines(figure, "y2") == {first: [0.1, 0.2, 0.3]}
    assert list(figure.data[0].x) == [1.0, 2.0, 3.0]


def test_a_run_has_one_colour_and_one_place_in_the_legend(training):
    figure = compare(training(TWO))
    first = figure.data[0].name
    of_first = [one for one in figure.data if one.name == first]

    assert {one.line.color for one in of_first} == {PALETTES["light"].accent}
    assert [one.showlegend for one in of_first] == [True, False]
    assert len({one.legendgroup for one in of_first}) == 1


def test_over_the_time_since_each_began(training):
    figure = compare(training(TWO), by="time")

    assert list(figure.data[0].x) == [0.0, 1.0, 2.0]
    assert "seconds since the run began" in figure.layout.annotations[0].text
    assert list(figure.data[0].customdata) == ["0.9 · step 1", "0.8 · step 2", "0.7 · step 3"]


def test_the_pointer_tells_value_and_time(training):
    figure = compare(training(TWO))

    assert figure.data[0].hovertemplate == "%{customdata}"
    assert list(figure.data[0].customdata) == ["0.9 · after 0s", "0.8 · after 1s", "0.7 · after 2s"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda frame: frame,
        FakeHistory,
        lambda frame: [frame],
        lambda frame: (FakeHistory(frame),),
        lambda frame: [frame[frame["run"] == run] for run in ("a-1", "a-2")],
    ],
    ids=["frame", "store", "list", "stores", "frames"],
)
def test_every_form_of_a_history_will_do(training, wrap):
    assert list(lines(compare(wrap(training(TWO)))).values()) == [SLOW, FAST]


def test_runs_may_be_named(training):
    frame = training(TWO)
    figure = compare({"slow": frame[frame["run"] == "a-1"], "fast": frame[frame["run"] == "a-2"]})

    assert lines(figure) == {"slow": SLOW, "fast": FAST}


def test_a_name_for_several_runs_stands_before_theirs(training):
    figure = compare({"mine": FakeHistory(training(TWO))})

    assert [name.split(",")[0] for name in lines(figure)] == ["mine", "mine"]
    assert len(lines(figure)) == 2


def test_tables_of_ones_own_have_a_column_a_metric(training):
    by_step = pd.DataFrame({"loss": [3.0, 2.0], "note": ["a", "b"]}, index=[10, 20])
    by_time = pd.DataFrame({"loss": [3.0, 1.0]}, index=pd.to_datetime(["2026-01-02", "2026-01-03"]))
    figure = compare({"steps": by_step, "times": by_time})

    assert panels(figure) == ["loss"]
    assert list(figure.data[0].x) == [10.0, 20.0]
    assert list(figure.data[0].customdata) == ["3", "2"]
    assert list(figure.data[1].customdata)[1] == "1 · after 1d 0h"


def test_names_are_as_short_as_tells_runs_apart(training):
    frame = training({**TWO, "a-3": {"loss": FAST}})
    frame["stage"] = frame["run"].map({"a-1": "Fit", "a-2": "Fit", "a-3": "Tune"})

    assert list(lines(compare(frame))) == [
        "Fit, 2 Jan 2026, 03:04:06",
        "Fit, 2 Jan 2026, 03:05:46",
        "Tune",
    ]


def test_equal_names_are_told_apart(training):
    frame = training(TWO, apart=0)

    assert list(lines(compare(frame))) == [
        "Fit, 2 Jan 2026, 03:04:06",
        "Fit, 2 Jan 2026, 03:04:06 (2)",
    ]


def test_a_stage_that_moves_on_names_no_run_and_a_failure_is_told(training):
    frame = training({"a": {"loss": SLOW}}, state="failed")
    frame["stage"] = [f"Epoch {n} of 3" for n in (1, 2, 3)]

    assert list(lines(compare(frame))) == ["2 Jan 2026, 03:04:06, failed"]
    frame["stage"] = "Fit"
    assert list(lines(compare(frame))) == ["Fit, failed"]


def test_only_the_metrics_that_are_wanted(training):
    assert panels(compare(training(TWO), metrics=["accuracy"])) == ["accuracy"]
    assert panels(compare(training(TWO), metrics="accuracy")) == ["accuracy"]
    with pytest.raises(ArgumentValueError, match="no run has 'los'; there are 'loss', 'accuracy'"):
        compare(training(TWO), metrics=["los"])


def test_three_metrics_stand_in_two_columns(training):
    figure = compare(training({"a": dict.fromkeys(("x", "y", "z"), SLOW)}))
    left, right, below = (figure.layout[f"xaxis{n}"] for n in ("", "2", "3"))

    assert left.domain[0] == below.domain[0] == 0
    assert right.domain == (pytest.approx(0.54), 1)
    assert (right.matches, below.matches) == ("x", "x")


def test_unknown_values_and_endless_runs(training):
    values = [0.5, None, 0.4] + [0.3] * 9_000 + [99.0] + [0.3] * 900
    figure = compare(training({"a": {"loss": values}}))
    y = np.array(figure.data[0].y)

    assert np.isnan(y).any()
    assert np.nanmax(y) == 99.0
    assert len(y) < 1_300


def test_runs_without_steps_are_drawn_in_their_order(training):
    frame = training({"a": {"loss": SLOW}})
    frame["step"] = pd.array([None] * 3, dtype="Int64")

    assert list(compare(frame).data[0].x) == [1.0, 2.0, 3.0]


def test_a_run_without_metrics_is_left_out(training):
    frame = training({"a": {"loss": SLOW}, "b": {"loss": FAST}})
    frame.loc[frame["run"] == "b", ["metric", "value"]] = pd.NA

    assert len(compare(frame).data) == 1


def test_no_runs_at_all(training):
    figure = compare(training({}))

    assert len(figure.data) == 0
    assert "No run has metrics yet." in figure.layout.title.text
    assert {one.visible for one in (*figure.select_xaxes(), *figure.select_yaxes())} == {False}


def test_names_are_no_markup(training):
    figure = compare({"<b>x</b>": pd.DataFrame({"<i>": [1.0, 2.0]})}, template="dark")

    assert figure.data[0].name == "&lt;b&gt;x&lt;/b&gt;"
    assert "<b>&lt;i&gt;</b>" in figure.layout.annotations[0].text


@pytest.mark.parametrize("wrong", [3, "run-1", [1], {"a": 1}, pd.DataFrame({"loss": [1.0]})])
def test_anything_else_is_refused(wrong):
    with pytest.raises(ArgumentTypeError, match="expected a Store, a Monitor, a DataFrame"):
        compare(wrong)


def test_there_are_two_things_to_draw_over(training):
    with pytest.raises(ArgumentValueError, match="expected 'step' or 'time'"):
        compare(training(TWO), by="epoch")
