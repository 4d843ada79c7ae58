"""Random operations on the tree of runs, on three threads, against a plain model of it."""

from __future__ import annotations

from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread

from hypothesis import given, settings
from hypothesis import strategies as st

from ipyvitals.errors import TrainingStopped
from ipyvitals.schema.training import ENDED_RUNS
from tests.unit.training.bench import Bench

WORKERS = 3
STATES = {"complete": "completed", "fail": "failed", "stop": "stopped"}

operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("begin"),
            st.integers(0, WORKERS - 1),
            st.sampled_from(["context", "top", "first"]),
            st.booleans(),
        ),
        st.tuples(st.sampled_from([*STATES, "log", "update"]), st.integers(0, WORKERS - 1),
                  st.integers(0, 9), st.booleans()),
        st.tuples(st.just("ask"), st.integers(0, WORKERS - 1), st.integers(0, 9), st.booleans()),
    ),
    max_size=40,
)  # fmt: skip


class Worker:
    """A thread that runs functions one by one, and so has a context of its own."""

    def __init__(self):
        self.queue = SimpleQueue()
        self.thread = Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while (work := self.queue.get()) is not None:
            future, function = work
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

    def do(self, function):
        future = Future()
        self.queue.put((future, function))
        return future.result(10)

    def end(self):
        self.queue.put(None)
        self.thread.join(10)


class Expected:
    """What a run must be."""

    def __init__(self, parent, worker, around, raises):
        self.parent, self.worker, self.around, self.raises = parent, worker, around, raises
        self.state, self.end, self.current = "running", None, 0
        self.asked, self.stopped_at, self.metrics = False, None, {}

    def inside(self, other):
        return self is other or (self.parent is not None and self.parent.inside(other))

    def refuses(self):
        """Return whether a call raises: this run, or one around it, was asked and wants that."""
        one = self
        while one is not None and one.asked:
            if one.raises and one.state == "running":
                return True
            one = one.parent
        return False


class Model:
    """The tree as it must be, in the order in which runs began."""

    def __init__(self):
        self.runs = {}
        self.innermost = [None] * WORKERS
        self.ended = []

    def open(self):
        return [run for run in self.runs if self.runs[run].state == "running"]

    def here(self, worker):
        """Return the innermost open run of a thread."""
        one = self.innermost[worker]
        while one is not None and self.runs[one].state != "running":
            one = self.runs[one].around
        return one

    def finish(self, run, state, end):
        inside = [one for one in self.open() if self.runs[one].inside(self.runs[run])]
        for one in reversed(inside):
            self.runs[one].state = state if one is run else "stopped"
            self.runs[one].end = end
            self.ended.insert(0, one)


@settings(max_examples=60)
@given(operations=operations)
def test_the_tree_is_as_the_model_says(operations):
    bench, model = Bench(), Model()
    training = bench.training
    workers = [Worker() for _ in range(WORKERS)]
    try:
        for operation in operations:
            bench.clock.advance(1.0)
            _apply(operation, bench, model, workers)
            _check(bench, model)
        training.close()
        bench.clock.advance(1.0)
        for run in model.open():
            if model.runs[run].parent is None:
                model.finish(run, "stopped", "closed")
        _check(bench, model)
        assert not training.running
        assert all(run.state != "running" for run in bench.runs)
    finally:
        for worker in workers:
            worker.end()


def _apply(operation, bench, model, workers):
    kind, number, what, flag = operation
    worker, training = workers[number], bench.training
    open_runs = model.open()
    if kind == "begin":
        here = model.here(number)
        first = open_runs[0] if open_runs else None
        parent = {"context": here, "top": None, "first": first}[what]
        given = {} if what == "context" else {"parent": parent}
        run = worker.do(lambda: bench.start(total=10, stop_raises=flag, **given))
        expected = Expected(parent and model.runs[parent], number, here, flag)
        expected.asked = parent is not None and model.runs[parent].asked
        model.runs[run], model.innermost[number] = expected, run
        return
    if not model.runs:
        return
    run = list(model.runs)[what % len(model.runs)]
    expected = model.runs[run]
    if kind in STATES:
        worker.do(getattr(run, kind))
        if expected.state == "running":
            model.finish(run, STATES[kind], STATES[kind])
    elif kind == "ask":
        asked = training.ask_to_stop(run.run_id if flag else None)
        wanted = [one for one in open_runs if not flag or model.runs[one].inside(expected)]
        assert asked == len(wanted)
        for one in wanted:
            model.runs[one].asked = True
    else:
        step = expected.current + 1
        if kind == "update":
            raised = _raises(worker, lambda: run.update(step, loss=float(step)))
        else:
            raised = _raises(worker, lambda: run.log(acc=float(step)))
        assert raised == (expected.asked and expected.refuses())
        if expected.state == "running":
            expected.metrics["loss" if kind == "update" else "acc"] = float(step)
            expected.current = step if kind == "update" else expected.current


def _raises(worker, function):
    try:
        worker.do(function)
    except TrainingStopped:
        return True
    return False


def _check(bench, model):
    rows = bench.runs
    ids = [row.run_id for row in rows]
    assert len(set(ids)) == len(ids)
    assert len({run.run_id for run in model.runs}) == len(model.runs)
    shown = [*model.open(), *model.ended[:ENDED_RUNS]]
    assert ids == [run.run_id for run in shown]
    for run, row in zip(shown, rows, strict=True):
        expected = model.runs[run]
        parent = next((one for one in model.runs if model.runs[one] is expected.parent), None)
        assert (row.state, row.end) == (expected.state, expected.end)
        assert row.parent_id == (parent and parent.run_id)
        assert row.metrics == expected.metrics
        assert row.stop_requested == (expected.asked and expected.state == "running")
        assert (row.ended_at is None) == (expected.state == "running")
        # Of two open runs one is inside the other only if both are open.
        assert expected.state != "running" or parent is None or parent.state == "running"
    section = bench.training.section()
    front = next((run for run in model.open() if model.runs[run].parent is None), None)
    if front is not None:
        assert section.run_id == front.run_id
