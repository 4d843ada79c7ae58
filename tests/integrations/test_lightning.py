"""The adapter for Lightning, with both of its packages."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import lightning.pytorch
import pytest
import pytorch_lightning
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from ipyvitals.integrations.lightning import VitalsCallback
from tests.unit.integrations.run_rows import curve_of, near, runs_of

pytestmark = pytest.mark.filterwarnings("ignore:::(lightning|pytorch_lightning|torch)")

QUIET = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def loader(rows=20, **options):
    """Return rows in batches of four."""
    rows = torch.arange(3.0 * rows).reshape(rows, 3) / (3.0 * rows)
    return DataLoader(TensorDataset(rows), batch_size=4, **options)


def module(package=lightning.pytorch):
    """Return a model that logs by step, by epoch, after the epoch and in the validation."""

    class Tiny(package.LightningModule):
        def __init__(self):
            super().__init__()
            self.save_hyperparameters({"rate": 0.1})
            self.layer = torch.nn.Linear(3, 1)
            self.at_batch = lambda index: None

        def training_step(self, batch, index):
            self.at_batch(index)
            loss = self.layer(batch[0]).pow(2).mean()
            self.log("loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", self.layer(batch[0]).pow(2).mean())

        def test_step(self, batch, index):
            self.log("test_loss", self.layer(batch[0]).pow(2).mean())

        def on_train_epoch_end(self):
            self.log("late", float(self.current_epoch))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    return Tiny()


def trainer(*callbacks, package=lightning.pytorch, **options):
    return package.Trainer(**{**QUIET, "max_epochs": 2, **options}, callbacks=list(callbacks))


class BrokenError(Exception):
    pass


class TestCounts:
    @pytest.mark.parametrize("package", [lightning.pytorch, pytorch_lightning])
    def test_epochs_batches_and_metrics_are_those_of_the_trainer(self, monitor, package):
        fitting = trainer(VitalsCallback(monitor, name="first"), package=package)
        fitting.fit(module(package), loader(), loader())

        runs = runs_of(monitor)
        run, batches = runs["Training"], runs["Batch"]
        assert (run.name, run.state, run.end) == ("first", "completed", "completed")
        assert (run.unit, run.current, run.total) == ("epoch", fitting.current_epoch, 2)
        assert run.metrics == near(fitting.callback_metrics)
        assert run.config["rate"] == 0.1
        assert (batches.unit, batches.current, batches.total) == ("batch", 5, 5)
        assert (batches.steps, batches.lap) == (fitting.fit_loop.total_batch_idx + 1, 2)
        assert batches.metrics["loss_step"] == run.metrics["loss_step"]
        assert set(batches.metrics) == {"loss", "loss_step"}

    def test_values_stand_at_the_batches_of_the_whole_training(self, monitor):
        trainer(VitalsCallback(monitor)).fit(module(), loader(), loader())

        runs = runs_of(monitor)
        for metric in ("loss_epoch", "val_loss", "late", "loss"):
            steps, _ = curve_of(monitor, runs["Training"], metric)
            assert steps == [5, 10]
        steps, _ = curve_of(monitor, runs["Batch"], "loss")
        assert steps[0] == 1
        assert steps[-1] == 10

    def test_max_steps_counts_optimizer_steps(self, monitor):
        fitting = trainer(
            VitalsCallback(monitor), max_steps=7, max_epochs=-1, accumulate_grad_batches=2
        )
        fitting.fit(module(), loader(), loader())

        run = runs_of(monitor)["Training"]
        assert (run.unit, run.current, run.total) == ("step", fitting.global_step, 7)
        assert (run.state, run.progress) == ("completed", 100.0)
        assert run.metrics == near(fitting.callback_metrics)

    def test_accumulation_counts_each_batch(self, monitor):
        trainer(VitalsCallback(monitor), accumulate_grad_batches=2).fit(module(), loader())

        assert runs_of(monitor)["Batch"].steps == 10

    def test_several_optimizers_are_still_one_batch(self, monitor):
        class Two(lightning.pytorch.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.layers = torch.nn.ModuleList([torch.nn.Linear(3, 1) for _ in range(2)])

            def training_step(self, batch, index):
                for layer, optimizer in zip(self.layers, self.optimizers(), strict=True):
                    optimizer.zero_grad()
                    self.manual_backward(layer(batch[0]).pow(2).mean())
                    optimizer.step()

            def configure_optimizers(self):
                return [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in self.layers]

        fitting = trainer(VitalsCallback(monitor))
        fitting.fit(Two(), loader())

        assert fitting.global_step == 20
        assert runs_of(monitor)["Batch"].steps == 10
        assert runs_of(monitor)["Training"].current == 2

    def test_rows_without_a_length(self, monitor):
        class Rows(IterableDataset):
            def __iter__(self):
                return iter(torch.ones(8, 3))

        class Model(type(module())):
            def training_step(self, batch, index):
                return super().training_step([batch], index)

        trainer(VitalsCallback(monitor)).fit(Model(), DataLoader(Rows(), batch_size=4))

        batches = runs_of(monitor)["Batch"]
        assert (batches.steps, batches.total) == (4, None)

    def test_a_resumed_training_counts_the_whole(self, monitor, tmp_path):
        first = trainer(max_epochs=3)
        first.fit(module(), loader())
        first.save_checkpoint(tmp_path / "at.ckpt")
        fitting = trainer(VitalsCallback(monitor), max_epochs=10)
        seen = []
        model = module()
        model.at_batch = lambda index: seen.append(runs_of(monitor)["Training"].progress)
        fitting.fit(model, loader(), ckpt_path=tmp_path / "at.ckpt")

        run = runs_of(monitor)["Training"]
        assert seen[0] == 30.0
        assert (run.current, run.total, run.progress) == (10, 10, 100.0)
        steps, _ = curve_of(monitor, run, "loss_epoch")
        assert steps == [20, 25, 30, 35, 40, 45, 50]


class TestValidation:
    def test_the_check_before_a_training_is_no_run(self, monitor):
        trainer(VitalsCallback(monitor), num_sanity_val_steps=2).fit(module(), loader(), loader())

        validation = runs_of(monitor)["Validation"]
        assert (validation.steps, validation.lap) == (10, 2)

    def test_a_validation_inside_an_epoch_does_not_move_the_bar(self, monitor):
        seen = []

        class Look(lightning.pytorch.Callback):
            def on_validation_end(self, trainer, module):
                run = runs_of(monitor)["Training"]
                seen.append((run.current, run.progress))

        options = {"val_check_interval": 2, "max_epochs": 1, "num_sanity_val_steps": 0}
        trainer(VitalsCallback(monitor), Look(), **options).fit(module(), loader(), loader())

        assert seen == [(0, pytest.approx(40.0)), (0, pytest.approx(80.0))]
        steps, _ = curve_of(monitor, runs_of(monitor)["Training"], "val_loss")
        assert steps == [2, 4]

    @pytest.mark.parametrize(
        ("do", "stage", "metric"),
        [("validate", "Validation", "val_loss"), ("test", "Test", "test_loss")],
    )
    def test_an_evaluation_of_its_own_is_a_run_of_its_own(self, monitor, do, stage, metric):
        evaluating = trainer(VitalsCallback(monitor))
        getattr(evaluating, do)(module(), loader(), verbose=False)

        (run,) = monitor.snapshot().runs
        assert (run.stage, run.state, run.unit) == (stage, "completed", "batch")
        assert (run.current, run.total) == (5, 5)
        assert run.metrics == near(evaluating.callback_metrics)
        assert set(run.metrics) == {metric}

    def test_a_search_for_the_learning_rate_is_no_run(self, monitor, tmp_path):
        fitting = trainer(VitalsCallback(monitor), max_epochs=1, default_root_dir=tmp_path)
        model = module()
        model.lr = 0.1
        finder = lightning.pytorch.tuner.Tuner(fitting)
        finder.lr_find(model, loader(), num_training=5)
        assert monitor.snapshot().runs == []
        fitting.fit(model, loader())

        assert runs_of(monitor)["Training"].current == 1


class TestEndings:
    def test_early_stopping_completes_with_the_share_that_was_reached(self, monitor):
        stopping = lightning.pytorch.callbacks.EarlyStopping("val_loss", min_delta=1e9, patience=1)
        fitting = trainer(VitalsCallback(monitor), stopping, max_epochs=8)
        fitting.fit(module(), loader(), loader())

        run = runs_of(monitor)["Training"]
        assert (run.state, run.current, run.progress) == ("completed", 2, 25.0)

    @pytest.mark.parametrize(
        ("raised", "leaves", "state", "end"),
        [
            (BrokenError("diverged"), BrokenError, "failed", "failed"),
            (KeyboardInterrupt(), SystemExit, "stopped", "interrupted"),
        ],
    )
    def test_an_exception_ends_the_runs(self, monitor, raised, leaves, state, end):
        def raise_at(index):
            if index == 3:
                raise raised

        model = module()
        model.at_batch = raise_at
        callback = VitalsCallback(monitor)
        with pytest.raises(leaves):
            trainer(callback).fit(model, loader())

        runs = runs_of(monitor)
        assert (runs["Training"].state, runs["Training"].end) == (state, end)
        assert runs["Training"].current == 0
        assert runs["Batch"].current == 3
        trainer(callback).fit(module(), loader())
        assert runs_of(monitor)["Training"].state == "completed"

    def test_a_request_to_stop_ends_the_training_inside_its_epoch(self, monitor):
        model = module()
        model.at_batch = lambda index: monitor.stop_training() if index == 1 else None
        fitting = trainer(VitalsCallback(monitor), max_epochs=4)
        fitting.fit(model, loader())

        run = runs_of(monitor)["Training"]
        assert fitting.should_stop
        assert (run.state, run.end, run.current) == ("stopped", "requested", 0)
        assert run.progress == pytest.approx(10.0)

    def test_without_batches_there_is_no_run(self, monitor):
        trainer(VitalsCallback(monitor), limit_train_batches=0).fit(module(), loader())

        assert monitor.snapshot().runs == []


def test_the_callback_is_one_of_both_packages(monitor):
    callback = VitalsCallback(monitor, name="first")

    for other in (callback, copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert isinstance(other, lightning.pytorch.Callback)
        assert isinstance(other, pytorch_lightning.Callback)
    assert trainer(callback).callbacks[0] is callback


def test_with_one_package_imported_the_other_is_not():
    program = (
        "import sys, pytorch_lightning\n"
        "from ipyvitals.integrations.lightning import VitalsCallback\n"
        "callback = VitalsCallback()\n"
        "assert isinstance(callback, pytorch_lightning.Callback)\n"
        "assert 'lightning.pytorch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
