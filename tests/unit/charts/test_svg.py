"""The same figures without a script."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ipyvitals import compare
from ipyvitals.charts.palette import PALETTES
from ipyvitals.charts.svg import WIDTH_PX, svg_of
from ipyvitals.charts.svg_text import svg_text
from ipyvitals.charts.timeline import timeline

SPACE = "{http://www.w3.org/2000/svg}"
LIGHT = PALETTES["light"]


def drawn(figure):
    return ET.fromstring(svg_of(figure))


def words(image):
    return ["".join(one.itertext()) for one in image.iter(f"{SPACE}text")]


def texts(image, begin):
    found = image.iter(f"{SPACE}text")
    return [one for one in found if "".join(one.itertext()).startswith(begin)]


def paths(image, colour):
    return [one.get("d") for one in image.iter(f"{SPACE}path") if one.get("stroke") == colour]


@pytest.fixture
def history(metrics, system, models):
    def make(**columns):
        return timeline(
            metrics(range(3600), **columns),
            system(range(0, 3600, 5)),
            models((1800, "churn-1", "churn", "1 <b>", None)),
            title="churn",
            template="light",
        ).figure

    return make


def test_everything_is_drawn_and_nothing_runs(history):
    accuracy = np.where(np.arange(3600) == 2_000, 0.5, 0.95)
    image = drawn(history(current_accuracy=accuracy, status=["active"] * 3000 + ["failed"] * 600))
    texts = words(image)

    assert {one.tag.removeprefix(SPACE) for one in image.iter()} == {
        *("svg", "rect", "path", "text", "tspan"),
    }
    for text in ("80 %", "2 Jan, 03:10", "03:20", "churn 1 <b>", "Failed"):
        assert text in texts
    assert any(text.startswith("Accuracy") for text in texts)
    assert len(paths(image, LIGHT.accent)) == 4
    assert len(paths(image, LIGHT.warn)) == 1
    assert len(paths(image, LIGHT.ink)) == 1
    fills = [one.get("fill") for one in image.iter() if one.tag in (f"{SPACE}rect", f"{SPACE}path")]
    assert LIGHT.bad in fills
    assert LIGHT.band in fills


def test_the_spike_is_in_its_place(history):
    accuracy = np.where(np.arange(3600) == 1_800, 0.5, 0.95)
    image = drawn(history(current_accuracy=accuracy))
    line = paths(image, LIGHT.accent)[0]
    points = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", line)]
    lowest = max(points, key=lambda point: point[1])

    left, right = 52, WIDTH_PX - 16
    assert lowest[0] == pytest.approx((left + right) / 2, abs=2)
    assert min(x for x, _ in points) == pytest.approx(left, abs=1)
    assert max(x for x, _ in points) == pytest.approx(right, abs=1)


def test_silence_lies_on_the_floor_of_a_scale_that_people_can_read(history):
    image = drawn(history(predictions_per_minute=0, current_accuracy=None))

    # A scale of a machine that reaches 100, and one of predictions that has no halves.
    assert {"4", "100"} <= set(words(image))
    assert "0.5" not in words(image)
    assert not [text for text in words(image) if "e-" in text]


def test_gaps_stay_gaps(history):
    accuracy = np.where(np.arange(3600) // 600 == 2, np.nan, 0.95)
    line = paths(drawn(history(current_accuracy=accuracy)), LIGHT.accent)[0]

    assert line.count("M") == 2


def test_a_comparison_has_its_legend(training):
    image = drawn(compare(training({"a": {"loss": [3.0, 2.0]}, "b": {"loss": [3.0, 1.0]}})))
    texts = words(image)

    assert {"Fit, 2 Jan 2026, 03:04:06", "Fit, 2 Jan 2026, 03:05:46"} <= set(texts)
    for colour in LIGHT.runs[:2]:
        assert len(paths(image, colour)) == 2


def test_a_long_legend_has_several_lines_above_the_panels(training):
    frame = training({f"a-{n}": {"loss": [3.0, 2.0]} for n in range(7)})
    frame["stage"] = frame["run"].map(lambda run: f"Network of {run[2:]} hidden layers, learning")
    image = drawn(compare(frame))
    keys = texts(image, "Network of")
    (heading,) = texts(image, "loss")
    ends = [float(one.get("x")) + 6 * len("".join(one.itertext())) for one in keys]

    assert len(keys) == 7
    assert max(ends) < WIDTH_PX
    assert len({(one.get("x"), one.get("y")) for one in keys}) == 7
    assert max(float(one.get("y")) for one in keys) < float(heading.get("y")) - 12


def test_a_mark_at_the_edge_does_not_strike_a_heading_out(history):
    (heading,) = texts(drawn(history()), "Accuracy")

    assert (heading.get("stroke"), heading.get("paint-order")) == (LIGHT.ground, "stroke")


def test_an_empty_history_is_an_empty_frame(metrics, system, models):
    image = drawn(timeline(metrics([]), system([]), models()).figure)

    found = words(image)
    assert "Nothing was recorded in this time." in found
    assert not any(one[:1].isdigit() for one in found)


def test_markup_becomes_text_in_its_look():
    text = svg_text('<b>a &amp; b</b><br><span style="color:#123456;font-size:11px">c</span>', 3, 4)
    element = ET.fromstring(text)

    assert [(one.get("font-weight"), one.get("dy"), one.get("style")) for one in element] == [
        ("600", None, None),
        (None, "1.3em", None),
        (None, None, "fill:#123456;font-size:11px"),
    ]
    assert "".join(element.itertext()) == "a & bc"
