"""Adapter for Lightning, as ``lightning.pytorch`` or as ``pytorch_lightning``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

from ipyvitals.integrations.adapter import (
    Adapter,
    Pace,
    import_framework,
    never_raises,
    settings,
)
from ipyvitals.monitor import Monitor
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


class VitalsCallback(Adapter):
    """Reports the trainings and evaluations of a Lightning Trainer to a monitor.

    The run counts epochs, and has the values that the module logs for each, as
    ``trainer.callback_metrics`` has them. Inside it one run counts the batches of all epochs, with
    the values of each step, and another one those of the validation. With ``max_steps`` the run
    counts optimizer steps instead, as ``trainer.global_step`` does. Only rank zero reports.

    Parameters
    ----------
    monitor, name, tags, config
        As for all callbacks: see `Adapter`.

    Examples
    --------
    >>> Trainer(max_epochs=3, callbacks=[VitalsCallback(monitor)])  # doctest: +SKIP
    """

    framework = "lightning"
    requires = "lightning>=2"

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
        self._batches: TrainingRun | None = None
        self._tests: TrainingRun | None = None
        self._tested = 0
        self._counts_steps = False
        self._pace = Pace()
        self._of_epochs: dict[str, Any] = {}
        """Values that the run has, or had before it began."""
        self._of_steps: dict[str, Any] = {}
        """Values that the run of batches has."""

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the callback classes of those packages of Lightning that are imported."""
        loaded = [name for name in PACKAGES if name in sys.modules]
        if not loaded:
            with suppress(ModuleNotFoundError):
                import_framework("pytorch_lightning", cls.requires)
            if "pytorch_lightning" not in sys.modules or "lightning" in sys.modules:
                import_framework("lightning.pytorch", cls.requires)
            loaded = [name for name in PACKAGES if name in sys.modules]
        return tuple(sys.modules[name].Callback for name in loaded)

    # Training

    @never_raises(None)
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the run."""
        if not trainer.is_global_zero:
            return
        self._batches = self._tests = None
        self._counts_steps = trainer.max_steps not in (None, -1)
        for seen in (self._of_epochs, self._of_steps):
            changed(trainer.callback_metrics, seen)
        if self._counts_steps:
            total, done = _count(trainer.estimated_stepping_batches), trainer.global_step
        else:
            total, done = _count(trainer.max_epochs), trainer.current_epoch
        self._run = self.open_run(
            total,
            model=type(pl_module).__name__,
            unit="step" if self._counts_steps else "epoch",
            initial=done,
            config=_facts(trainer, pl_module),
        )

    @never_raises(None)
    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Take what the epoch before logged at its very end."""
        self._take_epoch(trainer)

    @never_raises(None)
    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, *more: Any
    ) -> None:
        """Begin to count the batches of an epoch, which may be resumed in its middle."""
        if self._run is None or self._batches is not None or self._counts_steps:
            return
        self._batches = self.open_run(
            _count(trainer.num_training_batches),
            model="",
            stage="Batch",
            unit="batch",
            initial=batch_idx,
            inside=self._run,
            loop=True,
        )

    @never_raises(None)
    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *more: Any
    ) -> None:
        """Count the batch, and take the values of its step."""
        run = self._run if self._batches is None else self._batches
        if run is None:
            return
        run.update(batch_idx + 1 if self._batches is not None else trainer.global_step)
        if self._pace.is_due() or trainer.is_last_batch:
            # Lightning computes its metrics at each look, which takes a part of a millisecond.
            values = changed(trainer.callback_metrics, self._of_steps)
            if values:
                run.log(values, step=self._step(trainer))
        if run.should_stop:
            trainer.should_stop = True

    @never_raises(None)
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Count the epoch; the module may log more of it after this hook."""
        if self._run is None:
            return
        batches, self._batches = self._batches, None
        if batches is not None:
            if batches.should_stop and batches.total and batches.current < batches.total:
                # The run stands where it was stopped, inside the epoch.
                self.end_run(batches)
            batches.complete()
        if not self._counts_steps:
            self._run.update(trainer.current_epoch + 1)
        if self._run.should_stop:
            trainer.should_stop = True

    @never_raises(None)
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """End the run, with what the last epoch logged."""
        self._take_epoch(trainer)
        self._end()

    @never_raises(None)
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the runs by an exception or an interrupt."""
        self._take_epoch(trainer)
        self._end(exception)

    @never_raises(None)
    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """End what is still open: Lightning left the training by a way of its own."""
        for run in (self._tests, self._run):
            if run is not None:
                run.stop()
        self._run = self._batches = self._tests = None

    # Validation, and evaluations of their own

    @never_raises(None)
    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Open a run for a validation; the check before a training is none."""
        if trainer.is_global_zero and not trainer.sanity_checking:
            self._begin_test("Validation", trainer.num_val_batches, pl_module)

    @never_raises(None)
    def on_validation_batch_end(self, trainer: Any, *more: Any, **named: Any) -> None:
        """Count a batch of a validation."""
        self._count_test()

    @never_raises(None)
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """End the run of a validation."""
        self._end_test(trainer)

    @never_raises(None)
    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Open a run for a test."""
        if trainer.is_global_zero:
            self._begin_test("Test", trainer.num_test_batches, pl_module)

    @never_raises(None)
    def on_test_batch_end(self, trainer: Any, *more: Any, **named: Any) -> None:
        """Count a batch of a test."""
        self._count_test()

    @never_raises(None)
    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """End the run of a test."""
        self._end_test(trainer)

    def _begin_test(self, stage: str, batches: Iterable[float], pl_module: Any) -> None:
        self._tested = 0
        inside = {} if self._run is None else {"inside": self._run, "loop": True, "aside": True}
        self._tests = self.open_run(
            _count(sum(batches)),
            model=type(pl_module).__name__,
            stage=stage,
            unit="batch",
            **inside,
        )

    def _count_test(self) -> None:
        if self._tests is not None:
            self._tested += 1
            self._tests.update(self._tested)

    def _end_test(self, trainer: Any) -> None:
        tests, self._tests = self._tests, None
        if tests is None:
            return
        if self._run is None:
            tests.update(dict(trainer.callback_metrics))
        self.end_run(tests)
        self._take_epoch(trainer, all_values=False)

    def _take_epoch(self, trainer: Any, *, all_values: bool = True) -> None:
        """Take what is new since the last call; `all_values` false leaves out those of steps."""
        if self._run is not None:
            values = trainer.callback_metrics
            if not all_values:
                values = changed(values, self._of_steps)
            values = changed(values, self._of_epochs)
            changed(values, self._of_steps)
            if values:
                self._run.log(values, step=self._step(trainer))

    def _step(self, trainer: Any) -> int:
        """Return where values stand: at the number of batches, or of optimizer steps."""
        step = trainer.global_step if self._counts_steps else trainer.fit_loop.total_batch_idx + 1
        return int(step)

    def _end(self, error: BaseException | None = None) -> None:
        for run in (self._tests, self._run):
            if run is not None:
                self.end_run(run, error)
        self._run = self._batches = self._tests = None


def changed(values: Mapping[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are not those in `seen`, and put them there.

    Lightning says all its newest values each time, and repeats an old one as another tensor on the
    same memory. No number is read.
    """
    new = {name: value for name, value in values.items() if not _is_same(value, seen.get(name))}
    seen.update(new)
    return new


def _is_same(value: Any, old: Any) -> bool:
    if value is old:
        return True
    if not (hasattr(value, "data_ptr") and hasattr(old, "data_ptr")):
        return False
    return bool(value.data_ptr() == old.data_ptr())


def _count(number: Any) -> int | None:
    """Return a number of Lightning, which may be infinite, or -1 for no limit."""
    if number is None or not isfinite(number) or number < 0:
        return None
    return int(number)


def _facts(trainer: Any, pl_module: Any) -> dict[str, Any]:
    return {
        **settings(getattr(pl_module, "hparams", None)),
        "accumulate_grad_batches": trainer.accumulate_grad_batches,
        "precision": str(trainer.precision),
    }
