"""The adapter for the Trainer of transformers."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from transformers import (
    EarlyStoppingCallback,
    PretrainedConfig,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from ipyvitals.integrations.transformers import VitalsCallback
from tests.unit.integrations.run_rows import curve_of, near, runs_of

pytestmark = pytest.mark.filterwarnings("ignore:::(transformers|torch|accelerate)")


class TinyConfig(PretrainedConfig):
    model_type = "tiny"


class Tiny(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.layer = torch.nn.Linear(3, 1)
        self.calls = 0
        self.at_call = lambda call: None
        self.post_init()

    def forward(self, x, labels=None):
        if self.training:
            self.calls += 1
            self.at_call(self.calls)
        out = self.layer(x)
        return {"loss": (out - labels).pow(2).mean(), "logits": out}


ROWS = [{"x": torch.ones(3) * row / 20, "labels": torch.tensor([row / 20])} for row in range(20)]


@pytest.fixture
def train(tmp_path):
    """Return a function that makes a Trainer: five batches an epoch, two epochs."""

    def make(*callbacks, model=None, **options):
        args = TrainingArguments(
            output_dir=str(tmp_path),
            **{
                "per_device_train_batch_size": 4,
                "per_device_eval_batch_size": 4,
                "num_train_epochs": 2,
                "logging_steps": 2,
                "save_strategy": "no",
                "report_to": "none",
                "disable_tqdm": True,
                "use_cpu": True,
                "dataloader_pin_memory": False,
                **options,
            },
        )
        return Trainer(
            model=model or Tiny(TinyConfig()),
            args=args,
            train_dataset=ROWS,
            eval_dataset=ROWS[:8],
            callbacks=list(callbacks),
        )

    return make


def history_of(trainer, name):
    """Return the steps and values of a metric in the history of a Trainer."""
    logged = [entry for entry in trainer.state.log_history if name in entry]
    return [entry["step"] for entry in logged], [entry[name] for entry in logged]


class TestCounts:
    def test_steps_and_metrics_are_those_of_the_state(self, monitor, train):
        trainer = train(VitalsCallback(monitor, name="first"), eval_strategy="epoch")
        trainer.train()

        run = runs_of(monitor)["Training"]
        assert (run.name, run.state, run.end) == ("first", "completed", "completed")
        assert (run.unit, run.current, run.total) == ("step", trainer.state.global_step, 10)
        assert run.config["per_device_train_batch_size"] == 4
        for name in ("loss", "eval_loss", "grad_norm", "train_loss"):
            steps, values = history_of(trainer, name)
            assert curve_of(monitor, run, name) == (steps, near(values, rel=1e-3))

    def test_accumulated_gradients_are_one_step(self, monitor, train):
        trainer = train(VitalsCallback(monitor), gradient_accumulation_steps=2)
        trainer.train()

        run = runs_of(monitor)["Training"]
        assert trainer.model.calls == 10
        assert (run.current, run.total) == (trainer.state.global_step, 6)

    def test_a_resumed_training_counts_the_whole(self, monitor, train, tmp_path):
        train(save_strategy="steps", save_steps=4, max_steps=4).train()
        seen = []
        model = Tiny(TinyConfig())
        model.at_call = lambda call: seen.append(runs_of(monitor)["Training"].progress)
        trainer = train(VitalsCallback(monitor), model=model)
        trainer.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))

        run = runs_of(monitor)["Training"]
        assert seen[0] == 40.0
        assert len(seen) == 6
        assert (run.current, run.total, run.progress) == (10, 10, 100.0)

    def test_each_training_of_one_trainer_is_a_run(self, monitor, train):
        trainer = train(VitalsCallback(monitor), max_steps=2)
        trainer.train()
        trainer.train()

        assert [(run.state, run.current) for run in monitor.snapshot().runs] == [
            ("completed", 2),
            ("completed", 2),
        ]

    def test_another_process_reports_nothing(self, monitor, train):
        class Second(TrainerCallback):
            def on_train_begin(self, args, state, control, **more):
                state.is_world_process_zero = False

        train(Second(), VitalsCallback(monitor)).train()

        assert monitor.snapshot().runs == []


class TestEvaluation:
    def test_an_evaluation_is_a_run_inside_that_does_not_move_the_bar(self, monitor, train):
        seen = []

        class Look(TrainerCallback):
            def on_evaluate(self, args, state, control, **more):
                run = runs_of(monitor)["Training"]
                seen.append((run.current, run.progress))

        trainer = train(
            VitalsCallback(monitor), Look(), eval_strategy="steps", eval_steps=3, eval_on_start=True
        )
        trainer.train()

        runs = runs_of(monitor)
        evaluation = runs["Evaluation"]
        assert evaluation.parent_id == runs["Training"].run_id
        assert (evaluation.unit, evaluation.current, evaluation.total) == ("batch", 2, 2)
        steps, values = history_of(trainer, "eval_loss")
        assert steps[:4] == [0, 3, 6, 9]
        assert (evaluation.steps, evaluation.lap) == (2 * len(steps), len(steps))
        assert seen == [(step, 10.0 * step) for step in steps]
        assert curve_of(monitor, runs["Training"], "eval_loss") == (steps, near(values))

    def test_an_evaluation_of_its_own_is_a_run_of_its_own(self, monitor, train):
        metrics = train(VitalsCallback(monitor)).evaluate()

        (run,) = monitor.snapshot().runs
        assert (run.stage, run.state, run.current, run.total) == ("Evaluation", "completed", 2, 2)
        assert run.metrics["eval_loss"] == pytest.approx(metrics["eval_loss"])

    def test_a_prediction_leaves_no_run_open(self, monitor, train):
        prediction = train(VitalsCallback(monitor)).predict(ROWS[:8])

        (run,) = monitor.snapshot().runs
        assert (run.stage, run.state, run.current) == ("Prediction", "completed", 2)
        assert run.metrics["test_loss"] == pytest.approx(prediction.metrics["test_loss"])


class TestEndings:
    def test_early_stopping_completes_with_the_share_that_was_reached(self, monitor, train):
        trainer = train(
            VitalsCallback(monitor),
            EarlyStoppingCallback(1, early_stopping_threshold=1e9),
            eval_strategy="epoch",
            save_strategy="epoch",
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            num_train_epochs=8,
        )
        trainer.train()

        run = runs_of(monitor)["Training"]
        assert trainer.state.global_step == 10
        assert (run.state, run.current, run.progress) == ("completed", 10, 25.0)

    @pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
    def test_an_exception_leaves_no_run_open(self, monitor, train, error):
        def raise_at(call):
            if call == 4:
                raise error

        callback, model = VitalsCallback(monitor), Tiny(TinyConfig())
        model.at_call = raise_at
        with pytest.raises(type(error)):
            train(callback, model=model).train()

        run = runs_of(monitor)["Training"]
        assert (run.state, run.current) == ("stopped", 3)
        train(callback).train()
        assert runs_of(monitor)["Training"].state == "completed"

    def test_a_request_to_stop_ends_the_training(self, monitor, train):
        model = Tiny(TinyConfig())
        model.at_call = lambda call: monitor.stop_training() if call == 3 else None
        trainer = train(VitalsCallback(monitor), model=model)
        trainer.train()

        run = runs_of(monitor)["Training"]
        assert trainer.state.global_step == 3
        assert (run.state, run.end, run.current) == ("stopped", "requested", 3)
        assert run.progress == 30.0

    def test_a_second_beginning_with_another_batch_size_is_a_run(self, monitor, train):
        def out_of_memory(call):
            if call == 3:
                raise RuntimeError("CUDA out of memory.")

        model = Tiny(TinyConfig())
        model.at_call = out_of_memory
        train(VitalsCallback(monitor), model=model, auto_find_batch_size=True).train()

        first, second = reversed(monitor.snapshot().runs)
        assert (first.state, first.current, first.total) == ("stopped", 2, 10)
        assert (second.state, second.current) == ("completed", second.total)
        assert second.parent_id is None


def test_copies_have_no_run(monitor, train):
    callback = VitalsCallback(monitor, name="first")
    train(callback, max_steps=1).train()
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert isinstance(other, TrainerCallback)
        train(other, max_steps=1).train()

    assert [run.name for run in monitor.snapshot().runs] == ["first"] * 3
