"""The callback of a Trainer of Lightning that nobody passed."""

from __future__ import annotations

from typing import Any

from ipyvitals.integrations.autolog.controller import controller
from ipyvitals.integrations.lightning import VitalsCallback

__all__ = ["AutologCallback"]


class AutologCallback(VitalsCallback):
    """Reports what a Trainer does while autolog is on, unless the user's own callback does."""

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the run, if the training is to be reported."""
        if self._reports(trainer):
            super().on_train_start(trainer, pl_module)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Open a run for a validation, if it is to be reported."""
        if self._run is not None or self._reports(trainer):
            super().on_validation_start(trainer, pl_module)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Open a run for a test, if it is to be reported."""
        if self._reports(trainer):
            super().on_test_start(trainer, pl_module)

    def _reports(self, trainer: Any) -> bool:
        # The callback is as old as its Trainer; what autolog reports to may have changed.
        self._given = controller.open_monitor()
        return controller.is_reported("lightning") and not any(
            isinstance(one, VitalsCallback) and not isinstance(one, AutologCallback)
            for one in trainer.callbacks
        )
