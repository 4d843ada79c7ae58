"""Files of Linux, and counters made of them."""

from __future__ import annotations

import pytest

from ipyvitals.system.linux.files import Flow, Meter, figures, read_file


def test_a_file_of_any_size_is_read_to_its_end(tmp_path):
    file = tmp_path / "table"
    file.write_bytes(b"line\n" * 100_000)
    assert read_file(str(file)) == file.read_bytes()
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "none"))


def test_a_name_counts_only_where_it_begins_a_line():
    text = b"total_inactive_file 7\ninactive_file 5\noom_kill_disable 0\noom_kill 1\n"
    assert figures(text, b"inactive_file", b"oom_kill", b"nothing") == [5, 1, None]


def test_rates_are_those_since_the_reading_before():
    meter = Meter()
    assert meter.update(10.0, 1_000) == Flow(None, 0)
    assert meter.update(12.0, 1_400) == Flow(200.0, 400)
    assert meter.update(14.0, 1_400) == Flow(0.0, 400)


def test_readings_that_are_too_close_share_one_rate():
    meter = Meter()
    meter.update(0.0, 0)
    assert meter.update(1.0, 10) == meter.update(1.05, 99) == Flow(10.0, 10)
    assert meter.update(2.0, 110) == Flow(100.0, 110)


def test_a_counter_that_begins_anew_takes_nothing_back():
    meter = Meter()
    meter.update(0.0, 5_000)
    meter.update(1.0, 6_000)
    assert meter.update(2.0, 300) == Flow(0.0, 1_000)
    assert meter.update(3.0, 400) == Flow(100.0, 1_100)


def test_what_was_counted_elsewhere_before_did_not_flow_now():
    meter = Meter()
    meter.update(0.0, 100)
    meter.update(1.0, 200)
    meter.rebase(2.0, 1_000_000)
    assert meter.update(2.0, 1_000_000) == Flow(None, 100)
    assert meter.update(3.0, 1_000_050) == Flow(50.0, 150)
