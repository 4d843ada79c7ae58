"""A downsampled line looks the same: neither a spike nor a gap is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.downsampling import downsample, envelope, gap_starts, pixel_indices

PIXELS = 20
values = st.one_of(st.floats(-1e9, 1e9), st.just(float("nan")))


@st.composite
def lines(draw):
    steps = draw(st.lists(st.floats(0.0, 1e4), min_size=2, max_size=400))
    at = np.cumsum(steps)
    return at, np.array(draw(st.lists(values, min_size=len(at), max_size=len(at))))


@given(lines())
def test_each_pixel_keeps_its_lowest_and_highest_value_and_its_gap(line):
    at, numbers = line
    shown = downsample(at, numbers, PIXELS)
    pixels = pixel_indices(at, PIXELS)

    assert (np.diff(shown) > 0).all()
    assert (shown[0], shown[-1]) == (0, len(at) - 1)
    assert len(shown) <= 3 * PIXELS + 2
    for pixel in np.unique(pixels):
        before = numbers[pixels == pixel]
        after = numbers[shown[pixels[shown] == pixel]]
        assert np.isnan(after).any() == np.isnan(before).any()
        if not np.isnan(before).all():
            assert np.nanmin(after) == np.nanmin(before)
            assert np.nanmax(after) == np.nanmax(before)


@given(lines())
def test_a_downsampled_band_contains_the_whole_band(line):
    at, middle = line
    thin_at, low, high = envelope(at, middle - 1, middle + 1, PIXELS)
    pixels = pixel_indices(at, PIXELS)

    assert len(thin_at) <= max(2 * PIXELS, len(at))
    assert (np.diff(thin_at) >= 0).all()
    if len(at) > 2 * PIXELS:
        known = ~np.isnan(middle)
        for place, pixel in enumerate(np.unique(pixels)):
            inside = known & (pixels == pixel)
            if inside.any():
                assert low[2 * place] == (middle[inside] - 1).min()
                assert high[2 * place] == (middle[inside] + 1).max()


def test_a_short_line_stays_as_it_is():
    at = np.arange(40.0)

    assert downsample(at, at, PIXELS).tolist() == list(range(40))
    assert envelope(at, at, at, PIXELS)[0].tolist() == at.tolist()


def test_a_line_without_points_or_without_width():
    nothing = np.empty(0)
    assert downsample(nothing, nothing, PIXELS).tolist() == []
    assert gap_starts(nothing).tolist() == []
    assert pixel_indices(nothing, PIXELS).tolist() == []
    assert pixel_indices(np.ones(3), PIXELS).tolist() == [0, 0, 0]


def test_one_failure_in_90_days_of_seconds_is_drawn():
    at = np.arange(90 * 86_400, dtype=float)
    accuracy = np.full(len(at), 0.95)
    accuracy[4_000_001] = 0.1
    shown = downsample(at, accuracy, 1000)

    assert accuracy[shown].min() == 0.1
    assert len(shown) <= 2_002


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([1] * 20, []),
        ([1] * 10 + [900] + [1] * 10, [11]),
        ([1] * 10 + [50] + [1] * 10, []),
        ([900] + [5] * 3, [1]),
        ([5] * 3 + [900], [4]),
        # A single point between two pauses.
        ([1] * 10 + [900, 900] + [1] * 10, [11, 12]),
        # Old points are one hour apart, new ones one second: none of it is a pause.
        ([3600] * 10 + [1] * 10, []),
        ([3600] * 10 + [40_000] + [3600] * 10, [11]),
    ],
)
def test_a_pause_is_what_is_unusually_long_nearby(steps, expected):
    at = np.cumsum([0.0, *steps])

    assert gap_starts(at).tolist() == expected
