"""Autolog with the frameworks on torch, each trained for real."""

from __future__ import annotations

import inspect
import pickle
import sys
from importlib import import_module

import pytest
import torch

import ipyvitals

pytestmark = pytest.mark.filterwarnings(
    "ignore:::(lightning|pytorch_lightning|transformers|torch|accelerate|fastai|fastcore|skorch)"
)

X = torch.randn(40, 3, generator=torch.Generator().manual_seed(7))
Y = X.sum(dim=1, keepdim=True)


@pytest.fixture
def autolog(monitor):
    """Turn autolog on for the monitor, and off at the end."""
    ipyvitals.autolog(monitor)
    yield
    ipyvitals.autolog(disable=True)


def outer_runs(monitor):
    """Return the runs at the top, oldest first."""
    runs = [run for run in monitor.snapshot().runs if run.parent_id is None]
    return sorted(runs, key=lambda run: int(run.run_id.split("-")[-1]))


# Lightning


@pytest.fixture
def entry_points(tmp_path, monkeypatch):
    """Install the entry points that pyproject.toml declares."""
    import tomllib
    from pathlib import Path

    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    lines = []
    for group, points in tomllib.loads(text)["project"]["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    folder = tmp_path / "ipyvitals_entry_points-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: ipyvitals-entry-points\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)


def lightning_parts(package):
    pl = import_module(package)

    class Module(pl.LightningModule):
        error = None

        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def training_step(self, batch, batch_idx):
            if self.error is not None and self.current_epoch == 1:
                raise self.error
            x, y = batch
            return (self.layer(x) - y).pow(2).mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=10)

    def trainer(**options):
        return pl.Trainer(
            max_epochs=3,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )

    return Module, loader, trainer


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_a_trainer_of_lightning_reports(monitor, autolog, entry_points, package):
    module, loader, make = lightning_parts(package)
    trainer = make()
    trainer.fit(module(), loader)

    (run,) = outer_runs(monitor)
    assert (run.state, run.current, run.total) == ("completed", trainer.current_epoch, 3)


def test_a_training_of_lightning_that_fails_is_a_failed_run(monitor, autolog, entry_points):
    module, loader, make = lightning_parts("lightning.pytorch")
    model = module()
    model.error = RuntimeError("diverged")
    with pytest.raises(RuntimeError, match="diverged"):
        make().fit(model, loader)

    assert [(run.state, run.current) for run in outer_runs(monitor)] == [("failed", 1)]


def test_the_callback_of_the_user_reports_alone(monitor, autolog, entry_points):
    from ipyvitals.integrations.lightning import VitalsCallback

    module, loader, make = lightning_parts("lightning.pytorch")
    make(callbacks=[VitalsCallback(monitor, name="mine")]).fit(module(), loader)

    assert [(run.name, run.state) for run in outer_runs(monitor)] == [("mine", "completed")]


def test_a_trainer_has_no_callback_of_ours_without_autolog(monitor, entry_points):
    module, loader, make = lightning_parts("lightning.pytorch")
    trainer = make()
    assert not [one for one in trainer.callbacks if "ipyvitals" in type(one).__module__]

    ipyvitals.autolog(monitor)
    trainer = make()
    ipyvitals.autolog(disable=True)
    trainer.fit(module(), loader)
    assert outer_runs(monitor) == []


# transformers


def test_a_trainer_of_transformers_reports(monitor, tmp_path):
    transformers = import_module("transformers")
    ipyvitals.autolog(monitor)
    original = inspect.unwrap(transformers.Trainer.train)
    assert transformers.Trainer.train is not original

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def forward(self, x, labels=None):
            return {"loss": (self.layer(x) - labels).pow(2).mean()}

    trainer = transformers.Trainer(
        model=Model(),
        args=transformers.TrainingArguments(
            output_dir=str(tmp_path), max_steps=4, report_to=[], use_cpu=True, disable_tqdm=True
        ),
        train_dataset=[{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)],
    )
    before = list(trainer.callback_handler.callbacks)
    trainer.train()
    ipyvitals.autolog(disable=True)

    assert trainer.callback_handler.callbacks == before
    assert transformers.Trainer.train is original
    (run,) = outer_runs(monitor)
    assert (run.state, run.current, run.total) == ("completed", trainer.state.global_step, 4)


# skorch


def test_a_net_of_skorch_reports(monitor, autolog):
    skorch = import_module("skorch")
    net = skorch.NeuralNetRegressor(torch.nn.Linear(3, 1), max_epochs=3, verbose=0)
    net.fit(X.numpy(), Y.numpy())
    net.partial_fit(X.numpy(), Y.numpy())

    assert [(run.state, run.current) for run in outer_runs(monitor)] == [
        ("completed", 3),
        ("completed", len(net.history)),
    ]
    assert "ipyvitals" not in dict(net.callbacks_)
    assert pickle.loads(pickle.dumps(net)).predict(X.numpy()).shape == (40, 1)


def test_a_search_over_a_net_has_the_fits_inside(monitor, autolog):
    skorch = import_module("skorch")
    from sklearn.model_selection import GridSearchCV

    net = skorch.NeuralNetRegressor(torch.nn.Linear(3, 1), max_epochs=2, verbose=0)
    GridSearchCV(net, {"lr": [0.01, 0.02]}, cv=2).fit(X.numpy(), Y.numpy())

    (search,) = outer_runs(monitor)
    assert (search.stage, search.current, search.total) == ("GridSearchCV", 4, 4)
    inner = [run for run in monitor.snapshot().runs if run.parent_id == search.run_id]
    assert [(run.state, run.current) for run in inner] == [("completed", 2)] * 5


# fastai


def test_a_learner_of_fastai_reports(monitor, autolog):
    learner_module = import_module("fastai.learner")
    import_module("fastai.callback.schedule")
    loading = import_module("fastai.data.load")
    data = torch.utils.data.TensorDataset(X, Y)
    loaders = import_module("fastai.data.core").DataLoaders(
        loading.DataLoader(data, bs=10), loading.DataLoader(data, bs=10), device="cpu"
    )
    learner = learner_module.Learner(
        loaders, torch.nn.Linear(3, 1), loss_func=torch.nn.functional.mse_loss
    )
    callbacks = len(learner.cbs)
    learner.fit(2)
    learner.fit_one_cycle(3)

    assert len(learner.cbs) == callbacks
    assert [(run.state, run.current, run.total) for run in outer_runs(monitor)] == [
        ("completed", 2, 2),
        ("completed", 3, 3),
    ]


def test_what_is_replaced_is_put_back(monitor):
    import_module("skorch")
    import_module("fastai.learner")
    skorch_net = sys.modules["skorch.net"].NeuralNet
    learner = sys.modules["fastai.learner"].Learner
    before = [skorch_net.partial_fit, learner.fit]
    ipyvitals.autolog(monitor)
    during = [skorch_net.partial_fit, learner.fit]
    ipyvitals.autolog(disable=True)

    assert not any(one is two for one, two in zip(before, during, strict=True))
    assert [skorch_net.partial_fit, learner.fit] == before
