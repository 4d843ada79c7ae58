"""A smoothed line is the mean of what is near."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals.stats.smoothing import near_mean, without_spikes, zigzags


def test_only_what_zigzags_is_smoothed():
    noise = np.random.default_rng(1).normal(size=200)
    assert zigzags(noise)
    assert not zigzags(noise[:59])  # too few
    assert not zigzags(np.linspace(1, 0, 200))
    assert not zigzags(np.where(np.arange(200) < 100, 1.0, 0.1))  # a schedule
    assert not zigzags(np.full(200, np.nan))


def test_each_value_counts_half_for_each_distance():
    x, values = np.arange(5.0), np.array([0.0, 0.0, 8.0, 0.0, 0.0])
    weights = 2.0 ** -np.abs(x[:, None] - x[None, :])
    expected = weights @ values / weights.sum(axis=1)

    assert near_mean(x, values, np.ones(5), 1.0) == pytest.approx(expected)


def test_a_bucket_counts_as_the_values_behind_it():
    whole = near_mean(np.zeros(4), np.array([1.0, 1.0, 1.0, 5.0]), np.ones(4), 1.0)
    thinned = near_mean(np.zeros(2), np.array([1.0, 5.0]), np.array([3.0, 1.0]), 1.0)
    assert (whole[0], thinned[0]) == (2.0, 2.0)


def test_a_spike_leaves_no_tail():
    x = np.arange(300.0)
    noise = np.random.default_rng(2).normal(1, 0.1, size=300)
    spiked = noise.copy()
    spiked[150] = 900.0
    lines = [near_mean(x, without_spikes(one), np.ones(300), 3.0) for one in (noise, spiked)]
    assert np.max(np.abs(lines[0] - lines[1])) < 0.2
