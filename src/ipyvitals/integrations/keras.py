"""Adapter for Keras 3, on any backend: a callback of ``fit`` and ``evaluate``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from ipyvitals.integrations.adapter import Adapter, Pace, import_framework, never_raises
from ipyvitals.monitor import Monitor
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]

RECENT = 64
"""Batches that Keras may report in another order, from several threads."""


class VitalsCallback(Adapter):
    """Reports the trainings and evaluations of a Keras model to a monitor.

    The run counts epochs, and has the metrics of each epoch, as ``History`` has them. Inside it one
    run counts the batches of all epochs, and another one those of the validation. The callback
    never reads the model, which on JAX would copy its state.

    Parameters
    ----------
    monitor, name, tags, config
        As for all callbacks: see `Adapter`.

    Examples
    --------
    >>> model.fit(x, y, epochs=3, callbacks=[VitalsCallback(monitor)])  # doctest: +SKIP
    """

    framework = "keras"
    requires = "keras>=3"
    trains = ("fit", "evaluate")
    async_safe = True
    """Lets Keras go on with the next batch meanwhile; hooks may come in another order then."""
    params: dict[str, Any] | None
    """Set by Keras; what it knows of the training."""

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config)
        self._trained: Any = None
        self._trains = False
        self._run: TrainingRun | None = None
        self._batches: TrainingRun | None = None
        self._tests: TrainingRun | None = None
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._steps: int | None = None
        self._logs: Mapping[str, Any] | None = None
        """What Keras said of the newest batch."""
        self._pace = Pace()

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the callback class of Keras."""
        return (import_framework("keras", cls.requires).callbacks.Callback,)

    def set_model(self, model: Any) -> None:
        """Take the model; Keras calls it."""
        super().set_model(model)  # type: ignore[misc]
        self._trained = model

    # Training

    @never_raises(None)
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Forget an earlier training; the run begins with the first epoch, which says its index."""
        self._trains = True
        self._run = self._batches = self._tests = None

    @never_raises(None)
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Open the run at the first epoch, and begin to count batches."""
        if self._run is None:
            self._run = self.open_run(
                self._param("epochs"),
                model=self._model_name(),
                unit="epoch",
                initial=epoch,
                config=self._facts(),
            )
        self._recent.clear()
        self._logs = None
        # Of a generator the number is known after the first epoch.
        self._steps = self._param("steps")
        self._batches = self.open_run(
            self._steps,
            model="",
            stage="Batch",
            unit="batch",
            inside=self._run,
            loop=True,
        )

    @never_raises(None)
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count the batches up to this one, which is the last of one or several steps."""
        run = self._batches
        if run is None:
            return
        self._recent.append(batch)
        self._logs = logs
        if self._pace.is_due():
            run.update(self._counted(), logs or {})
        else:
            run.update(self._counted())
        if run.should_stop:
            self._trained.stop_training = True

    @never_raises(None)
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count the epoch, and take its metrics."""
        if self._run is None:
            return
        if self._batches is not None:
            counted = self._counted() if self._recent else 0
            self._batches.update(counted, self._logs or {})
            if self._batches.should_stop and self._steps and counted < self._steps:
                # The run stands where it was stopped, inside the epoch.
                self.end_run(self._batches)
            self._batches.complete()
        self._run.update(epoch + 1, logs or {})
        if self._run.should_stop:
            self._trained.stop_training = True

    @never_raises(None)
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the run."""
        self._trains = False
        if self._run is not None:
            self.end_run(self._run)
        self._run = self._batches = None

    # Validation and evaluation

    @never_raises(None)
    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Open a run for a validation inside the training, or for an evaluation of its own."""
        self._recent_tests: deque[int] = deque(maxlen=RECENT)
        if not self._trains:
            self._tests = self.open_run(
                self._param("steps"), model=self._model_name(), stage="Evaluation", unit="batch"
            )
        elif self._run is not None:
            # Keras does not tell the number of its batches. The hooks of the last batches of the
            # training may still come, so that their run stays open.
            self._tests = self.open_run(
                None,
                model="",
                stage="Validation",
                unit="batch",
                inside=self._run,
                loop=True,
                aside=True,
            )

    @never_raises(None)
    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count the batches of a validation or an evaluation."""
        if self._tests is not None:
            self._recent_tests.append(batch)
            self._tests.update(max(self._recent_tests) + 1)

    @never_raises(None)
    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the run of a validation or an evaluation; the second has metrics."""
        if self._tests is not None:
            if not self._trains:
                self._tests.update(logs or {})
            self.end_run(self._tests)
        self._tests = None

    # What Keras knows

    def _counted(self) -> int:
        counted, steps = max(self._recent) + 1, self._steps
        # The last execution of several steps may have fewer of them.
        return counted if steps is None else min(counted, steps)

    def _param(self, name: str) -> int | None:
        value = (self.params or {}).get(name)
        return None if value is None else int(value)

    def _model_name(self) -> str:
        return str(getattr(self._trained, "name", None) or "keras")

    def _facts(self) -> dict[str, Any]:
        optimizer = getattr(self._trained, "optimizer", None)
        facts = {
            "epochs": self._param("epochs"),
            "steps_per_epoch": self._param("steps"),
            "optimizer": None if optimizer is None else type(optimizer).__name__,
        }
        return {name: value for name, value in facts.items() if value is not None}
