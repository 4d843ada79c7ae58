"""The line of progress in a terminal and in a log."""

from __future__ import annotations

import io

import pytest

from ipyvitals.schema import TrainingSection
from ipyvitals.training.terminal import TerminalLine, progress_line


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0


def section(step, state="running", run_id="1", elapsed=None, **facts):
    values = {
        "stage": "Fit",
        "progress": float(step),
        "current": step,
        "total": 100,
        "elapsed_seconds": float(step) if elapsed is None else elapsed,
        "metrics": {"loss": 0.5},
    }
    return TrainingSection(state=state, run_id=run_id, **{**values, **facts})


@pytest.fixture(params=[Terminal, io.StringIO])
def stream(request):
    return request.param()


def shown(stream, steps, seconds_each=1.0):
    clock = Clock()
    line = TerminalLine(lambda: clock.now, lambda: stream)
    for step in range(steps):
        line.show(section(step, elapsed=clock.now))
        clock.now += seconds_each
    line.show(section(steps, "completed", elapsed=clock.now))
    return stream.getvalue()


def test_a_terminal_redraws_one_line_twice_a_second():
    text = shown(Terminal(), 10, 0.1)
    assert text.count("\r") == 2 + 1
    assert text.count("\n") == 1
    assert text.rstrip().endswith("loss 0.5")
    lines = text.split("\r")[1:]
    assert len({len(line.rstrip("\n")) for line in lines}) == 1


def test_a_log_has_a_line_a_minute_and_one_at_the_end():
    lines = shown(io.StringIO(), 150).splitlines()
    assert [line.split("[")[1][:5] for line in lines] == ["01:00", "02:00", "02:30"]
    assert "\r" not in "".join(lines)


def test_a_short_job_writes_nothing_into_a_log():
    assert shown(io.StringIO(), 30) == ""


def test_the_next_run_begins_on_a_line_of_its_own():
    stream, clock = Terminal(), Clock()
    line = TerminalLine(lambda: clock.now, lambda: stream)
    line.show(section(1, run_id="1"))
    line.show(section(1, run_id="2"))
    assert [part.startswith("\rFit") for part in stream.getvalue().split("\n")] == [True, True]


def test_a_run_that_was_stopped_says_where():
    stream = Terminal()
    TerminalLine(lambda: 0.0, lambda: stream).show(section(34, "stopped"))
    assert "34/100" in stream.getvalue()
    assert "stopped" in stream.getvalue()
    assert "100%" not in stream.getvalue()


def test_a_stream_that_fails_ends_nothing(stream):
    line = TerminalLine(lambda: 0.0, lambda: stream)
    stream.close()
    line.show(section(1))
    TerminalLine(lambda: 0.0, lambda: None).show(section(1))


def test_the_line_is_plain_characters():
    line = progress_line(section(5, stage="Größe\x1b[2J\n", metrics={"loss": None}), 3)
    assert line.isascii()
    assert line.isprintable()
    assert line.endswith("loss - (+3 runs)")


def test_a_run_without_a_total_counts_its_steps():
    line = progress_line(section(7, total=None, progress=None, rate_per_second=3.5))
    assert line == "Fit: 7 steps [00:07, 3.50 steps/s] loss 0.5"
