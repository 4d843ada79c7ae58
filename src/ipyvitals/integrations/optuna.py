"""Reports studies of Optuna: each call of ``study.optimize``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Any

from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises
from ipyvitals.integrations.calls import call_arguments
from ipyvitals.monitor import Monitor
from ipyvitals.training.arguments import check_total
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]


class VitalsCallback(Adapter):
    """Reports the trials of a study, with the value of each and the best so far.

    Optuna calls it after each trial: the run begins after the first one, with `ipyvitals.autolog`
    before it, and runs that later trials open on the same thread are inside it. The steps are the
    finished trials of the study, those of earlier calls and of other processes included.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open one; where there is none, one is made.
    name, tags, config
        As in `Monitor.training`; the name is that of the study by default.
    total : int, optional
        Number of trials of one call of ``optimize``; known where ``n_jobs`` is 1.

    Examples
    --------
    >>> import optuna
    >>> from ipyvitals.integrations.optuna import VitalsCallback
    >>> study = optuna.create_study()
    >>> study.optimize(f, n_trials=50, callbacks=[VitalsCallback(total=50)])  # doctest: +SKIP
    """

    framework = "optuna"
    requires = "optuna>=3.1"
    trains = ("optimize",)

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        total: int | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config, total=total)
        self._total = check_total(total)
        self._calls: dict[str, StudyProgress] = {}
        """The newest call of each study."""

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return none: any callable is a callback of Optuna."""
        import_framework("optuna", cls.requires)
        return ()

    @never_raises(None)
    def before_call(self, subject: Any, total: int | None) -> None:
        """Open the run before the first trial, so that what the first one trains is inside it."""
        call = self._calls[str(subject.study_name)] = StudyProgress()
        call.total = total if self._total is None else self._total
        before = sum(one.state.is_finished() for one in subject.get_trials(deepcopy=False))
        call.run = self._begin(subject, before, call)

    def __call__(self, study: Any, trial: Any) -> None:
        """Report a trial; stops the study after a request to stop."""
        if self._report(study, trial):
            study.stop()

    @never_raises(False)
    def _report(self, study: Any, trial: Any) -> bool:
        name = str(study.study_name)
        call = self._calls.get(name)
        if call is not None and call.run is not None and call.run.state != "running":
            if trial.datetime_start is None or trial.datetime_start < call.reported:
                # Another thread ran the trial as the run ended.
                return call.run.should_stop
            self._calls.pop(name, None)
        # One thread alone opens the run; the next report counts the trials of the others.
        new = StudyProgress()
        call = self._calls.setdefault(name, new)
        call.trials = next(call.numbers)
        trials = study.get_trials(deepcopy=False)
        if call is new:
            call.total = self._total
            if call.total is None:
                call.total = call_arguments("optuna", self.trains).get("n_trials")
            # Trials of this call that finished meanwhile began before the first one finished.
            before = sum(
                one.state.is_finished() and one.datetime_complete <= trial.datetime_start
                for one in trials
            )
            call.run = self._begin(study, before, call)
        if call.run is None:
            return False
        self._show(study, trial, call.run)
        call.reported = datetime.now()  # noqa: DTZ005 - as Optuna's own times
        if call.run.should_stop or call.trials == call.total:
            self.end_run(call.run)
        return call.run.should_stop

    def _begin(self, study: Any, before: int, call: StudyProgress) -> TrainingRun:
        goals = {}
        for metric, direction in zip(names(study), study.directions, strict=True):
            goal = {"MINIMIZE": "min", "MAXIMIZE": "max"}.get(direction.name)
            if goal is not None:
                goals.update({metric: goal, f"best_{metric}": goal})
        named = not study.study_name.startswith("no-name-")
        return self.open_run(
            None if call.total is None else before + call.total,
            model=study.study_name if named else "Optuna",
            stage="Optimization",
            name=study.study_name if named and self._name is None else None,
            unit="trial",
            initial=before,
            goals=goals,
            # Threads of one study share the run; a study may begin while another one goes on.
            owner=None,
        )

    def _show(self, study: Any, trial: Any, run: TrainingRun) -> None:
        states = Counter(one.state.name for one in study.get_trials(deepcopy=False))
        finished = sum(states[state] for state in ("COMPLETE", "PRUNED", "FAIL"))
        metrics: dict[str, float] = {}
        details = []
        if trial.state.name == "COMPLETE":
            metrics.update(zip(names(study), trial.values, strict=True))
        if len(study.directions) == 1:
            (metric,) = names(study)
            # There is no best trial before one is complete, and feasible.
            with suppress(ValueError):
                metrics[f"best_{metric}"] = study.best_value
                details.append(f"best {study.best_value:.4g}")
        for state, word in (("PRUNED", "pruned"), ("FAIL", "failed")):
            if states[state]:
                details.append(f"{states[state]} {word}")
        # Threads may come in another order than they counted.
        run.update(max(finished, run.current), metrics, details=", ".join(details))


class StudyProgress:
    """The progress of one call of ``optimize``."""

    def __init__(self) -> None:
        self.run: TrainingRun | None = None
        self.total: int | None = None
        """Number of trials of the call."""
        self.numbers = count(1)
        self.trials = 0
        """Number of trials that were reported."""
        self.reported = datetime.min  # noqa: DTZ901 - as Optuna's own times
        """When the last trial was reported."""


def names(study: Any) -> list[str]:
    """Return the names of the values of a trial."""
    given = getattr(study, "metric_names", None)
    if given is not None:
        return [str(name) for name in given]
    single = len(study.directions) == 1
    return ["value"] if single else [f"value_{number}" for number in range(len(study.directions))]
