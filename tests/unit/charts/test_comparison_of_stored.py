"""`compare` of a history: summaries in a table, conditions, and thinned curves of old runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, FakeClock, Monitor, compare, open_store
from ipyvitals.charts.svg import svg_of


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(clock, tmp_path):
    with Monitor(
        "churn", version="1", interval=None, clock=clock, store=tmp_path / "history.sqlite"
    ) as made:
        yield made


@pytest.fixture
def fit(monitor, clock):
    """Make a run of some losses, a second each."""

    def run(name, losses, **arguments):
        with monitor.training(len(losses), stage="Fit", name=name, **arguments) as made:
            for step, loss in enumerate(losses, 1):
                clock.advance(1)
                made.update(step, loss=loss)
        clock.advance(100)
        return made

    return run


def lines(figure):
    return [one for one in figure.data if one.type == "scatter"]


def names(figure):
    return [one.name for one in lines(figure)]


def table(figure):
    """Return the rows of the table, each a dict by the heads of the columns."""
    (found,) = [one for one in figure.data if one.type == "table"]
    columns = dict(zip(found.header["values"], found.cells["values"], strict=True))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_a_table_says_what_each_run_took_with_best_and_last_values(monitor, fit):
    fit("slow", [0.9, 0.2, 0.7])
    fit("fast", [0.5, 0.4])
    slow, fast = table(compare(monitor))

    assert (slow["Run"], slow["State"], slow["Duration"], slow["Steps"]) == (
        "slow", "completed", "3s", "3",
    )  # fmt: skip
    assert (slow["best loss"], slow["last loss"]) == ("0.2 at step 2", "0.7")
    assert fast["Run"] == "fast"
    assert "GPU" not in slow  # no run knows it
    assert [one for one in compare(monitor, table=False).data if one.type == "table"] == []


def test_the_panels_stay_above_the_table_in_the_image_too(monitor, fit):
    fit("slow", [0.9, 0.2])
    figure = compare(monitor)

    (shown,) = [one for one in figure.data if one.type == "table"]
    assert figure.layout.yaxis.domain[0] > shown.domain.y[1]
    assert "0.2 at step 2" in svg_of(figure)


def test_conditions_select_runs(monitor, fit, clock):
    fit("a", [0.5], tags=["x", "y"])
    began = clock.time()
    fit("b", [0.5], tags=["y"])
    monitor.deploy("fraud", version="2")
    fit(None, [0.5])

    def found(**conditions):
        assert [one.info.name or one.stage for one in monitor.runs(**conditions)] == names(
            compare(monitor, **conditions)
        )
        return names(compare(monitor, **conditions))

    assert found() == ["a", "b", "Fit"]
    assert found(name="a") == ["a"]
    assert found(name=["b", "Fit"]) == ["b", "Fit"]
    assert (found(tag="x"), found(tag=["x", "y"])) == (["a"], ["a", "b"])
    assert (found(model="churn"), found(model="fraud-2"), found(model="other")) == (
        ["a", "b"], ["Fit"], [],
    )  # fmt: skip
    assert (found(since=began), found(until=began)) == (["b", "Fit"], ["a"])
    assert found(name="a", tag="z") == []


def test_conditions_that_make_no_sense_are_refused(monitor, training):
    with pytest.raises(ArgumentValueError, match="need a Store or a Monitor"):
        compare(training({"a-1": {"loss": [1.0]}}), tag="x")
    with pytest.raises(ArgumentTypeError, match="expected a text"):
        compare(monitor, tag=[7])


def test_two_equal_runs_do_not_hide_each_other(monitor, fit):
    for name in ("a", "b", "c"):
        fit(name, [0.9, 0.5, 0.3])
    fit("other", [0.9, 0.5, 0.2])
    first, second, third, other = lines(compare(monitor))

    assert first.line.width > second.line.width > third.line.width
    assert (first.line.dash, second.line.dash, third.line.dash) == ("solid", "dash", "dot")
    assert len({one.line.color for one in (first, second, third)}) == 3
    assert (other.line.dash, other.line.width) == ("solid", third.line.width)


def test_steps_are_whole_and_no_label_is_cut(monitor, fit):
    fit("a", [0.9, 0.5, 0.3])
    figure = compare(monitor)

    assert (figure.layout.xaxis.dtick, figure.layout.xaxis.tickformat) == (1, ",d")
    image = svg_of(figure)
    assert ">1.5<" not in image
    assert all(f">{step}</text>" in image for step in (1, 2, 3))
    fit("long", np.linspace(1, 0.5, 1_200).tolist())
    assert compare(monitor).layout.xaxis.dtick is None  # plotly's own are whole


def test_noise_is_smoothed_and_its_values_stay_behind_it(monitor, fit):
    noise = np.random.default_rng(1).normal(1, 0.2, 200)
    fit("noisy", noise.tolist())
    fit("calm", np.linspace(1, 0.5, 200).tolist())
    behind, front, calm = lines(compare(monitor))

    assert (behind.name, front.name, calm.name) == ("noisy", "noisy", "calm")
    assert list(behind.y) == pytest.approx(noise)
    assert (behind.opacity < 1, front.opacity, front.hoverinfo) == (True, None, "skip")
    assert np.std(front.y) < np.std(noise) / 2
    assert [one.showlegend for one in (behind, front, calm)] == [False, True, True]
    assert len(lines(compare(monitor, smooth=False))) == 2


def test_a_logarithmic_axis_only_where_all_values_have_a_logarithm(monitor):
    with monitor.training(2, stage="Fit") as run:
        run.update(1, loss=0.001, score=-1.0)
        run.update(2, loss=10.0, score=1.0)
    figure = compare(monitor, log=True)

    assert (figure.layout.yaxis.type, figure.layout.yaxis2.type) == ("log", None)
    assert "linear" in figure.layout.annotations[1].text
    image = svg_of(figure)
    assert all(f">{value}</text>" in image for value in ("0.01", "0.1", "1"))
    assert compare(monitor).layout.yaxis.type is None


def test_old_runs_are_drawn_from_their_thinned_curves(monitor, fit, tmp_path):
    path = tmp_path / "history.sqlite"
    losses = [1.0] * 2_000
    losses[700] = 40.0
    fit("old", losses)
    assert monitor.flush()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM progress")  # as after 90 days

    with open_store(path) as store:
        (line,) = lines(compare(store))
        assert (line.name, max(line.y), min(line.y)) == ("old", 40.0, 1.0)
        assert (min(line.x) < 10, max(line.x)) == (True, 2_000)
    assert names(compare({"mine": monitor})) == ["mine"]


def test_runs_are_shown_as_a_table(monitor, fit):
    fit("<b>", [0.9, 0.2, 0.7])
    runs = monitor.runs()
    html = runs._repr_html_()

    assert "0.2 at step 2" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    frame = runs.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.loc[0, ["steps", "best loss", "best step loss", "last loss"]].to_list() == [
        3, 0.2, 2, 0.7,
    ]  # fmt: skip
    assert frame["energy_wh"].isna().all()


def test_runs_that_were_selected_can_be_drawn_and_named(monitor, fit, tmp_path):
    handle = fit("slow", [0.9, 0.2])
    fit("fast", [0.5, 0.4])
    runs = monitor.runs()
    monitor.flush()
    with open_store(tmp_path / "history.sqlite") as store:
        stored = store.runs()
        assert names(compare(stored[1:])) == ["fast"]

    assert names(compare(runs)) == ["slow", "fast"]
    assert names(compare(runs[:1])) == ["slow"]
    assert names(compare(runs[1])) == ["fast"]
    assert names(compare(runs, name="fast")) == ["fast"]
    figure = compare({"baseline": runs[0], "wide": runs[1]})
    assert names(figure) == ["baseline", "wide"]
    assert [row["Run"] for row in table(figure)] == ["baseline", "wide"]
    by_handle = compare({"this": handle, "that": runs[1]})
    assert [list(one.y) for one in lines(by_handle)] == [[0.9, 0.2], [0.5, 0.4]]
    assert names(by_handle) == ["this", "that"]


def test_a_loop_is_drawn_by_its_handle_while_it_runs(monitor, clock):
    with pytest.raises(ArgumentTypeError, match="expected a Store"):
        compare(monitor.track(range(3)))
    for step in (bar := monitor.track(range(3))):
        clock.advance(1)
        bar.log(loss=float(step))
        if step == 1:
            assert [list(one.y) for one in lines(compare(bar))] == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"name": 3}, ArgumentTypeError, "name=3"),
        ({"tag": [5]}, ArgumentTypeError, "expected a text"),
        ({"metrics": 3}, ArgumentTypeError, "metrics=3"),
        ({"metrics": [None]}, ArgumentTypeError, "expected names of metrics"),
        ({"log": "y"}, ArgumentTypeError, "log='y'"),
        ({"smooth": None}, ArgumentTypeError, "smooth=None"),
        ({"template": ["dark"]}, ArgumentValueError, "template="),
        ({"since": "yesterday"}, ArgumentValueError, "since='yesterday'"),
    ],
)
def test_bad_arguments_say_what_is_wrong(monitor, fit, arguments, error, words):
    fit("slow", [0.9, 0.2])
    with pytest.raises(error, match=words):
        compare(monitor, **arguments)


@pytest.mark.parametrize("runs", ["slow", b"slow", 3, None, np.ones(3), {"a": "slow"}, {"a": 3}])
def test_what_has_no_runs_is_refused(runs):
    with pytest.raises(ArgumentTypeError, match="expected a Store, a Monitor"):
        compare(runs)


def test_a_text_is_no_run_and_the_error_says_how_to_name_one():
    with pytest.raises(ArgumentTypeError, match="compare\\(monitor, name="):
        compare("slow")


def test_conditions_that_no_run_meets_say_so(monitor, fit):
    fit("slow", [0.9, 0.2])
    assert "No run meets the conditions" in compare(monitor, name="nope").layout.title.text


def test_a_constant_lies_in_the_middle_and_small_numbers_are_powers_of_ten(monitor, clock):
    with monitor.training(3) as run:
        for step in (1, 2, 3):
            run.update(step, lr=1e-4, zero=0.0)
    figure = compare(monitor)
    assert list(figure.layout.yaxis.range) == pytest.approx([0.95e-4, 1.05e-4])
    assert figure.layout.yaxis.exponentformat == "e"
    assert list(figure.layout.yaxis2.range) == [-1.0, 1.0]


def test_a_table_whose_texts_wrap_has_room_for_all_rows(monitor, clock, fit):
    def height(figure):
        (found,) = [one for one in figure.data if one.type == "table"]
        whole = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
        return (found.domain.y[1] - found.domain.y[0]) * whole

    fit("slow", [0.9, 0.2])
    short = height(compare(monitor))
    fit("a name of a run that is long enough to wrap in its column", [0.9, 0.2])
    assert height(compare(monitor)) > short + 24


def test_no_word_of_a_table_is_cut_in_a_small_window(monitor, fit):
    for name in ("lr-1", "lr-2"):
        with monitor.training(300, name=name) as run:
            for step in (100, 200):
                run.update(step, loss=0.1 / step, val_loss=0.2 / step)
    (found,) = [one for one in compare(monitor).data if one.type == "table"]
    widths = [500 * width / sum(found.columnwidth) for width in found.columnwidth]
    columns = zip(widths, found.header["values"], found.cells["values"], strict=True)
    for width, head, cells in columns:
        for word in " ".join([head, *cells]).split():
            assert 6 * len(word) + 18 <= width, word


def test_some_of_the_runs_are_a_table_too(monitor, fit):
    for name in ("first", "second", "third"):
        fit(name, [0.9, 0.2])
    newest = monitor.runs()[-2:]
    assert newest.to_frame()["name"].tolist() == ["second", "third"]
    assert "first" not in newest._repr_html_()
    assert monitor.runs()[-1].info.name == "third"
