"""Adapter for Hugging Face accelerate: a tracker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises
from ipyvitals.monitor import Monitor
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsTracker"]


class VitalsTracker(Adapter):
    """Reports what ``accelerator.log`` takes to a monitor; only the main process does.

    The run begins with ``accelerator.init_trackers`` and ends with ``accelerator.end_training``.
    Accelerate tells neither how many steps there are nor that there was one: the progress moves by
    the steps that are logged. ``accelerator.get_tracker("ipyvitals", unwrap=True)`` is the run,
    whose ``should_stop`` a loop may look at.

    Parameters
    ----------
    monitor, name, tags, config
        As for all callbacks: see `Adapter`.
    total : int, optional
        Number of steps.
    initial : int
        Number of steps that were done before, such as those of a checkpoint.

    Examples
    --------
    >>> Accelerator(log_with=[VitalsTracker(monitor, total=1_000)])  # doctest: +SKIP
    """

    framework = "accelerate"
    requires = "accelerate>=1"
    name = "ipyvitals"
    requires_logging_directory = False
    main_process_only = True

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        total: int | None = None,
        initial: int = 0,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config, total=total, initial=initial)
        self._run: TrainingRun | None = None

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the tracker class of accelerate."""
        return (import_framework("accelerate.tracking", cls.requires).GeneralTracker,)

    @property
    def tracker(self) -> TrainingRun | None:
        """The run, while it is open."""
        return self._run

    @never_raises(None)
    def start(self) -> None:
        """Open the run."""
        if import_framework("accelerate", self.requires).PartialState().is_main_process:
            self._run = self.open_run(
                self._more["total"], model="accelerate", unit="step", initial=self._more["initial"]
            )

    @never_raises(None)
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Take hyperparameters."""
        if self._run is not None:
            self._run.config.update(values)

    @never_raises(None)
    def log(self, /, values: Mapping[str, Any], step: int | None = None, **more: Any) -> None:
        """Take values, and count up to their step."""
        if self._run is None:
            return
        # Texts are for other trackers.
        values = {name: value for name, value in values.items() if not isinstance(value, str)}
        self._run.log(values, step=step)
        if self._more["initial"] and step is not None and step > self._run.current:
            # A run that goes on does not follow the steps of its values.
            self._run.update(step)

    @never_raises(None)
    def finish(self) -> None:
        """End the run."""
        run, self._run = self._run, None
        if run is not None:
            self.end_run(run)
