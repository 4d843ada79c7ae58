"""Reports fits of scikit-learn, by the callbacks that it has from 1.9 on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipyvitals.errors import MissingFrameworkError
from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises
from ipyvitals.monitor import Monitor
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]

NO_CALLBACKS = (
    "scikit-learn {version} has no callbacks; install it by: pip install 'scikit-learn>=1.9', or "
    "write: with monitor.training(stage={name!r}): model.fit(X, y)"
)


class VitalsCallback(Adapter):
    """Reports the tasks of a fit: fits of a search, steps of a pipeline, iterations of a solver.

    A search counts each candidate on each fold once, also those that worker processes fit. A
    callback is set on the outermost estimator, and is not handed on to those inside.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open one; where there is none, one is made, named after the estimator.
    name, tags, config
        As in `Monitor.training`; the parameters of the estimator are in the config.

    Raises
    ------
    MissingFrameworkError
        Before scikit-learn 1.9.

    Examples
    --------
    >>> from ipyvitals.integrations.sklearn import VitalsCallback
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = LogisticRegression().set_callbacks(VitalsCallback())
    """

    framework = "sklearn"
    requires = "scikit-learn>=1.9"

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config)
        self._fits: dict[int, FitProgress] = {}
        """Open fits by the id of their context, which lives until the fit ends."""

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return none: any object with the four methods is a callback of scikit-learn."""
        sklearn = import_framework("sklearn", cls.requires)
        try:
            import_framework("sklearn.callback", cls.requires)
        except MissingFrameworkError:
            text = NO_CALLBACKS.format(version=sklearn.__version__, name="fit")
            raise MissingFrameworkError(text) from None
        return ()

    @never_raises(None)
    def setup(self, estimator: Any, context: Any) -> None:
        """Open the run of a fit."""
        fit = FitProgress(estimator, context)
        fit.run = self.open_run(
            fit.total,
            model=context.estimator_name,
            stage=context.estimator_name,
            unit=fit.unit,
            config=parameters(estimator),
            # A fit ends its own run, and may go on beside others.
            owner=None,
        )
        self._fits[id(context)] = fit

    @never_raises(None)
    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Report that a task begins."""
        fit = self._fit_of(context)
        if fit is not None:
            fit.begin_task(estimator, context)

    @never_raises(False)
    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Report that a task has ended; returns whether the fit is to stop."""
        fit = self._fit_of(context)
        if fit is None:
            return False
        fit.end_task(estimator, context)
        return fit.run.should_stop

    @never_raises(None)
    def teardown(self, estimator: Any, context: Any) -> None:
        """End the run of a fit, also after an exception."""
        fit = self._fits.pop(id(context), None)
        if fit is not None:
            self.end_run(fit.run)

    def _fit_of(self, context: Any) -> FitProgress | None:
        while context is not None:
            fit = self._fits.get(id(context))
            if fit is not None:
                return fit
            context = context.parent
        return None


class FitProgress:
    """The progress of one fit, from the tasks that begin and end inside it.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext
        The task that is the whole fit.
    """

    run: TrainingRun

    def __init__(self, estimator: Any, context: Any) -> None:
        self.context = context
        # A parameter of all searches, and of nothing else.
        self.searches = hasattr(estimator, "error_score")
        self.total: int | None
        if self.searches:
            # Known when the search begins.
            self.unit, self.total = "fit", None
        elif hasattr(estimator, "max_iter"):
            self.unit, self.total = "iteration", int(estimator.max_iter)
        elif hasattr(estimator, "steps"):
            self.unit, self.total = "step", len(estimator.steps)
        else:
            self.unit, self.total = "task", context.max_subtasks or None
        self.ended = 0

    def begin_task(self, estimator: Any, context: Any) -> None:
        """Take over what the begin of a task says."""
        if context is self.context:
            return
        if not self.searches:
            if context.parent is self.context:
                # Tasks in a row are numbered from 0: the number is that of the tasks done.
                self.run.update(context.task_id, details=details_of(context))
        elif not context.sequential_subtasks:
            # The fits of a search, or of one iteration of a search that has several.
            if context.parent is self.context:
                self.run.total = context.max_subtasks
        elif context.max_subtasks == 0 and not context.parent.sequential_subtasks:
            folds = getattr(estimator, "n_splits_", None)
            if folds:
                candidate, fold = divmod(context.task_id, folds)
                candidates = context.parent.max_subtasks // folds
                text = f"candidate {candidate + 1} of {candidates} · fold {fold + 1}"
                self.run.update(details=text)
        else:
            self.run.update(details=details_of(context))

    def end_task(self, estimator: Any, context: Any) -> None:
        """Take over what the end of a task says."""
        if context is self.context:
            self._end_fit(estimator)
        elif self.searches:
            if context.max_subtasks == 0 and not context.parent.sequential_subtasks:
                self.run.update(advance=1)
            elif not context.sequential_subtasks:
                # Fits of worker processes are not heard one by one.
                self.ended += context.max_subtasks or 0
                if self.ended > self.run.current:
                    self.run.update(self.ended)
        elif context.parent is self.context:
            self.ended = max(self.ended, context.task_id + 1)

    def _end_fit(self, estimator: Any) -> None:
        if self.searches:
            self._end_search(estimator)
            return
        done = self.ended
        iterations = getattr(estimator, "n_iter_", None)
        if self.unit == "iteration" and iterations is not None:
            # After the last iteration, scikit-learn begins and ends a task that does nothing.
            done = int(iterations.max() if hasattr(iterations, "max") else iterations)
        self.run.update(done, details="")

    def _end_search(self, estimator: Any) -> None:
        results = estimator.cv_results_
        folds = estimator.n_splits_
        for name, values in results.items():
            if name.startswith("mean_test_"):
                for number, value in enumerate(values, 1):
                    self.run.log({name: value}, step=number * folds)
        best = getattr(estimator, "best_params_", None)
        if hasattr(estimator, "best_score_"):
            self.run.log({"best_score": estimator.best_score_})
        if best is not None:
            words = ", ".join(f"{name}={value!r}" for name, value in best.items())
            self.run.update(details=f"best: {words}")


def details_of(context: Any) -> str:
    """Return the name of a task in words."""
    return str(context.task_name).replace("-", " ")


def parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters of an estimator, without the estimators in it."""
    found = estimator.get_params(deep=False)
    return {name: value for name, value in found.items() if not hasattr(value, "get_params")}
