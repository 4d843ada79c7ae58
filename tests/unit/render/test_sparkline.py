"""A small line as an image: what its SVG says."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from ipyvitals.render.sparkline import HEIGHT, WIDTH, sparkline

BLUE, AMBER = "#2f74d6", "#a96500"


def svg(at, values, **options):
    address = sparkline(at, values, **{"colour": BLUE, "span": "zero", **options})
    begin, _, text = address.partition(",")
    assert begin == "data:image/svg+xml"
    assert not set(text) & set('"<>#\n&')
    return ET.fromstring(unquote(text))


def paths(image):
    return [one.attrib for one in image.iter("{http://www.w3.org/2000/svg}path")]


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path["d"])]


def test_higher_values_are_higher_and_later_ones_further_right():
    (line,) = paths(svg([0.0, 60.0, 120.0], [1.0, 4.0, 2.0]))
    (x0, y0), (x1, y1), (x2, y2) = points(line)

    assert (x0, x1, x2) == (0.0, WIDTH / 2, WIDTH)
    assert y1 < y2 < y0 < HEIGHT
    assert line["stroke"] == BLUE


def test_unknown_values_make_a_gap_and_a_lonely_one_a_dot():
    (line,) = paths(svg([0.0, 60.0, 120.0, 180.0, 240.0], [1.0, 2.0, None, 3.0, None]))

    assert line["d"].count("M") == 2
    assert line["d"].endswith("h0")


def test_a_pause_of_the_monitor_makes_a_gap():
    (line,) = paths(svg([*range(10), *range(900, 910)], [1.0] * 20))

    assert line["d"].count("M") == 2


def test_the_threshold_is_dashed_where_it_stands():
    threshold, _, line = paths(
        svg(
            [0.0, 100.0],
            [0.9, 0.8],
            span="ratio",
            threshold=0.85,
            threshold_colour=AMBER,
            fill=True,
        )
    )
    y = float(threshold["d"].split()[1].split("H")[0])
    (_, above), (_, below) = points(line)

    assert above < y < below
    assert threshold["stroke"] == AMBER


@pytest.mark.parametrize("values", [[], [None, None], [float("nan")], [float("inf")]])
def test_without_a_known_value_there_is_no_image(values):
    assert (
        sparkline([float(at) for at in range(len(values))], values, colour=BLUE, span="zero") == ""
    )


def test_600_points_are_few_bytes_and_keep_their_spike():
    values = [10.0] * 600
    values[300] = 90.0
    address = sparkline([float(at) for at in range(600)], values, colour=BLUE, span="zero")
    (line,) = paths(svg([float(at) for at in range(600)], values))

    assert len(address) < 5_000
    heights = [y for _, y in points(line)]
    assert min(heights) < 5
    assert max(heights) > 20
