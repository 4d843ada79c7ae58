"""Numbers as people read them: the same texts as the page's (js/src/format.test.ts)."""

from __future__ import annotations

import pytest

from ipyvitals.render import formatting
from ipyvitals.schema import ModelSection

GIB = 2**30


@pytest.mark.parametrize(
    "write",
    [
        *(formatting.count, formatting.short_count, formatting.ratio, formatting.ratio_whole),
        *(formatting.percent, formatting.latency, formatting.metric, formatting.bytes_text),
    ],
)
def test_unknown_is_a_dash_and_zero_is_zero(write):
    assert write(None) == "–"
    assert write(0).startswith("0")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (23, "23"),
        (99_999, "99,999"),
        (123_456, "123 k"),
        (999_499, "999 k"),
        (999_500, "1.0 M"),
        (1_234_567, "1.2 M"),
        (12_345_678, "12 M"),
        (3e9, "3.0 G"),
        (2e15, "2.0e+15"),
    ],
)
def test_short_counts_are_never_wider_than_a_tile(value, text):
    assert formatting.short_count(value) == text


def test_a_whole_count_keeps_every_digit():
    assert formatting.count(2_410_733) == "2,410,733"


@pytest.mark.parametrize(
    ("value", "text", "whole"),
    [
        (0.942, "94.2", "94 %"),
        (1.0, "100.0", "100 %"),
        (0.9996, "99.9", "99 %"),
        (0.0, "0.0", "0 %"),
        (0.0001, "0.1", "1 %"),
    ],
)
def test_all_and_nothing_are_said_only_when_exact(value, text, whole):
    assert formatting.ratio(value) == text
    assert formatting.ratio_whole(value) == whole


@pytest.mark.parametrize(("value", "text"), [(0.85, "85 %"), (0.975, "97.5 %"), (0.07, "7 %")])
def test_a_threshold_reads_as_it_was_set(value, text):
    assert formatting.ratio_plain(value) == text


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [
        (0.0000042, 3, "4.20 µs"),
        (0.000812, 3, "812 µs"),
        (0.0009996, 3, "1.00 ms"),
        (0.0124, 3, "12.4 ms"),
        (0.0041, 2, "4.1 ms"),
        (0.031, 2, "31 ms"),
        (1.234, 3, "1.23 s"),
        (125, 3, "125 s"),
        (0.0, 2, "0 µs"),
    ],
)
def test_a_latency_has_the_unit_that_suits_it(seconds, digits, text):
    assert formatting.latency(seconds, digits) == text


@pytest.mark.parametrize(
    ("used", "whole", "text"),
    [
        (4.9 * GIB, 8 * GIB, "4.9 of 8.0 GiB"),
        (21 * GIB, 64 * GIB, "21 of 64 GiB"),
        (0.3 * GIB, 2 * GIB, "0.3 of 2.0 GiB"),
        (GIB, None, "1.0 GiB"),
        (None, GIB, ""),
    ],
)
def test_both_sizes_are_in_the_unit_of_the_whole(used, whole, text):
    assert formatting.bytes_of(used, whole) == text


def test_sizes():
    assert formatting.bytes_text(112 * GIB) == "112 GiB"
    assert formatting.bytes_text(410 * 2**20) == "410 MiB"
    assert formatting.bytes_text(1023) == "1023 B"
    assert formatting.capacity(8 * GIB) == "8 GiB"
    assert [formatting.cores(n) for n in (4, 1, 1.5, None)] == [
        "4 cores",
        "1 core",
        "1.5 cores",
        "",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2318, "0.2318"),
        (0.951, "0.951"),
        (12_345.6, "12,346"),
        (-0.5, "-0.5"),
        (2.5e12, "2.50e+12"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_a_metric_has_four_significant_digits(value, text):
    assert formatting.metric(value) == text


def test_moments_read_the_same_everywhere():
    assert formatting.moment(0.0) == "1 Jan 1970, 00:00:00 UTC"
    assert formatting.moment(86_399.9, seconds=False) == "1 Jan 1970, 23:59 UTC"
    assert formatting.moment(None) == "–"
    assert formatting.moment(1e300) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59.9, "59 s"), (240, "4 min"), (7500, "2 h"), (90_000, "1 d")],
)
def test_a_rough_duration_has_one_unit(seconds, text):
    assert formatting.roughly(seconds) == text


@pytest.mark.parametrize(
    ("rule", "value", "threshold", "text"),
    [
        ("accuracy", 0.78, 0.85, "78.0 % against 85 %"),
        ("latency_p95", 0.6, 0.5, "600 ms against 500 ms"),
        ("drift", 0.4321, 0.1, "PSI 0.43 against 0.1"),
        ("silence", 400.0, 300.0, "6m 40s against 5m 0s"),
        (None, None, None, ""),
    ],
)
def test_evidence_is_in_the_unit_of_its_rule(rule, value, threshold, text):
    model = ModelSection(reason_rule=rule, reason_value=value, reason_threshold=threshold)

    assert formatting.evidence(model) == text


def test_what_the_statuses_are_called():
    assert [formatting.status_word(one) for one in ("active", "degraded", "unknown")] == [
        "Live",
        "Degraded",
        "–",
    ]
