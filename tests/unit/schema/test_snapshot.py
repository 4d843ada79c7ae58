"""The contract: shapes, JSON, and unknown as null."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest

from ipyvitals import schema as contract
from ipyvitals.schema import (
    EVENT_TYPES,
    Event,
    Gpu,
    MetricsSection,
    ModelDeployed,
    ModelMetricsUpdate,
    ModelSection,
    ModelStatusChange,
    Notice,
    Snapshot,
    SystemMetrics,
    SystemSection,
    TrainingAlert,
    TrainingCompleted,
    TrainingProgress,
    TrainingSection,
    format_uptime,
)

WHERE = {"monitor": "default", "seq": 3, "at": 1_700_000_000.5}

EVENTS = [
    SystemMetrics(
        **WHERE,
        cpu_percent=12.5,
        memory_percent=40.0,
        disk_percent=None,
        active_connections=2,
        system_health="healthy",
    ),
    ModelMetricsUpdate(
        **WHERE,
        model_id="churn",
        current_accuracy=0.94,
        predictions_per_minute=120,
        total_predictions=9_000,
        model_health="healthy",
    ),
    ModelStatusChange(
        **WHERE,
        model_id="churn",
        old_status="active",
        new_status="degraded",
        reason="Accuracy dropped below threshold",
        rule="accuracy",
        value=0.79,
        threshold=0.8,
        n=100,
    ),
    ModelDeployed(
        **WHERE,
        model_id="churn",
        model_name="churn",
        model_version="2.1",
        deployment_timestamp=1_700_000_000.0,
    ),
    TrainingProgress(
        **WHERE,
        state="running",
        stage="Training",
        progress=None,
        details="",
        current=7,
        total=None,
        rate_per_second=3.5,
        eta_seconds=None,
        elapsed_seconds=2.0,
        metrics={"loss": 0.25, "perplexity": None},
    ),
    TrainingCompleted(
        **WHERE,
        state="failed",
        stage="Training",
        progress=50.0,
        details="ValueError: no",
        current=5,
        total=10,
        elapsed_seconds=2.0,
        metrics={},
    ),
    TrainingAlert(
        **WHERE,
        run_id="1",
        kind="not_finite",
        metric="loss",
        value=2.3,
        step=1_204,
        reason="loss is not finite from step 1204; it was 2.3 before",
        reason_code="run.not_finite",
        reason_args={"metric": "loss", "step": 1_204, "value": 2.3},
    ),
]


def test_there_is_an_example_of_every_event():
    assert tuple(event.type for event in EVENTS) == EVENT_TYPES
    assert tuple(type(event) for event in EVENTS) == get_args(Event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_events_survive_json(event):
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_plain_event_names_its_type(event):
    plain = event.to_dict()
    assert plain == json.loads(json.dumps(plain)) == json.loads(msgspec.json.encode(event))
    assert {name: plain[name] for name in ("type", "monitor", "seq", "at")} == {
        "type": event.type,
        **WHERE,
    }


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_events_cannot_be_changed(event):
    with pytest.raises(AttributeError):
        event.seq = 4


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        (ModelSection, "model_id name version trained_at status total_predictions"),
        (ModelSection, "deployed_at status_since reason health uptime_seconds"),
        (TrainingSection, "state stage progress details current total rate_per_second"),
        (TrainingSection, "eta_seconds elapsed_seconds metrics"),
        (MetricsSection, "current_accuracy predictions_per_minute total_predictions model_health"),
        (MetricsSection, "accuracy_low accuracy_high window_labelled total_labelled"),
        (MetricsSection, "label_coverage warming calls_per_minute total_errors errors_per_minute"),
        (MetricsSection, "latency_p50_seconds latency_p95_seconds latency_p99_seconds"),
        (SystemSection, "cpu_percent memory_percent disk_percent active_connections system_health"),
        (SystemSection, "scope memory_used_bytes memory_limit_bytes cpu_limit_cores disk_path"),
        (SystemSection, "gpus limiter kernel_busy"),
        (ModelMetricsUpdate, "current_accuracy predictions_per_minute total_predictions"),
        (ModelMetricsUpdate, "model_health"),
        (ModelStatusChange, "model_id old_status new_status reason"),
        (ModelDeployed, "model_name model_version deployment_timestamp"),
    ],
)
def test_the_fields_of_the_contract_are_there(section, fields):
    assert set(fields.split()) <= set(section.__struct_fields__)


def test_what_is_not_known_is_null():
    plain = Snapshot(monitor="default", seq=0, at=0.0).to_dict()
    unknown = {
        "model": "model_id name version trained_at deployed_at reason uptime_seconds",
        "training": "current total rate_per_second eta_seconds elapsed_seconds",
        "metrics": "current_accuracy accuracy_low accuracy_high label_coverage "
        "latency_p50_seconds latency_p95_seconds latency_p99_seconds",
        "system": "cpu_percent memory_percent disk_percent active_connections limiter kernel_busy",
    }
    for section, fields in unknown.items():
        assert {plain[section][field] for field in fields.split()} == {None}


def test_idle_training_is_ready():
    training = TrainingSection()
    assert (training.stage, training.details, training.progress, training.state) == (
        "Ready",
        "System ready",
        100.0,
        "idle",
    )


def test_a_snapshot_has_the_shape_of_the_rest_answer():
    snapshot = Snapshot(
        monitor="fraud",
        seq=12,
        at=1_700_000_000.0,
        model=ModelSection(model_id="churn", name="churn", status="active", uptime_seconds=8_100.0),
        metrics=MetricsSection(current_accuracy=0.942, predictions_per_minute=1_250),
        system=SystemSection(cpu_percent=45.2, system_health="healthy", gpus=[Gpu(index=0)]),
        notices=[Notice(code="labels.unknown", message="…", count=2, at=1.0)],
    )
    plain = snapshot.to_dict()
    assert list(plain)[:3] == ["active_model", "system_status", "real_time_metrics"]
    assert plain["real_time_metrics"] == {
        "predictions_per_minute": 1_250,
        "live_accuracy": 0.942,
        "model_uptime": "2h 15m",
    }
    assert plain["active_model"]["name"] == "churn"
    assert plain["system_status"]["cpu_percent"] == 45.2
    assert plain["active_model"] == plain["model"]
    assert plain["system_status"] == plain["system"]
    assert set(Snapshot.__struct_fields__) <= set(plain)
    assert json.loads(json.dumps(plain)) == plain


def test_the_uptime_of_no_model_is_null():
    metrics = Snapshot(monitor="default", seq=0, at=0.0).to_dict()["real_time_metrics"]
    assert metrics == {"predictions_per_minute": 0, "live_accuracy": None, "model_uptime": None}


def test_snapshots_survive_json():
    snapshot = Snapshot(
        monitor="default",
        seq=1,
        at=2.0,
        training=TrainingSection(metrics={"loss": 0.5, "nan": None}),
        system=SystemSection(gpus=[Gpu(index=0, name="H200")], unknown_components=["disk"]),
    )
    assert msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot) == snapshot


def test_two_snapshots_share_no_lists():
    first, second = (Snapshot(monitor="default", seq=0, at=0.0) for _ in range(2))
    first.notices.append(Notice(code="a", message="", count=1, at=0.0))
    assert second.notices == []
    TrainingSection().metrics["loss"] = 1.0
    assert TrainingSection().metrics == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3.0, "0s"),
        (0.0, "0s"),
        (59.999, "59s"),
        (60.0, "1m 0s"),
        (3_599.0, "59m 59s"),
        (3_600.0, "1h 0m"),
        (8_100.0, "2h 15m"),
        (86_399.0, "23h 59m"),
        (86_400.0, "1d 0h"),
        (1e7, "115d 17h"),
    ],
)
def test_uptime_is_told_in_its_two_largest_units(seconds, text):
    assert format_uptime(seconds) == text


def test_public_names_are_sorted_and_there():
    assert contract.__all__ == sorted(contract.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(contract, name) for name in contract.__all__)
