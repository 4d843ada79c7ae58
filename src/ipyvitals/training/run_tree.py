"""Opens training runs: a tree by context, thread and task."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from weakref import finalize

from ipyvitals.training.arguments import (
    CONTEXT,
    check_facts,
    check_initial,
    check_parent,
    check_total,
)
from ipyvitals.training.config import MAX_VALUES
from ipyvitals.training.context import CallPlace, RunPlace, enter, innermost
from ipyvitals.training.record import MAX_TAGS, RunRecord
from ipyvitals.training.run import TrainingRun
from ipyvitals.training.run_end import RunEnder
from ipyvitals.training.run_list import PLACES
from ipyvitals.training.run_states import end_by_error, is_elsewhere, report_of
from ipyvitals.training.stored_curves import CurveCopy, copies_of, thinned
from ipyvitals.utils.user_code import safe_text

__all__ = ["RunTree"]

MAX_LOOPS = 50
"""Loops inside one run that go on with their curves when they begin again."""


class RunTree(RunEnder):
    """Opens runs, each inside the run of its context unless another parent is named."""

    def start(
        self,
        total: int | None,
        stage: str,
        details: str,
        *,
        parent: Any = CONTEXT,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        goals: Mapping[str, Any] | None = None,
        unit: str | None = None,
        initial: int = 0,
        owner: object = None,
        call: CallPlace | None = None,
        stop_raises: bool = False,
        loop: bool = False,
        implicit: bool = False,
        aside: bool = False,
    ) -> TrainingRun:
        """Open a run inside `parent`, by default inside the run that is open in this context.

        A run that is `aside`, such as a validation, moves no progress and no rate around it.
        """
        total, stage = check_total(total), safe_text(stage)
        initial = check_initial(initial)
        facts = check_facts(name, config, tags, goals, unit)
        self.end_abandoned_loops()
        self.end_returned(call)
        inside = innermost(self, implicit=False) if parent is CONTEXT else check_parent(parent)
        if inside is not None and inside.owner is not self:
            # A run of another monitor, whose tree this one cannot be in.
            inside = None
        self._end_replaced(owner, inside)
        run: TrainingRun | None = None
        copies: list[CurveCopy] = []
        try:
            with self.reports.lock, self._lock:
                if inside is not None and inside.state != "running":
                    inside = None
                now, at = self._clock.monotonic(), self._clock.time()
                record = inside.loops.get(stage) if loop and inside is not None else None
                if record is None or (record.run is not None and record.run.state == "running"):
                    record = self._new_record(inside, now, at)
                    if loop and inside is not None:
                        inside.loops.setdefault(stage, record)
                        copies = self._forget_a_loop(inside)
                record.describe(stage, **facts)
                run = TrainingRun(self, record, total, stage, safe_text(details))
                run.implicit, run.stop_raises, run.aside = implicit, stop_raises, aside
                run.cell, run.place, run.call = self._cell, RunPlace(), call
                run._current, run.counted = initial, loop or initial > 0
                run.parent = inside
                record.begin_lap(run, now)
                record.series.feed = self._feed
                self._add(run, inside)
            if owner is not None:
                self._own(owner, run)
            self._check_limits(record, facts)
            enter(run)
            self._describe(record)
            self._on_report(report_of(run, at, run.current, {})._replace(curves=thinned(copies)))
            self._on_change()
        except BaseException as error:
            # An interrupt: nobody gets the run.
            if run is not None and any(one is run for one in self._open):
                end_by_error(run, error)
            elif run is not None:
                run.state = "stopped"
            raise
        return run

    def _add(self, run: TrainingRun, inside: TrainingRun | None) -> None:
        """Add a run to the open ones: completely, or after an interrupt not at all."""
        opened = [*self._open, run]
        ended = deque(item for item in self._ended if item[0] is not run.record)
        around, others, has_inner = run, run.children, False
        if inside is not None:
            run.should_stop = run.interrupt = inside.should_stop
            around, others = inside, [*inside.children, run]
            has_inner = inside._has_inner or not run.aside
        parts = opened, ended, others, has_inner
        # One line without a call, which no interrupt can divide.
        self._open, self._ended, around.children, around._has_inner = parts

    def _check_limits(self, record: RunRecord, facts: Mapping[str, Any]) -> None:
        """Warn of hyperparameters and tags that are too many, without a lock."""
        if len(facts["tags"]) > MAX_TAGS:
            self.reports.refuse_more("training.tags", MAX_TAGS, facts["tags"][MAX_TAGS])
        if len(facts["config"]) > MAX_VALUES:
            name = str(list(facts["config"])[MAX_VALUES])
            self.reports.refuse_more("training.config", MAX_VALUES, name)
        elif record.lap == 1:
            record.config.on_full = partial(self.reports.refuse_more, "training.config", MAX_VALUES)

    def _forget_a_loop(self, run: TrainingRun) -> list[CurveCopy]:
        """Forget the oldest loop inside a run, but the first, when there are many.

        Returns
        -------
        list of CurveCopy
            Its curves, which are final now.
        """
        ended = [
            stage
            for stage, record in list(run.loops.items())[1:]
            if record.run is not None and record.run.state != "running"
        ]
        if len(run.loops) > MAX_LOOPS and ended:
            record = run.loops.pop(ended[0])
            copies = copies_of(record)
            self._drop_curves([record])
            return copies
        return []

    def move_out(self, run: TrainingRun) -> None:
        """Put a run beside the run that it is inside of: it goes on after the end of that run."""
        with self._lock:
            parent = run.parent
            if parent is None or run.state != "running":
                return
            outer = parent.parent
            siblings = [one for one in parent.children if one is not run]
            # Each time one line without a call, which no interrupt can divide.
            if outer is None:
                run.parent, parent.children, run.record.parent_id = None, siblings, None
            else:
                parts = outer, siblings, [*outer.children, run], outer.record.run_id
                run.parent, parent.children, outer.children, run.record.parent_id = parts
        self._on_change()

    def _end_replaced(self, owner: object, inside: TrainingRun | None) -> None:
        """End the runs that nobody goes on with, because another one begins in their place."""
        former = [self._owned.pop(id(owner), None)] if owner is not None else []
        if inside is None:
            # A cell that opened a run and left it open has ended.
            former += [
                run
                for run in self.open_runs
                if run.parent is None and run.cell < self._cell and not is_elsewhere(run)
            ]
        for run in former:
            if run is not None:
                self.end_inferred(run, "stopped", None, "replaced")

    def _own(self, owner: object, run: TrainingRun) -> None:
        self._owned[id(owner)] = run
        try:
            finalize(owner, self.abandon, run).atexit = False
        except TypeError:
            # No weak reference to the owner is possible: its end is not seen.
            return

    def _describe(self, record: RunRecord) -> None:
        """Take over where the run comes from; the state of git may follow."""
        if record.environment is not None:
            return
        facts = self.describe()
        record.model_id, record.environment = facts.model_id, facts.environment
        if facts.wants_git:
            self._without_git.append(record)

    def _new_record(self, inside: TrainingRun | None, now: float, at: float) -> RunRecord:
        self._number += 1
        record = RunRecord(self._number, f"{self.prefix}-{self._number}", now, at)
        if inside is not None:
            record.parent_id = inside.run_id
        taken = {run.record.place for run in self._open}
        free = [place for place in range(PLACES) if place not in taken]
        if free and inside is None:
            record.place = min(free, key=lambda place: self._place_used[place])
            self._place_used[record.place] = self._number
        return record
