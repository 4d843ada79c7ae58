"""An interrupt at any point of a training harms no run but that which it interrupts."""

from __future__ import annotations

import itertools
import linecache
import sys
from pathlib import Path

from ipyvitals import training

FILES = {
    str(Path(training.__path__[0], name))
    for name in ("loop.py", "run.py", "run_end.py", "run_list.py", "run_tree.py", "tracker.py")
}
UNGUARDED = {"return self", "return run"}
"""Lines at which the run is open already, but not yet in the hands of ``with``."""


class InterruptAt:
    """Raises KeyboardInterrupt at the n-th line that opens, reports or ends runs.

    Lines with ``with`` and ``try:`` are left out: a trace function, unlike a signal, can raise
    just before a ``try`` guards its body.
    """

    def __init__(self, n):
        self.left = n
        self.line = None

    def __call__(self, frame, event, arg):
        if frame.f_code.co_filename not in FILES:
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and self.line is None and not line.startswith(("with ", "try:")):
            self.left -= 1
            if self.left < 0:
                self.line = line
                raise KeyboardInterrupt
        return self


def nest(bench):
    with bench.start(total=2, stage="Outer") as outer:
        for step in bench.track(range(2), stage="Inner"):
            outer.log(loss=step)
        with bench.start(stage="Beside", owner=bench):
            bench.start(stage="Left open")
        outer.update(2)


def test_an_interrupt_at_many_lines_leaves_no_run_behind_and_harms_no_later_one(bench):
    for file in FILES:
        # Read before a lock is acquired.
        linecache.getlines(file)
    for n in itertools.count(0, 5):
        interrupt, tracer = InterruptAt(n), sys.gettrace()
        sys.settrace(interrupt)
        try:
            nest(bench)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(tracer)
        bench.training.end_abandoned_loops()
        left = [run for run in bench.training.open_runs if run.parent is None]
        assert not left or interrupt.line in UNGUARDED
        for run in left:
            run.stop()
        with bench.start(total=1, stage="Next") as following:
            following.update(1)
        runs = bench.runs
        assert following.parent is None
        assert bench.training.open_runs == []
        assert (runs[0].stage, runs[0].state, runs[0].current) == ("Next", "completed", 1)
        assert len({run.run_id for run in runs}) == len(runs)
        assert bench.ended[-1].stage == "Next"
        if interrupt.line is None:
            break
    assert n > 100
    states = {run.stage: run.state for run in runs}
    assert states["Outer"] == states["Inner"] == states["Beside"] == "completed"
