"""Adapter for the Trainer of Hugging Face transformers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises, settings
from ipyvitals.monitor import Monitor
from ipyvitals.training.arguments import length_of
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]

ARGUMENTS = (
    "learning_rate",
    "num_train_epochs",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "weight_decay",
    "warmup_steps",
    "lr_scheduler_type",
    "optim",
    "seed",
)
"""Arguments of the training that describe a run."""


class VitalsCallback(Adapter):
    """Reports the trainings and evaluations of a transformers Trainer to a monitor.

    The run counts optimizer steps, as ``state.global_step`` does, and has what the Trainer logs, at
    the steps of ``state.log_history``. An evaluation during a training is a run inside it. Only the
    first process reports.

    Parameters
    ----------
    monitor, name, tags, config
        As for all callbacks: see `Adapter`.

    Examples
    --------
    >>> Trainer(model, args, callbacks=[VitalsCallback(monitor)])  # doctest: +SKIP
    """

    framework = "transformers"
    requires = "transformers[torch]>=4.57"
    trains = ("train", "evaluate", "predict")

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config)
        self._run: TrainingRun | None = None
        self._tests: TrainingRun | None = None

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the callback class of transformers."""
        return (import_framework("transformers", cls.requires).TrainerCallback,)

    # Training

    @never_raises(None)
    def on_train_begin(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Open a run; with another batch size the Trainer may begin a second time."""
        self._tests = None
        if not state.is_world_process_zero:
            return
        trial = getattr(state, "trial_params", None)
        facts = {name: getattr(args, name, None) for name in ARGUMENTS}
        self._run = self.open_run(
            state.max_steps or None,
            model=type(more.get("model")).__name__,
            unit="step",
            initial=state.global_step,
            name=self._name or getattr(state, "trial_name", None),
            config={**settings(facts), **settings(trial)},
        )
        # The steps are counted, and not those of logged values followed.
        self._run.update(state.global_step)

    @never_raises(None)
    def on_step_end(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Count an optimizer step."""
        if self._run is not None:
            self._run.update(state.global_step)
        self._ask_to_stop(control)

    @never_raises(None)
    def on_substep_end(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Look for a request to stop between the batches of one optimizer step."""
        self._ask_to_stop(control)

    @never_raises(None)
    def on_log(
        self,
        /,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Take what the Trainer logs, also of an evaluation."""
        # The epoch is an axis.
        values = {name: value for name, value in (logs or {}).items() if name != "epoch"}
        if self._run is not None:
            self._run.log(values, step=state.global_step)
        elif self._tests is not None:
            self._tests.update(values)

    @never_raises(None)
    def on_train_end(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """End the run."""
        run, self._run = self._run, None
        if run is not None:
            self.end_run(run)

    def _ask_to_stop(self, control: Any) -> None:
        if self._run is not None and self._run.should_stop:
            control.should_training_stop = True

    # Evaluation

    @never_raises(None)
    def on_prediction_step(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Count a batch of an evaluation, whose beginning the Trainer does not tell."""
        if not state.is_world_process_zero:
            return
        if self._tests is None or self._tests.state != "running":
            self._tests = self._open_tests(more)
        self._tests.update(advance=1)

    @never_raises(None)
    def on_evaluate(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """End the run of an evaluation."""
        self._end_tests()

    @never_raises(None)
    def on_predict(
        self,
        /,
        args: Any,
        state: Any,
        control: Any,
        metrics: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """End the run of a prediction."""
        if self._tests is not None and self._run is None:
            self._tests.update(dict(metrics or {}), stage="Prediction")
        self._end_tests()

    def _open_tests(self, more: Mapping[str, Any]) -> TrainingRun:
        inside: dict[str, Any] = {}
        if self._run is not None and self._run.state == "running":
            inside = {"inside": self._run, "loop": True, "aside": True}
        return self.open_run(
            length_of(more.get("eval_dataloader")),
            model=type(more.get("model")).__name__,
            stage="Evaluation",
            unit="batch",
            **inside,
        )

    def _end_tests(self) -> None:
        tests, self._tests = self._tests, None
        if tests is not None:
            self.end_run(tests)
