"""Adapter for skorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

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

NO_METRICS = ("_best", "_batch_count", "_batch_size")
"""Ends of names in a row of ``net.history`` that are no metrics."""


class VitalsCallback(Adapter):
    """Reports the trainings of a skorch net to a monitor.

    The run counts epochs, and has the numbers of each row of ``net.history``. Inside it one run
    counts the batches of all epochs, and another one those of the validation. ``partial_fit`` goes
    on with the epochs before.

    Parameters
    ----------
    monitor, name, tags, config
        As for all callbacks: see `Adapter`.

    Examples
    --------
    >>> NeuralNetClassifier(Module, callbacks=[VitalsCallback(monitor)])  # doctest: +SKIP
    """

    framework = "skorch"
    requires = "skorch>=1"
    trains = ("partial_fit",)

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
        self._epochs = 0
        """Epochs in the history whose row was taken."""
        self._steps: int | None = None
        self._validates = False
        self._pace = Pace()

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the callback class of skorch."""
        return (import_framework("skorch.callbacks", cls.requires).Callback,)

    # Parameters, as estimators have them

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the callback."""
        return {
            "monitor": self._given,
            "name": self._name,
            "tags": self._tags,
            "config": self._config,
        }

    def set_params(self, **params: Any) -> Self:
        """Change arguments of the callback, between two trainings."""
        VitalsCallback.__init__(self, **{**self.get_params(), **params})
        return self

    def __sklearn_clone__(self) -> Self:
        return self.__copy__()

    # Training

    @never_raises(None)
    def on_train_begin(self, /, net: Any, **more: Any) -> None:
        """Open the run."""
        self._batches = self._tests = self._steps = None
        self._epochs = len(net.history)
        self._run = self.open_run(
            self._epochs + int(net.max_epochs),
            model=type(getattr(net, "module_", net)).__name__,
            unit="epoch",
            initial=self._epochs,
            config=_facts(net),
        )

    @never_raises(None)
    def on_epoch_begin(
        self, /, net: Any, dataset_train: Any = None, dataset_valid: Any = None, **more: Any
    ) -> None:
        """Take what other callbacks wrote of the epoch before, and begin to count batches."""
        if self._run is None:
            return
        self._take_rows(net, len(net.history) - 1)
        self._validates = dataset_valid is not None
        if self._steps is None:
            self._steps = _batches_of(net, dataset_train)
        self._batches = self.open_run(
            self._steps, model="", stage="Batch", unit="batch", inside=self._run, loop=True
        )

    @never_raises(None)
    def on_batch_end(
        self, /, net: Any, batch: Any = None, training: bool | None = None, **more: Any
    ) -> None:
        """Count a batch of the training or of the validation."""
        if self._run is None:
            return
        if not training:
            self._count_test()
        elif self._batches is not None:
            row = net.history[-1]["batches"]
            if self._pace.is_due() or len(row) == self._steps:
                self._batches.update(len(row), _numbers(row[-1]))
            else:
                self._batches.update(len(row))
        if self._run.should_stop:
            # What skorch itself ends a training by.
            raise KeyboardInterrupt

    @never_raises(None)
    def on_epoch_end(self, /, net: Any, **more: Any) -> None:
        """Count the epoch; other callbacks may write more of it after this hook."""
        if self._run is None:
            return
        self._end_inner()
        self._run.update(len(net.history))
        if self._run.should_stop:
            raise KeyboardInterrupt

    @never_raises(None)
    def on_train_end(self, /, net: Any, **more: Any) -> None:
        """End the run: skorch ends by an interrupt when it stops early, and when the user does."""
        run, self._run = self._run, None
        if run is None:
            return
        whole = len(net.history) - (not self._is_whole(net))
        interrupted = None
        if whole == len(net.history):
            if self._batches is not None:
                self._batches.complete()
            run.update(whole)
        else:
            interrupted = KeyboardInterrupt()
        self._take_rows(net, whole, run)
        self.end_run(run, None if run.should_stop else interrupted)
        self._batches = self._tests = None

    def _is_whole(self, net: Any) -> bool:
        """Return whether the last epoch has all its batches, as it has at an early stop."""
        if not net.history or self._batches is None:
            return True
        row = net.history[-1]
        return "train_batch_count" in row and (not self._validates or "valid_batch_count" in row)

    def _take_rows(self, net: Any, end: int, run: TrainingRun | None = None) -> None:
        run = run or self._run
        while run is not None and self._epochs < end:
            row = net.history[self._epochs]
            self._epochs += 1
            run.log(_numbers(row), step=self._epochs)

    def _count_test(self) -> None:
        if self._tests is None:
            if self._batches is not None:
                self._batches.complete()
            self._tests = self.open_run(
                None,
                model="",
                stage="Validation",
                unit="batch",
                inside=self._run,
                loop=True,
                aside=True,
            )
        self._tests.update(advance=1)

    def _end_inner(self) -> None:
        for run in (self._tests, self._batches):
            if run is not None:
                run.complete()
        self._batches = self._tests = None


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of a row of the history."""
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and name != "epoch"
        and not name.endswith(NO_METRICS)
    }


def _batches_of(net: Any, dataset: Any) -> int | None:
    try:
        return len(net.get_iterator(dataset, training=True))
    except Exception:
        return None


def _facts(net: Any) -> dict[str, Any]:
    optimizer = getattr(net, "optimizer", None)
    return {
        **settings({name: getattr(net, name, None) for name in ("max_epochs", "lr", "batch_size")}),
        "optimizer": getattr(optimizer, "__name__", type(optimizer).__name__),
    }
