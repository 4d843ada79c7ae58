"""Adapter for fastai."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipyvitals.integrations.adapter import Adapter, Pace, import_framework, never_raises
from ipyvitals.monitor import Monitor
from ipyvitals.training.arguments import length_of
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]


class VitalsCallback(Adapter):
    """Reports the trainings and validations of a fastai Learner to a monitor.

    The run counts epochs, and has the values of ``learn.recorder``. Inside it one run counts the
    batches of all epochs, with the smoothed loss and the learning rate, and another one those of
    the validation. ``lr_find`` and ``get_preds`` are no runs. Only rank zero reports.

    Parameters
    ----------
    monitor, name, tags, config
        As for all callbacks: see `Adapter`.

    Examples
    --------
    >>> learn.fit_one_cycle(3, cbs=VitalsCallback(monitor))  # doctest: +SKIP
    """

    framework = "fastai"
    requires = "fastai>=2.7"
    trains = ("fit", "validate")
    order = 65
    """After the recorder, whose values the callback takes."""

    learn: Any

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config)
        self._reports = False
        self._training_run: TrainingRun | None = None
        self._batches: TrainingRun | None = None
        self._tests: TrainingRun | None = None
        self._pace = Pace()

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the callback class of fastai."""
        return (import_framework("fastai.callback.core", cls.requires).Callback,)

    # Training

    @never_raises(None)
    def before_fit(self) -> None:
        """Forget an earlier training; a run begins with the first epoch that is not skipped."""
        rank = import_framework("fastai.torch_core", self.requires).rank_distrib()
        searches = any(hasattr(self.learn, name) for name in ("lr_finder", "gather_preds"))
        self._reports = rank == 0 and not searches
        self._training_run = self._batches = self._tests = None

    @never_raises(None)
    def before_train(self) -> None:
        """Open the run at the first epoch, and begin to count batches."""
        if not self._reports:
            return
        learn = self.learn
        if self._training_run is None:
            self._training_run = self.open_run(
                int(learn.n_epoch),
                model=type(learn.model).__name__,
                unit="epoch",
                initial=int(learn.epoch),
                config={"epochs": int(learn.n_epoch), "batch_size": getattr(learn.dls, "bs", None)},
            )
        self._batches = self.open_run(
            length_of(learn.dl),
            model="",
            stage="Batch",
            unit="batch",
            inside=self._training_run,
            loop=True,
        )

    def after_batch(self) -> None:
        """Count a batch; after a request to stop, cancel the fit."""
        if self._count_batch():
            raise import_framework("fastai.callback.core", self.requires).CancelFitException

    @never_raises(False)
    def _count_batch(self) -> bool:
        if not self.learn.training:
            if self._tests is not None:
                self._tests.update(int(self.learn.iter) + 1)
        elif self._batches is not None:
            count = int(self.learn.iter) + 1
            if self._pace.is_due() or count == self._batches.total:
                self._batches.update(count, self._newest())
            else:
                self._batches.update(count)
        return self._training_run is not None and self._training_run.should_stop

    @never_raises(None)
    def after_train(self) -> None:
        """End the batches of an epoch."""
        if self._batches is not None:
            self._batches.complete()
        self._batches = None

    @never_raises(None)
    def after_epoch(self) -> None:
        """Count the epoch, and take its row of the recorder."""
        if self._training_run is not None:
            self._take_row(int(self.learn.epoch) + 1)

    @never_raises(None)
    def after_fit(self) -> None:
        """End the run; also when the fit was cancelled, as by early stopping."""
        run, tests = self._training_run, self._tests
        if run is not None:
            rows = len(getattr(getattr(self.learn, "recorder", None), "values", ()))
            if rows > run.current and not run.should_stop:
                # A callback before this one ended the fit at the end of the epoch.
                self._take_row(rows)
            if self._batches is not None:
                self.end_run(self._batches)
            self.end_run(run)
        elif tests is not None:
            tests.update(self._row())
            self.end_run(tests)
        self._training_run = self._batches = self._tests = None
        self._reports = False

    # Validation

    @never_raises(None)
    def before_validate(self) -> None:
        """Open a run for a validation of a fit, or for one of its own."""
        if not self._reports:
            return
        inside: dict[str, Any] = {}
        if self._training_run is not None:
            inside = {"inside": self._training_run, "loop": True, "aside": True}
        self._tests = self.open_run(
            length_of(self.learn.dl),
            model=type(self.learn.model).__name__,
            stage="Validation",
            unit="batch",
            **inside,
        )

    @never_raises(None)
    def after_validate(self) -> None:
        """End a validation inside a fit."""
        if self._training_run is not None and self._tests is not None:
            self._tests.complete()
            self._tests = None

    # What the recorder knows

    def _take_row(self, epochs: int) -> None:
        if self._training_run is not None:
            self._training_run.update(epochs, self._row())

    def _row(self) -> dict[str, Any]:
        """Return the newest row of the recorder."""
        recorder = getattr(self.learn, "recorder", None)
        row = list(getattr(self.learn, "final_record", ()))
        if recorder is None or not row:
            return {}
        names = [name for name in recorder.metric_names if name not in ("epoch", "time")]
        if len(row) < len(names) and not getattr(recorder, "cancel_valid", False):
            # Without a training the values of the validation are alone.
            names = names[-len(row) :]
        return dict(zip(names, row, strict=False))

    def _newest(self) -> dict[str, Any]:
        recorder = getattr(self.learn, "recorder", None)
        if recorder is None or not recorder.losses:
            return {}
        return {"train_loss": recorder.losses[-1], "lr": recorder.lrs[-1]}
